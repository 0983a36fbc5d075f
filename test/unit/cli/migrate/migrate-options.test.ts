import { expect, test } from "bun:test";
import { sortWords } from "../../../../src/cli/migrate/migrate-options.ts";

test.each([
  ["@production", undefined, { word: undefined, target: "@production" }],
  ["postgres://db/app", undefined, { word: undefined, target: "postgres://db/app" }],
  ["42", undefined, { word: "42", target: undefined }],
  ["42", "main", { word: "42", target: "main" }],
  [undefined, "main", { word: undefined, target: "main" }],
])("%p with the target %p", (word, target, sorted) => {
  expect(sortWords(word, target)).toEqual(sorted);
});
