/**
 * Splits a script for psql into statements, comments and psql's own commands, chunk by chunk, by the rules of
 * PostgreSQL's src/fe_utils/psqlscan.l: what stands inside quotes, dollar quotes, comments or COPY data is none of them.
 */
import { copiesFromHere } from "./copy-statement.ts";
import type { SqlListener } from "./listener.ts";
import { countBackslashes, QuotedText } from "./quoted-text.ts";
import { isNamePart, MOST_TEXT, StatementText } from "./statement-text.ts";

type Mode = "text" | "string" | "name" | "dollar" | "line" | "block" | "copy";

const SPECIAL = new Uint8Array(256);
for (const byte of Buffer.from("'\"$-/\\;()\r\n")) SPECIAL[byte] = 1;
const NEWLINE = 10;
const RETURN = 13;
const DOLLAR = 36;
const QUOTE = 39;
const BACKSLASH = 92;
/** From here on a byte may be a part of a longer character. */
const FIRST_OF_SEVERAL = 0x80;
const HALVES = "what stands there may be half of a letter: the client's encoding may have been changed";
const TWO_READINGS =
  "a string that goes on below another one holds \\', where psql's string ends and PostgreSQL's does not";
const COPY_END = Buffer.from("\n\\.");

/** The next byte is needed to know what begins. */
class NeedsMore extends Error {}
export class SqlLexer {
  private rest: Buffer = Buffer.alloc(0);
  private mode: Mode = "text";
  private readonly statement = new StatementText();
  private parentheses = 0;
  private comments = 0;
  private tag: Buffer = Buffer.alloc(0);
  private escapes = false;
  /** A string below one that has just ended goes on with it, escapes and all; for psql, which reads by lines, only behind `\r`. */
  private behindString: "no" | "same line" | "return" | "line below" = "no";
  private goesOn = false;
  private readonly quoted = new QuotedText();
  private copyFollows = false;
  /** The bytes of the script before those that are being read. */
  private base = 0;
  private last = false;
  private readonly listener: SqlListener;
  private readonly exact: boolean;

  /** `exact`: what psql reads by a setting that a statement can change unseen is unclear, too. */
  constructor(listener: SqlListener, { exact = false } = {}) {
    this.listener = listener;
    this.exact = exact;
  }

  add(chunk: Uint8Array): void {
    const bytes =
      this.rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([this.rest, chunk]);
    let position = 0;
    try {
      while (position < bytes.length) {
        const isQuoted = this.mode === "string" || this.mode === "dollar";
        const next = this.read(bytes, position);
        if (isQuoted) this.quoted.see(bytes, position, next, this.mode !== "text");
        position = next;
      }
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
    }
    this.rest = Buffer.from(bytes.subarray(position));
    this.base += position;
  }

  /** True once a string or a dollar-quoted text of several lines was seen. */
  get quotesLines(): boolean {
    return this.quoted.hasLines;
  }

  /** What stands before it belongs to no statement and no command that goes on: all of that has been told. */
  get settled(): number {
    return this.statement.began ?? this.base;
  }

  /** After `finish`: what the script ends in. A statement without its semicolon is none of that. */
  get end(): "commands" | "rows" | "quoted" {
    if (this.mode === "copy" || this.copyFollows) return "rows";
    return this.mode === "text" ? "commands" : "quoted";
  }

  /** After the last chunk: true when nothing was left open. */
  finish(): boolean {
    this.last = true;
    this.add(Buffer.alloc(0));
    return this.mode === "text" && this.statement.isBlank && !this.copyFollows && this.rest.length === 0;
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
        const end = this.endOfComment(bytes, from);
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

  /** Adds text that stands at that byte of what is being read. */
  private append(text: string, at: number): void {
    if (!this.statement.add(text, this.base + at)) return;
    this.behindString = "no";
    if (this.copyFollows) this.listener.unclear("something follows COPY … FROM stdin; on its line");
  }

  private enter(mode: Mode, text: string, at: number, position: number): number {
    this.append(text, at);
    this.mode = mode;
    return position;
  }

  private endOfLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(NEWLINE, from);
    if (end >= 0) return end;
    return this.last || bytes.length - from > MOST_TEXT ? bytes.length : this.more();
  }

  /** A carriage return ends a comment, too, and psql reads on behind it; one before a newline is left to the line. */
  private endOfComment(bytes: Buffer, from: number): number {
    const end = this.endOfLine(bytes, from);
    const found = bytes.subarray(from, end < bytes.length ? end - 1 : end).indexOf(RETURN);
    return found < 0 ? end : from + found;
  }

  private readText(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && SPECIAL[bytes[at] ?? 0] === 0) at++;
    if (at > from) {
      if (at === bytes.length && !this.last && at - from < MOST_TEXT) this.more(); // it may end within a character
      this.append(bytes.toString("utf8", from, at), from);
      return at;
    }
    const character = String.fromCharCode(bytes[at] ?? 0);
    const pair = character + String.fromCharCode(bytes[at + 1] ?? 0);
    if ((character === "-" || character === "/") && at + 1 === bytes.length && !this.last) this.more();
    if (pair === "--") return this.enter("line", " ", at, at);
    if (pair === "/*") return this.openBlock(at);
    if (character === "'") return this.openString(at);
    if (character === '"') return this.enter("name", '"', at, at + 1);
    if (character === "$") return this.readDollar(bytes, at);
    if (character === "\\") return this.readCommand(bytes, at);
    if (character === "\n" && this.copyFollows) {
      this.copyFollows = false;
      return this.enter("copy", "", at, at); // the newline stays, so that an empty COPY's `\.` is found as well
    }
    if (character === "(") this.parentheses += 1;
    if (character === ")") this.parentheses = Math.max(0, this.parentheses - 1);
    if (character === ";" && this.parentheses === 0) this.endStatement(at + 1);
    else if (character === "\n" || character === "\r") this.endLine(character, at);
    else this.append(character, at);
    return at + 1;
  }

  private endLine(character: "\n" | "\r", at: number): void {
    this.append(" ", at);
    if (character === "\n" && this.behindString !== "no") this.behindString = "line below";
    if (this.behindString === "same line") this.behindString = "return";
  }

  private openBlock(at: number): number {
    this.comments = 1;
    this.behindString = "no";
    if (this.copyFollows) this.listener.unclear("a comment begins behind COPY … FROM stdin; on its line");
    return this.enter("block", " ", at, at + 2);
  }

  private openString(at: number): number {
    this.goesOn = this.behindString === "line below";
    if (this.behindString === "no" || this.behindString === "same line") {
      const name = this.statement.nameAtEnd();
      if (name === undefined) this.listener.unclear(`a string stands directly behind ${this.statement.end}`);
      this.escapes = name === "E" || name === "e";
    }
    return this.enter("string", "''", at, at + 1);
  }

  private readCommand(bytes: Buffer, from: number): number {
    const end = this.endOfLine(bytes, from);
    this.behindString = "no";
    const place = { start: this.base + from, end: this.base + end };
    this.listener.command(bytes.toString("utf8", from, end).trimEnd(), end < bytes.length, place);
    return end;
  }

  private endStatement(end: number): void {
    const { text, start } = this.statement.take();
    this.behindString = "no";
    if (text === "" || start === undefined) return;
    this.quoted.seeStatement(text);
    if (text.length >= MOST_TEXT && /^COPY\b/i.test(text)) this.listener.unclear("a COPY that is too long to be read");
    this.copyFollows = copiesFromHere(text);
    this.listener.statement(text, { start, end: this.base + end });
  }

  /** `$$` and `$tag$` quote; `$1`, and a `$` within a name, do not. */
  private readDollar(bytes: Buffer, from: number): number {
    let end = from + 1;
    while (end < bytes.length && bytes[end] !== DOLLAR && isNamePart(String.fromCharCode(bytes[end] ?? 0))) end++;
    if (end === bytes.length && !this.last) this.more();
    const tag = bytes.subarray(from, end + 1);
    const quotes = bytes[end] === DOLLAR && !/^\$\d/.test(tag.toString("latin1"));
    const name = quotes ? this.statement.nameAtEnd() : "";
    if (name === undefined) this.listener.unclear(`${tag} stands directly behind ${this.statement.end}`);
    if (!quotes || name !== "") {
      this.append("$", from);
      return from + 1;
    }
    if (this.exact && tag.some((byte) => byte >= FIRST_OF_SEVERAL)) this.listener.unclear(HALVES);
    this.tag = Buffer.from(tag);
    return this.enter("dollar", "''", from, end + 1);
  }

  private skipPast(bytes: Buffer, from: number, mark: Buffer): number {
    const at = bytes.indexOf(mark, from);
    if (at >= 0) return this.enter("text", "", at, at + mark.length);
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
      const before = bytes[backslash - 1] ?? 0;
      if (this.exact && before >= FIRST_OF_SEVERAL) this.listener.unclear(HALVES);
      if (this.goesOn && bytes[backslash + 1] === QUOTE) this.listener.unclear(TWO_READINGS);
      return backslash + 1 < bytes.length ? backslash + 2 : this.passOver(bytes, from, 1);
    }
    const before =
      (this.quoted.isUnsure || this.exact) && !this.escapes
        ? countBackslashes(bytes, from, quote < 0 ? bytes.length : quote)
        : 0;
    if (quote < 0) return this.passOver(bytes, from, before);
    if (quote + 1 === bytes.length && !this.last) return this.passOver(bytes, from, before + 1);
    if (before % 2 === 1) {
      this.listener.unclear("a string holds a backslash before a quote, and standard_conforming_strings may be off");
    }
    if (bytes[quote + 1] === QUOTE) return quote + 2;
    this.mode = "text";
    this.behindString = "same line";
    return quote + 1;
  }

  private readName(bytes: Buffer, from: number): number {
    const end = bytes.indexOf('"', from);
    if (end < 0) return bytes.length - from > MOST_TEXT ? bytes.length : this.more();
    return this.enter("text", `${bytes.toString("utf8", from, end)}"`, from, end + 1);
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
    const newline = bytes[after] === RETURN ? after + 1 : after;
    if (newline >= bytes.length && !this.last) return this.passOver(bytes, from, bytes.length - end);
    if (newline < bytes.length && bytes[newline] !== NEWLINE) return after; // more than that on the line: data
    this.mode = "text";
    return after;
  }
}
