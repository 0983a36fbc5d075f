import { describe, expect, test } from "bun:test";
import { readParams, readSeedWords } from "../../../../src/cli/seed/seed-words.ts";

describe("the words of seed", () => {
  const cases = [
    { words: [], only: undefined, count: undefined, meansRows: false },
    { words: ["users"], only: ["users"], count: undefined, meansRows: true },
    { words: ["users", "25"], only: ["users"], count: 25, meansRows: true },
    { words: ["users", "orders", "users", "0"], only: ["users", "orders"], count: 0, meansRows: true },
    { words: ["all"], only: undefined, count: undefined, meansRows: true },
    { words: ["all", "10000"], only: undefined, count: 10_000, meansRows: true },
    { words: ["25"], only: undefined, count: 25, meansRows: true },
  ];
  test.each(cases)("$words", ({ words, ...read }) => {
    expect(readSeedWords(words)).toEqual(read);
  });

  test.each([[["all", "users"]], [["99999999999999999999"]]])("%p is refused", (words) => {
    expect(() => readSeedWords(words)).toThrow();
  });

  test("parameters are names and values; a value may hold an equals sign", () => {
    expect([...readParams(["users=50", "where=a=b"])]).toEqual([
      ["users", "50"],
      ["where", "a=b"],
    ]);
    expect(() => readParams(["users"])).toThrow("NAME=VALUE");
  });
});
