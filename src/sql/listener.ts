/** Where something stands: from its first byte, counted from the beginning of the script, to behind its last. */
export interface Place {
  start: number;
  end: number;
}

export interface SqlListener {
  /**
   * A statement without its semicolon and comments, on one line, the contents of its strings left out. Its place
   * includes the semicolon.
   */
  statement(text: string, place: Place): void;
  /** A comment that begins with `--`. */
  comment(line: string): void;
  /**
   * A command for psql: from a backslash outside of everything quoted to the end of its line. Not whole: the script
   * ends within the line, which may have been cut off.
   */
  command(line: string, whole: boolean, place: Place): void;
  /**
   * Something that psql may read otherwise than it is read here, because of its version or of a setting: what follows
   * could then be commands for it after all.
   */
  unclear(what: string): void;
}
