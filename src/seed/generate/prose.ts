/** Words, sentences and paragraphs that read like English without saying anything. */
import * as v from "valibot";
import type { ByteSink } from "../entity.ts";
import { appendByte, appendInteger } from "./append.ts";
import { appendBytes, encodeCopyText } from "./copy-text.ts";
import { drawBelow, mixKeys } from "./mix.ts";
import { type Cell, type CellSite, defineGenerator, type GeneratorDefinition } from "./site.ts";
import { appendWord, lazyWordTable } from "./word-table.ts";
import { ADJECTIVES, NOUNS, VERBS } from "./words-work.ts";

const [SPACE, STOP, HASH] = [32, 46, 35];
const CASE_BIT = 32;

const ADJECTIVE_WORDS = lazyWordTable(() => ADJECTIVES);
const NOUN_WORDS = lazyWordTable(() => NOUNS);
const VERB_WORDS = lazyWordTable(() => VERBS);
const OPENINGS = lazyWordTable(() => ["A", "The", "Every", "Each", "This", "Our", "One", "Another"]);
const ARTICLES = lazyWordTable(() => ["the", "a", "its", "every", "another", "one", "this", "each"]);

const COUNT = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000));

/** How many, from min to max; one number stands for both. */
function countOptions(min: number, max: number) {
  return v.pipe(
    v.strictObject({ count: v.optional(COUNT), min: v.optional(COUNT), max: v.optional(COUNT) }),
    v.transform(({ count, min: least, max: most }) => ({
      least: count ?? least ?? Math.min(min, most ?? min),
      most: count ?? most ?? Math.max(max, least ?? max),
    })),
    v.check(({ least, most }) => least <= most, "needs a min that is not above its max"),
  );
}

type Appender = (out: ByteSink, row: number, part: number) => void;

function nounAppender(key: number): Appender {
  const nouns = NOUN_WORDS();
  return (out, row, part) => appendWord(out, nouns, drawBelow(mixKeys(key, part + 1), row, nouns.count));
}

/** An adjective noun verbs the noun. */
function sentenceAppender(key: number): Appender {
  const slots = [
    OPENINGS(),
    ADJECTIVE_WORDS(),
    NOUN_WORDS(),
    VERB_WORDS(),
    ARTICLES(),
    ADJECTIVE_WORDS(),
    NOUN_WORDS(),
  ];
  return (out, row, part) => {
    const sentence = mixKeys(key, part + 1);
    slots.forEach((words, slot) => {
      if (slot > 0) appendByte(out, SPACE);
      appendWord(out, words, drawBelow(mixKeys(sentence, slot), row, words.count));
    });
    appendByte(out, STOP);
  };
}

const SENTENCES_EACH = 4;

function paragraphAppender(key: number): Appender {
  const sentence = sentenceAppender(key);
  return (out, row, part) => {
    for (let index = 0; index < SENTENCES_EACH; index++) {
      if (index > 0) appendByte(out, SPACE);
      sentence(out, row, part * SENTENCES_EACH + index);
    }
  };
}

/** So many parts, with something between them; where values may not repeat, the row's number behind them. */
function partsCell(
  site: CellSite,
  append: Appender,
  { least, most }: { least: number; most: number },
  between: Uint8Array,
): Cell {
  const countKey = mixKeys(site.key, 0);
  return {
    write(row, out) {
      const count = least + drawBelow(countKey, row, most - least + 1);
      for (let part = 0; part < count; part++) {
        if (part > 0) appendBytes(out, between);
        append(out, row, part);
      }
      if (site.distinct) appendRowNumber(out, row);
    },
  };
}

function appendRowNumber(out: ByteSink, row: number): void {
  appendByte(out, SPACE);
  appendByte(out, HASH);
  appendInteger(out, row + 1);
}

function capitalized(cell: Cell): Cell {
  return {
    write(row, out) {
      const start = out.length;
      cell.write(row, out);
      out.bytes[start] = (out.bytes[start] ?? 0) & ~CASE_BIT;
    },
  };
}

const ONE_SPACE = encodeCopyText(" ");
const EMPTY_LINE = encodeCopyText("\n\n");

const HEADING_OPTIONS = countOptions(2, 4);
const TEXT_OPTIONS = countOptions(1, 3);
const WORD_OPTIONS = countOptions(2, 5);
const PARAGRAPH_OPTIONS = countOptions(1, 3);

export const PROSE: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "words",
    about: "some words, from min to max (2 to 5)",
    options: WORD_OPTIONS,
    shorthand: "count",
    compile: (counts, site) => partsCell(site, nounAppender(site.key), counts, ONE_SPACE),
  }),
  defineGenerator({
    name: "heading",
    about: "the same with a capital at the beginning",
    options: HEADING_OPTIONS,
    shorthand: "count",
    compile: (counts, site) => capitalized(partsCell(site, nounAppender(site.key), counts, ONE_SPACE)),
  }),
  defineGenerator({
    name: "sentence",
    about: "one sentence",
    options: v.strictObject({}),
    compile: (_, site) => partsCell(site, sentenceAppender(site.key), { least: 1, most: 1 }, ONE_SPACE),
  }),
  defineGenerator({
    name: "text",
    about: "some sentences, from min to max (1 to 3)",
    options: TEXT_OPTIONS,
    shorthand: "count",
    compile: (counts, site) => partsCell(site, sentenceAppender(site.key), counts, ONE_SPACE),
  }),
  defineGenerator({
    name: "paragraphs",
    about: "paragraphs of four sentences, from min to max (1 to 3), an empty line between them",
    options: PARAGRAPH_OPTIONS,
    shorthand: "count",
    compile: (counts, site) => partsCell(site, paragraphAppender(site.key), counts, EMPTY_LINE),
  }),
];
