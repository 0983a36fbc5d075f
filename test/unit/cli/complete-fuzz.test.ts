/** Completion of lines of any kind: no crash, and nothing offered that does not go on with the word. */
import { test } from "bun:test";
import fc from "fast-check";
import { listCommands } from "../../../src/cli/command-tree.ts";
import { type CompletionSources, findCandidates } from "../../../src/cli/complete.ts";
import { root } from "../../../src/cli/root.ts";
import { trials } from "../../support/property.ts";

const NAMES = ["main", "feature-x", "@staging", "$(touch x)", "a b", "--yes"];
const sources: CompletionSources = {
  target: async () => NAMES,
  dump: async () => NAMES,
  repository: async () => NAMES,
  shell: async () => NAMES,
};
const names = listCommands(root).map(({ name }) => name);
const word = fc.oneof(
  fc.constantFrom(
    ...names,
    ...NAMES,
    "list",
    "up",
    "--",
    "-",
    "--target",
    "--target=",
    "-t",
    "-C",
    "--format=",
    "--json",
    "",
  ),
  fc.constantFrom("__proto__", "constructor", "toString", "--__proto__", "--constructor=", "\0", "ä", "-–"),
  fc.string({ unit: "binary", maxLength: 12 }),
);

test("any words", async () => {
  const property = fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
    const candidates = await findCandidates(root, words, sources);
    return candidates.every(({ word: offered, about }) => offered.startsWith(words.at(-1) ?? "") && about !== "");
  });
  await fc.assert(property, trials(300, 20_000));
});
