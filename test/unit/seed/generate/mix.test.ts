/** The expected numbers were computed by a second implementation, in Python, from the descriptions of the algorithms. */
import { describe, expect, test } from "bun:test";
import { drawBase, drawBelow, drawBits, drawWord, hashText, mixKeys } from "../../../../src/seed/generate/mix.ts";
import { createPermutation } from "../../../../src/seed/generate/permutation.ts";

const KEY = mixKeys(42, hashText("users.email"));

describe("the bits of a cell", () => {
  test("texts are hashed by their UTF-8 bytes", () => {
    expect(["", "users.email", "größe"].map(hashText)).toEqual([-524634864, 324426980, -1972049410]);
  });

  test("a seed counts with all its bits", () => {
    expect([KEY, mixKeys(0, 0), mixKeys(2 ** 40 + 7, hashText("x"))]).toEqual([-597053588, 0, 1187842550]);
  });

  test("rows have bits of their own", () => {
    const expected = [2726657264, 3408929965, 4217057687, 2862986258, 1599287885];
    expect([0, 1, 2, 3, 4].map((row) => drawBits(KEY, row))).toEqual(expected);
  });

  test("numbers below small and large spaces", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((row) => drawBelow(KEY, row, 10))).toEqual([6, 7, 9, 6, 3, 7, 7, 9]);
    expect([0, 1, 2].map((row) => drawBelow(KEY, row, 1e12))).toEqual([634849365806, 793703358121, 981860255707]);
  });

  test("a word of a wide value is never that of another row", () => {
    const words = Array.from({ length: 100_000 }, (_, row) => drawWord(drawBase(KEY, row), 3));
    expect(new Set(words).size).toBe(words.length);
  });
});

describe("permutations", () => {
  test.each([
    [1, [0]],
    [2, [1, 0]],
    [10, [8, 9, 1, 2, 0, 5]],
    [1000, [306, 705, 123, 526, 477, 594]],
    [1e12, [377491332488, 494465718414, 438635016300, 701513182427, 210067367373, 461642232732]],
  ])("of %d", (space, expected) => {
    const permute = createPermutation(space, KEY);
    expect(expected.map((_, index) => permute(index))).toEqual(expected);
  });

  test.each([1, 2, 3, 7, 16, 100, 997, 4096, 65_537])("of %d takes every value once", (space) => {
    const permute = createPermutation(space, KEY);
    const values = Array.from({ length: space }, (_, index) => permute(index)).sort((a, b) => a - b);
    expect(values).toEqual(Array.from({ length: space }, (_, index) => index));
  });

  test.each([1, 3, 7, 41, 97])("of %d: indexes beyond it end, and within it", (space) => {
    for (let key = 0; key < 50; key++) {
      const permute = createPermutation(space, key);
      const beyond = Array.from({ length: 3 * space }, (_, index) => permute(space + index));
      expect(beyond.every((value) => value >= 0 && value < space)).toBe(true);
    }
  });
});
