/**
 * Where all chance comes from: a cell's bits are computed from the seed, the field's name and the row's number, with
 * 32-bit integers only, so they are the same on every machine and need nothing that was made before.
 * What is here may not change within one generator version: every value of every seeded database hangs on it.
 */

/**
 * The version of everything that decides about values. Another number may give other rows: since 2 every way that a
 * table's checks leave is gone, and keys that share columns are kept apart together. Files keep the one that they name.
 */
export const GENERATOR_VERSION = 2;
export const FIRST_VERSION = 1;

const TWO_TO_32 = 4_294_967_296;

/** Chris Wellons' bijection of 32-bit integers with low bias: https://github.com/skeeto/hash-prospector */
function scramble(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x21f0aaad);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

/** FNV-1a over the UTF-8 bytes, scrambled: 32 bits. http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return scramble(hash);
}

/** A key out of two: the seed (any safe integer) and a hash, or a key and the number of a part of it. */
export function mixKeys(seed: number, hash: number): number {
  const high = Math.floor(seed / TWO_TO_32);
  return scramble(scramble(scramble(seed | 0) ^ (high | 0)) + hash);
}

/** 32 bits for a row, from 0 to 2^32 - 1. For one key, rows below 2^32 never share a value. */
export function drawBits(key: number, row: number): number {
  return scramble(scramble(row ^ key) + Math.imul(key, 0x9e3779b1)) >>> 0;
}

/** What all words of a wide value of a row are drawn from, by `drawWord`: one value for each row below 2^32. */
export function drawBase(key: number, row: number): number {
  return scramble(row ^ key);
}

/** 32 bits as a signed integer, for the word of that number; for one key and word, no two rows share them. */
export function drawWord(base: number, word: number): number {
  return scramble(base + Math.imul(word + 1, 0x9e3779b1));
}

/** A fraction in [0, 1) with 32 bits. */
export function drawFraction(key: number, row: number): number {
  return drawBits(key, row) / TWO_TO_32;
}

/** Larger spaces are not counted exactly by the numbers in use here. */
export const MAX_SPACE = 2 ** 52;

/** A whole number in [0, space), space at most `MAX_SPACE`. */
export function drawBelow(key: number, row: number, space: number): number {
  const bits = drawBits(key, row);
  if (space <= 1 << 20) return Math.floor((bits * space) / TWO_TO_32);
  const low = drawBits(key ^ 0x5bd1e995, row) >>> 12;
  return Math.floor(((bits * (1 << 20) + low) / MAX_SPACE) * space);
}
