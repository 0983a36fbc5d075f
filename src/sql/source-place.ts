/** Where in a migration's file something stands, and how that place is shown. */
import { type FilePlace, showFilePlace } from "../errors.ts";
import type { Script } from "./script.ts";

export interface SourcePlace {
  /** Both from 1, in the file. */
  line: number;
  column: number;
  /** The line itself, without its end. */
  text: string;
}

/** The place of a position in `script.sql`, which counts UTF-16 units from 0. */
export function placeOf({ sql, line }: Pick<Script, "sql" | "line">, position: number): SourcePlace {
  const start = position === 0 ? 0 : sql.lastIndexOf("\n", position - 1) + 1; // -1 would be taken for 0
  const end = sql.indexOf("\n", position);
  const before = sql.slice(0, start);
  return {
    line: line + countLineBreaks(before),
    column: [...sql.slice(start, position)].length + 1, // as an editor counts: characters
    text: sql.slice(start, end < 0 ? undefined : end).replace(/\r$/, ""),
  };
}

/** The same as the place in its file. */
export function filePlaceAt(script: Pick<Script, "file" | "sql" | "line">, position: number): FilePlace {
  const { line, column } = placeOf(script, position);
  return { file: script.file, line, column };
}

/** How many line breaks a text has. */
export function countLineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

const LONGEST_LINE = 120;

/** `file:line:column` with what is said of it, the line of the source, and a caret below the place. */
export function pointAt(script: Pick<Script, "file" | "sql" | "line">, position: number, said?: string): string {
  const { column, text } = placeOf(script, position);
  const characters = [...text];
  const from = Math.max(0, Math.min(column - 1 - LONGEST_LINE / 2, characters.length - LONGEST_LINE));
  const shown = characters.slice(from, from + LONGEST_LINE).join("");
  const before = characters.slice(from, column - 1).join("");
  const head = `${showFilePlace(filePlaceAt(script, position))}${said === undefined ? "" : `  ${said}`}`;
  return `${head}\n  ${shown}\n  ${blankAs(before)}^`;
}

/** Blanks as wide as the text on a terminal: tabs stay tabs. */
function blankAs(text: string): string {
  return text.replace(/[^\t]+/g, (part) => " ".repeat(Bun.stringWidth(part)));
}
