/**
 * Splits a script for psql into statements, comments and psql's own commands, chunk by chunk, by the rules of
 * PostgreSQL's src/fe_utils/psqlscan.l: what stands inside quotes, dollar quotes, comments or COPY data is none of them.
 */

export interface SqlListener {
  /** A statement without its semicolon and comments, on one line, the contents of its strings left out. */
  statement(text: string): void;
  /** A comment that begins with `--`. */
  comment(line: string): void;
  /**
   * A command for psql: from a backslash outside of everything quoted to the end of its line. Not whole: the script
   * ends within the line, which may have been cut off.
   */
  command(line: string, whole: boolean): void;
}

type Mode = "text" | "string" | "name" | "dollar" | "line" | "block" | "copy";

const SPECIAL = new Uint8Array(256);
for (const byte of Buffer.from("'\"$-/\\;()\n")) SPECIAL[byte] = 1;
const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 39;
const BACKSLASH = 92;
const COPY_END = Buffer.from("\n\\.");
const COPY_FROM_STDIN = /^COPY\s.+\sFROM\s+STDIN\b/i;
const STRINGS = /^SET standard_conforming_strings = (off|on)$/i;
/** More of a statement than its beginning is not needed: a COPY names at most 1600 columns. */
const MOST_TEXT = 1 << 19;

function isNamePart(byte: number | undefined): boolean {
  return byte !== undefined && (byte >= 0x80 || /[A-Za-z0-9_$]/.test(String.fromCharCode(byte)));
}

/** The next byte is needed to know what begins. */
class NeedsMore extends Error {}

export class SqlLexer {
  /** True once a string or a dollar-quoted text of several lines was seen. */
  quotesLines = false;
  private rest: Buffer = Buffer.alloc(0);
  private mode: Mode = "text";
  private statement = "";
  /** The last two characters of the text, also of a statement that is longer than what is kept of it. */
  private tail = "";
  private parentheses = 0;
  private comments = 0;
  private tag: Buffer = Buffer.alloc(0);
  private escapes = false;
  private alwaysEscapes = false;
  private copyFollows = false;
  private last = false;
  private readonly listener: SqlListener;

  constructor(listener: SqlListener) {
    this.listener = listener;
  }

  add(chunk: Uint8Array): void {
    const bytes = this.rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.rest, chunk]);
    let position = 0;
    try {
      while (position < bytes.length) {
        const isQuoted = this.mode === "string" || this.mode === "dollar";
        const next = this.read(bytes, position);
        if (isQuoted && !this.quotesLines) this.quotesLines = bytes.subarray(position, next).includes(NEWLINE);
        position = next;
      }
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
    }
    this.rest = Buffer.from(bytes.subarray(position));
  }

  /** After the last chunk: true when nothing was left open. */
  finish(): boolean {
    this.last = true;
    this.add(Buffer.alloc(0));
    return this.mode === "text" && this.statement.trim() === "" && !this.copyFollows && this.rest.length === 0;
  }

  /** Reads one piece and resolves with the position behind it. Throws NeedsMore when it may go on in the next chunk. */
  private read(bytes: Buffer, from: number): number {
    switch (this.mode) {
      case "text":
        return this.readText(bytes, from);
      case "string":
        return this.readString(bytes, from);
      case "name":
        return this.readName(bytes, from);
      case "dollar":
        return this.skipPast(bytes, from, this.tag);
      case "line": {
        const end = this.endOfLine(bytes, from);
        this.mode = "text";
        this.listener.comment(bytes.toString("utf8", from, end));
        return end;
      }
      case "block":
        return this.readBlock(bytes, from);
      case "copy":
        return this.readCopy(bytes, from);
    }
  }

  private more(): never {
    throw new NeedsMore();
  }

  private append(text: string): void {
    if (this.statement.length < MOST_TEXT) this.statement += text;
    this.tail = (this.tail + text).slice(-2);
  }

  private enter(mode: Mode, text: string, position: number): number {
    this.append(text);
    this.mode = mode;
    return position;
  }

  private endOfLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(NEWLINE, from);
    if (end >= 0) return end;
    return this.last || bytes.length - from > MOST_TEXT ? bytes.length : this.more();
  }

  private readText(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && SPECIAL[bytes[at] ?? 0] === 0) at++;
    if (at > from) {
      if (at === bytes.length && !this.last && at - from < MOST_TEXT) this.more(); // it may end within a character
      this.append(bytes.toString("utf8", from, at));
      return at;
    }
    const character = String.fromCharCode(bytes[at] ?? 0);
    const pair = character + String.fromCharCode(bytes[at + 1] ?? 0);
    if ((character === "-" || character === "/") && at + 1 === bytes.length && !this.last) this.more();
    if (pair === "--") return this.enter("line", " ", at);
    if (pair === "/*") {
      this.comments = 1;
      return this.enter("block", " ", at + 2);
    }
    if (character === "'") {
      this.escapes = this.alwaysEscapes || /(^|[^\p{L}\p{N}_$])E$/iu.test(this.tail);
      return this.enter("string", "''", at + 1);
    }
    if (character === '"') return this.enter("name", '"', at + 1);
    if (character === "$") return this.readDollar(bytes, at);
    if (character === "\\") {
      const end = this.endOfLine(bytes, at);
      this.listener.command(bytes.toString("utf8", at, end).trimEnd(), end < bytes.length);
      return end;
    }
    if (character === "\n" && this.copyFollows) {
      this.copyFollows = false;
      return this.enter("copy", "", at); // the newline stays, so that an empty COPY's `\.` is found as well
    }
    if (character === "(") this.parentheses += 1;
    if (character === ")") this.parentheses = Math.max(0, this.parentheses - 1);
    if (character === ";" && this.parentheses === 0) this.endStatement();
    else this.append(character === "\n" ? " " : character);
    return at + 1;
  }

  private endStatement(): void {
    const text = this.statement.trim();
    this.statement = "";
    if (text === "") return;
    const strings = STRINGS.exec(text)?.[1];
    if (strings !== undefined) this.alwaysEscapes = strings.toLowerCase() === "off";
    this.copyFollows = COPY_FROM_STDIN.test(text);
    this.listener.statement(text);
  }

  /** `$$` and `$tag$` quote; `$1`, and a `$` within a name, do not. */
  private readDollar(bytes: Buffer, from: number): number {
    let end = from + 1;
    while (isNamePart(bytes[end]) && bytes[end] !== 36) end++;
    if (end === bytes.length && !this.last) this.more();
    const tag = bytes.subarray(from, end + 1);
    const quotes = bytes[end] === 36 && !/^\$\d/.test(tag.toString("latin1"));
    if (!quotes || /[\p{L}\p{N}_$]$/u.test(this.tail)) {
      this.append("$");
      return from + 1;
    }
    this.tag = Buffer.from(tag);
    return this.enter("dollar", "''", end + 1);
  }

  private skipPast(bytes: Buffer, from: number, mark: Buffer): number {
    const at = bytes.indexOf(mark, from);
    if (at >= 0) return this.enter("text", "", at + mark.length);
    return this.passOver(bytes, from, mark.length - 1);
  }

  /** Nothing ends here; the last bytes may be the beginning of an end. */
  private passOver(bytes: Buffer, from: number, keep: number): number {
    const next = bytes.length - keep;
    return next > from ? next : this.more();
  }

  private readString(bytes: Buffer, from: number): number {
    const quote = bytes.indexOf(QUOTE, from);
    const backslash = this.escapes ? bytes.indexOf(BACKSLASH, from) : -1;
    if (backslash >= 0 && (quote < 0 || backslash < quote)) {
      return backslash + 1 < bytes.length ? backslash + 2 : this.passOver(bytes, from, 1);
    }
    if (quote < 0) return bytes.length;
    if (quote + 1 === bytes.length && !this.last) return this.passOver(bytes, from, 1);
    return bytes[quote + 1] === QUOTE ? quote + 2 : this.enter("text", "", quote + 1);
  }

  private readName(bytes: Buffer, from: number): number {
    const end = bytes.indexOf('"', from);
    if (end < 0) return bytes.length - from > MOST_TEXT ? bytes.length : this.more();
    return this.enter("text", `${bytes.toString("utf8", from, end)}"`, end + 1);
  }

  private readBlock(bytes: Buffer, from: number): number {
    const [open, close] = [bytes.indexOf("/*", from), bytes.indexOf("*/", from)];
    if (open < 0 && close < 0) return this.passOver(bytes, from, 1);
    const opens = open >= 0 && (close < 0 || open < close);
    this.comments += opens ? 1 : -1;
    if (this.comments === 0) this.mode = "text";
    return (opens ? open : close) + 2;
  }

  /** Native search for the end of the data: these are most of a dump's bytes. */
  private readCopy(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(COPY_END, from);
    if (end < 0) return this.passOver(bytes, from, COPY_END.length - 1);
    const after = end + COPY_END.length;
    const next = bytes[after];
    if (next === undefined && !this.last) return this.passOver(bytes, from, bytes.length - end);
    if (next !== undefined && next !== NEWLINE && next !== RETURN) return after; // no value begins so: keep looking
    this.mode = "text";
    return after;
  }
}
