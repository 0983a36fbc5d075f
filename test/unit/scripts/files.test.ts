/** Files of tests that run side by side are dealt out whole, and about evenly. */
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
// Plain Node, since it runs before anything is installed: it has no types.
const { dealEvenly, findTestFiles } = await import(join(root, "scripts/test/files.mjs"));
const files: string[] = findTestFiles(root, "unit", { words: [], long: false });

interface Part {
  name: string;
  files: string[];
}

const bytesOf = (path: string) => statSync(join(root, path)).size;

test("every file is in one part, and no part is larger than another by more than a file", () => {
  const parts: Part[] = dealEvenly(root, files, { name: "unit", count: 3 });
  expect(parts.map(({ name }) => name)).toEqual(["unit 1", "unit 2", "unit 3"]);
  expect(parts.flatMap((part) => part.files).sort()).toEqual(files.toSorted());
  const sizes = parts.map((part) => part.files.reduce((sum, file) => sum + bytesOf(file), 0));
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(Math.max(...files.map(bytesOf)));
});

test("no part is empty", () => {
  const [one = ""] = files;
  expect(dealEvenly(root, [one], { name: "unit", count: 2 })).toEqual([{ name: "unit 1", files: [one] }]);
  expect(dealEvenly(root, [], { name: "unit", count: 2 })).toEqual([]);
});

test("the long form has every file with properties, few runs of which are in the short one", () => {
  const long: string[] = findTestFiles(root, "unit", { words: [], long: true });
  expect(long).toContain("test/unit/archive/archive-fuzz.test.ts");
  expect(long).not.toContain("test/unit/scripts/report.test.ts");
});
