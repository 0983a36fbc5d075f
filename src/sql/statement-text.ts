/** The text of the statement that a lexer is in: its beginning, its end, and where it began. */

const BLANKS = " \t\n\r\f\v";
/** What PostgreSQL takes for blanks, as many as there are, and no other; those within names stay. */
const RUN = /("(?:[^"]|"")*"?)|[ \t\n\r\f\v]+/g;
const SEVERAL = / {2}|[\t\n\r\f\v]/;
const NAME_PART = /[A-Za-z0-9_$\u0080-\uffff]/;
/** More of a statement than its beginning is not needed: a COPY names at most 1600 columns. */
export const MOST_TEXT = 1 << 19;
/** What is kept of the end; no name that counts is longer. */
const TAIL = 128;

/** Whether a name goes on with that character; of a byte, its number as a character. */
export function isNamePart(character: string): boolean {
  return NAME_PART.test(character);
}

export class StatementText {
  /** The byte of the script at which it began; undefined while it is blank. */
  began: number | undefined;
  private text = "";
  private tail = "";

  /** Adds text that stands at that byte of the script. False: it is blank. */
  add(text: string, at: number): boolean {
    if (this.text.length < MOST_TEXT) this.text += text;
    this.tail = text.length >= TAIL ? text.slice(-TAIL) : (this.tail + text).slice(-TAIL);
    let blanks = 0;
    while (blanks < text.length && BLANKS.includes(text.charAt(blanks))) blanks++;
    if (blanks === text.length) return false;
    this.began ??= at + blanks;
    return true;
  }

  get isBlank(): boolean {
    return this.text.trim() === "";
  }

  /** The last characters, for messages. */
  get end(): string {
    return this.tail.slice(-20).trimStart();
  }

  /** The name that goes on behind it, or "". Undefined: psql's versions do not agree on what it is. */
  nameAtEnd(): string | undefined {
    let from = this.tail.length;
    while (from > 0 && isNamePart(this.tail.charAt(from - 1))) from--;
    const name = this.tail.slice(from);
    if (name === "") return name;
    return /^[\d$]/.test(name) || name.length === TAIL || this.tail.charAt(from - 1) === ":" ? undefined : name;
  }

  /** Ends it: resolves to what it was, with one blank between its words, and begins with nothing again. */
  take(): { text: string; start: number | undefined } {
    const all = this.text;
    const text = SEVERAL.test(all) ? all.replace(RUN, (_, name?: string) => name ?? " ") : all;
    const taken = { text: text.replace(/^ | $/g, ""), start: this.began };
    this.text = "";
    this.tail = "";
    this.began = undefined;
    return taken;
  }
}
