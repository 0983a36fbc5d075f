/** What a lexer remembers of the strings that it passes over. */

const NEWLINE = 10;
const BACKSLASH = 92;
const UNDERSCORE = 95;
/** The setting that says whether a backslash in a string escapes. */
const SETTING = /standard_conforming_strings/i;
const SETTING_ON = /^SET standard_conforming_strings = on$/i;
/** Too short to hold its name. */
const SHORT = SETTING.source.length;

/** Without a view of the bytes where they are few: a dump may hold millions of short strings. */
function holdsNewline(bytes: Buffer, from: number, to: number): boolean {
  if (to - from > SHORT) return bytes.subarray(from, to).includes(NEWLINE);
  for (let at = from; at < to; at++) if (bytes[at] === NEWLINE) return true;
  return false;
}

/** How many backslashes stand there in a row, up to the place. */
export function countBackslashes(bytes: Buffer, from: number, to: number): number {
  let at = to;
  while (at > from && bytes[at - 1] === BACKSLASH) at--;
  return to - at;
}

export class QuotedText {
  /** A text of several lines was seen. */
  hasLines = false;
  /** The setting was mentioned: from here on nobody knows what a backslash before a quote means. */
  isUnsure = false;
  /** The end of what was seen of a text that goes on: the setting's name may stand across two pieces. */
  private held: Buffer | undefined;

  /** Takes notice of a piece of text, where a statement may be hidden that is run from there. */
  see(bytes: Buffer, from: number, to: number, goesOn: boolean): void {
    if (!this.hasLines) this.hasLines = holdsNewline(bytes, from, to);
    if (this.isUnsure || (this.held === undefined && !goesOn && to - from < SHORT)) return;
    const piece = bytes.subarray(from, to);
    const text = this.held === undefined ? piece : Buffer.concat([this.held, piece]);
    this.held = goesOn ? text.subarray(-SHORT) : undefined;
    if (text.includes(UNDERSCORE)) this.isUnsure = SETTING.test(text.toString("latin1"));
  }

  /** Takes notice of a statement. */
  seeStatement(text: string): void {
    this.isUnsure ||= SETTING.test(text) && !SETTING_ON.test(text);
  }
}
