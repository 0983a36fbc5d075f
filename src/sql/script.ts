/** A script as it was read from a file, and where in the file it stands. */

/** One direction of a migration: a file, or a section of one, or what the ledger has kept of it. */
export interface Script {
  /** As people see it: relative to the worktree's root; of the ledger's own: "the ledger". */
  file: string;
  /**
   * The SQL as written, the byte order mark left out, and a semicolon behind a statement that only goose's marks end; it may
   * be run as it is, but for psql's own commands.
   */
  sql: string;
  /** The line of the file, from 1, on which `sql` begins. */
  line: number;
  /** False when the file says that it is not to be run in a transaction. */
  transaction: boolean;
  /** SHA-256 as hex, of the SQL as it is written, with its line ends as \n. */
  checksum: string;
}
