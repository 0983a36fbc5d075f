/** Texts made to fit columns of limited length, by characters; those that may not repeat end in the row's own code. */
import type { ByteSink } from "../entity.ts";
import { appendText, decodeCopyText } from "./copy-text.ts";
import { createPermutation } from "./permutation.ts";
import type { Cell, CellSite } from "./site.ts";

/** 36^7 rows have codes of their own. */
const CODE_LETTERS = 7;
const RADIX = 36;

/** How many texts a column of that length can hold as codes alone. */
export function countCodes(length: number): number {
  return RADIX ** Math.min(length, CODE_LETTERS);
}

function codeOf(number: number, letters: number): string {
  return number.toString(RADIX).padStart(letters, "0").slice(-letters);
}

/** The same cell, its texts cut to `length` characters. */
export function fitLength(cell: Cell, length: number, distinct: boolean): Cell {
  return {
    ...cell,
    write(row, out) {
      const start = out.length;
      cell.write(row, out);
      if (out.length - start > length) shorten(out, start, length, distinct ? row : undefined);
    },
  };
}

/** Bytes were counted before: here they are characters. */
function shorten(out: ByteSink, start: number, length: number, row: number | undefined): void {
  const text = decodeCopyText(out.bytes.subarray(start, out.length));
  const characters = text === null ? [] : [...text];
  if (characters.length <= length) return;
  const code = row === undefined ? "" : codeOf(row, Math.min(length, CODE_LETTERS));
  out.length = start;
  appendText(out, (characters.slice(0, length - code.length).join("") + code).trimEnd());
}

/** Codes alone, for columns that are too short for anything else that does not repeat. */
export function codeCell(site: CellSite, length: number): Cell {
  const permute = createPermutation(countCodes(length), site.key);
  return { write: (row, out) => appendText(out, codeOf(permute(row), Math.min(length, CODE_LETTERS))) };
}

/** Whether the column is too short for words that end in a code. */
export function isTooShort(length: number): boolean {
  return length <= CODE_LETTERS;
}
