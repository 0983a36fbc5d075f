/** Generators that take one or two words from tables: what most names, titles and labels are. */
import * as v from "valibot";
import { appendByte, appendInteger } from "./append.ts";
import { drawNumbered } from "./numbered.ts";
import { type Cell, type CellSite, defineGenerator, type GeneratorDefinition, NO_OPTIONS } from "./site.ts";
import { appendWord, lazyWordTable, type WordTable } from "./word-table.ts";

const SPACE = 32;

/** A number is written behind words where all of them have been used. */
function appendNumber(out: Parameters<Cell["write"]>[1], number: number): void {
  if (number === 0) return;
  appendByte(out, SPACE);
  appendInteger(out, number);
}

/** One word out of a list; where values may not repeat, no more of them than the list has. */
export function defineWord(name: string, about: string, words: readonly string[]): GeneratorDefinition {
  const table = lazyWordTable(() => words);
  return defineGenerator({
    ...{ name, about, options: NO_OPTIONS },
    space: () => words.length,
    compile(_, site) {
      const index = site.pick(words.length);
      return { write: (row, out) => appendWord(out, table(), index(row)) };
    },
  });
}

/** A word of the first list, a space, a word of the second. */
export function definePair(
  name: string,
  about: string,
  first: readonly string[],
  second: readonly string[],
): GeneratorDefinition {
  const tables: readonly [() => WordTable, () => WordTable] = [lazyWordTable(() => first), lazyWordTable(() => second)];
  return defineGenerator({
    ...{ name, about, options: v.strictObject({}) },
    compile: (_, site) => pairCell(site, tables[0](), tables[1]()),
  });
}

function pairCell(site: CellSite, first: WordTable, second: WordTable): Cell {
  const { index, number } = drawNumbered(site, first.count * second.count);
  return {
    write(row, out) {
      const pair = index(row);
      const high = Math.floor(pair / second.count);
      appendWord(out, first, high);
      appendByte(out, SPACE);
      appendWord(out, second, pair - high * second.count);
      appendNumber(out, number(row));
    },
  };
}
