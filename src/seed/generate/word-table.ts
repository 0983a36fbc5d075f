/** Lists of words, encoded and escaped once, so that a cell only copies bytes. */
import type { ByteSink } from "../entity.ts";
import { encodeCopyText } from "./copy-text.ts";

export interface WordTable {
  count: number;
  /** All words, one after the other. */
  bytes: Uint8Array;
  /** Where each word begins, and behind the last one the end. */
  starts: Uint32Array;
}

/** The words of a list that is written as one text, an underscore standing for a space within a word. */
export function splitWords(list: string): string[] {
  return list
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll("_", " "));
}

/** Makes a table of words, which may hold anything but NUL. */
export function createWordTable(words: readonly string[]): WordTable {
  const encoded = words.map(encodeCopyText);
  const starts = new Uint32Array(words.length + 1);
  encoded.forEach((word, index) => {
    starts[index + 1] = (starts[index] ?? 0) + word.length;
  });
  const bytes = new Uint8Array(starts[words.length] ?? 0);
  encoded.forEach((word, index) => {
    bytes.set(word, starts[index] ?? 0);
  });
  return { count: words.length, bytes, starts };
}

/** A table that is made when it is first asked for. */
export function lazyWordTable(words: () => readonly string[]): () => WordTable {
  let table: WordTable | undefined;
  return () => {
    table ??= createWordTable(words());
    return table;
  };
}

/** Words as parts of addresses: lower case, ASCII letters and digits only, none twice. */
export function slugWords(words: readonly string[]): string[] {
  return [...new Set(words.map((word) => slugText(word).replaceAll("-", "")))];
}

const LETTERS: Readonly<Record<string, string>> = {
  ø: "o",
  ł: "l",
  ß: "ss",
  æ: "ae",
  đ: "d",
  ı: "i",
  œ: "oe",
  þ: "th",
};

/** Lower case, accents dropped, everything that is no letter or digit of ASCII as one hyphen. */
export function slugText(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[øłßæđıœþ]/g, (letter) => LETTERS[letter] ?? letter)
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/** Appends the word of that number. */
export function appendWord(out: ByteSink, table: WordTable, index: number): void {
  const from = table.starts[index] ?? 0;
  const to = table.starts[index + 1] ?? from;
  out.room(to - from);
  const { bytes } = out;
  let at = out.length;
  for (let next = from; next < to; next++) bytes[at++] = table.bytes[next] ?? 0;
  out.length = at;
}
