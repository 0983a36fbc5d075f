import { expect, test } from "bun:test";
import { didYouMean } from "../../../src/config/suggest.ts";
import { cpuMsOf } from "../../support/cpu-time.ts";
import { patiently } from "../../support/patience.ts";

const COMMANDS = ["restore", "restart", "remove", "reset", "dump", "dumps", "up", "down", "new", "list"];

test.each([
  ["restor", "restore"],
  ["retsore", "restore"], // two neighbours swapped: one change
  ["RESTORE", "restore"],
  ["dupm", "dump"],
  ["lst", "list"],
  ["rest", "restore"], // its beginning
  ["rem", "remove"],
])("%s: %s is meant", (word, meant) => {
  expect(didYouMean(word, COMMANDS)).toBe(meant);
});

test.each([
  ["an empty word", ""],
  ["a letter", "x"],
  ["qqqq", "qqqq"],
  ["snapshot", "snapshot"],
  ["pu_", "pu_"],
  ["a very long word", "z".repeat(100_000)],
])("%s is nothing like a command", (_, word) => {
  expect(didYouMean(word, COMMANDS)).toBeUndefined();
});

test("the nearest wins, the first of equals, and hostile candidates cost nothing", async () => {
  expect(didYouMean("abcd", ["abxx", "abce", "abcf"])).toBe("abce");
  expect(didYouMean("toString", [])).toBeUndefined();
  const hostile = Array.from({ length: 100 }, () => "b".repeat(100_000));
  expect(await cpuMsOf(() => didYouMean("a".repeat(80), hostile))).toBeLessThan(patiently(500));
});
