import { expect, test } from "bun:test";
import { CutOut } from "../../../src/sql/cut-out.ts";

function cut(text: string, out: string, size: number): string {
  const cutOut = new CutOut();
  cutOut.expect(out);
  const passed: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += size) passed.push(cutOut.pass(Buffer.from(text.slice(at, at + size))));
  return Buffer.concat([...passed, cutOut.rest()]).toString();
}

const WORDS = "\\warn end\n-- end\n";

test.each([
  ["", ""],
  ["rows\n", "rows\n"],
  [WORDS, ""],
  [`a\n${WORDS}b\n`, "a\nb\n"],
  [`\\warn ${WORDS}`, "\\warn "],
  [`\\\\\\${WORDS}\\`, "\\\\\\\\"],
  ["a \\warn end\n-- en", "a \\warn end\n-- en"],
])("%j, in pieces of whatever size", (text, left) => {
  for (const size of [1, 2, 3, 5, 8, 100]) expect(cut(text, WORDS, size)).toBe(left);
});

test("nothing is held back before there is something to look for", () => {
  const piece = Buffer.from("a\\");
  expect(new CutOut().pass(piece)).toBe(piece);
});
