/** The lines of somebody else's file that are pgrove's own: they stand between two marks, and only they are changed. */
import { configError } from "../errors.ts";

export interface Block {
  /** Where its first line begins. */
  start: number;
  /** Where its last line ends, line break included. */
  end: number;
  /** The lines between the marks, without line breaks. */
  lines: string[];
}

const FIRST_LINE = /^# >>> pgrove(?![\w-])/;
const LAST_LINE = /^# <<< pgrove(?![\w-])/;
const BYTE_ORDER_MARK = "\uFEFF";

/** A block whose first line says what it is. The last line has no line break. */
export function formatBlock(about: string, lines: readonly string[], lineBreak: string): string {
  return [`# >>> pgrove: ${about}`, ...lines, "# <<< pgrove"].join(lineBreak);
}

/** The line break that a text uses: that of its first line. */
export function lineBreakOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? "\n";
}

/** pgrove's block in a file's text. Throws (exit 3) with the line when a mark lacks its partner, or there are two blocks. */
export function findBlock(text: string, file: string): Block | undefined {
  const wrong = (line: number, what: string) =>
    configError(`${file}:${line}  ${what}`, "make it one block by hand, or delete pgrove's lines; then run it again");
  let opened: { line: number; start: number; lines: string[] } | undefined;
  let found: Block | undefined;
  let offset = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  for (const [index, raw] of text.slice(offset).split("\n").entries()) {
    const line = raw.replace(/\r$/, "");
    const end = Math.min(offset + raw.length + 1, text.length);
    if (FIRST_LINE.test(line)) {
      if (opened !== undefined) throw wrong(opened.line, "a pgrove block begins here and does not end");
      if (found !== undefined) throw wrong(index + 1, "a second pgrove block begins here");
      opened = { line: index + 1, start: offset, lines: [] };
    } else if (LAST_LINE.test(line)) {
      if (opened === undefined) throw wrong(index + 1, "a pgrove block ends here that has not begun");
      found = { start: opened.start, end, lines: opened.lines };
      opened = undefined;
    } else opened?.lines.push(line);
    offset = end;
  }
  if (opened !== undefined) throw wrong(opened.line, "a pgrove block begins here and does not end");
  return found;
}

/** The text with another block in the place of the one that was found. */
export function exchangeBlock(text: string, { start, end }: Block, block: string): string {
  const lineBreak = /\r?\n$/.exec(text.slice(start, end))?.[0] ?? "";
  return text.slice(0, start) + block + lineBreak + text.slice(end);
}

/** The text without its block, as it was before there was one. */
export function cutBlock(text: string, { start, end }: Block): string {
  const before = text.slice(0, start);
  const brokenForIt = end === text.length && !text.endsWith("\n"); // it was put behind a last line without a break
  return (brokenForIt ? before.replace(/\r?\n$/, "") : before) + text.slice(end);
}
