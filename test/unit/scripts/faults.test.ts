import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "../../..");
// Plain Node, since it runs before anything is installed: it has no types.
const { describeFaults } = await import(join(root, "scripts/test/faults.mjs"));

test("every place of the table is a file, or a folder, of tests", () => {
  const files = [...new Glob("test/**/*.test.ts").scanSync(root)];
  const places = (describeFaults([]).empty as string[]).map((line) => line.replace(/^fault \d+: /, "").split(" > ")[0]);
  expect(places.length).toBeGreaterThan(34);
  expect(places.filter((place) => !files.some((file) => file.startsWith(`test/${place}`)))).toEqual([]);
});

test("every file of faults has a group", () => {
  const files = [...new Glob("test/{e2e,integration}/faults/*.test.ts").scanSync(root)];
  const name = Array.from({ length: 34 }, (_, at) => `fault ${at + 1}: `).join(""); // as any group wants its tests named
  const counted = (file: string) => describeFaults([{ file, name, outcome: "passed" }]).lines.at(-1);
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !/ 1 +1 +0$/.test(counted(file)))).toEqual([]);
});

test("a test counts once for each group that it is of, and what failed is lost", () => {
  const file = "test/e2e/faults/dump-failing.test.ts";
  const tests = [
    { file, name: "fault 2: it dies > so", outcome: "passed" },
    { file, name: "fault 4: it fails > so", outcome: "failed" },
    { file, name: "fault 4: it fails > otherwise", outcome: "passed" },
    { file, name: "fault 4: it fails > not tried", outcome: "skipped" },
  ];
  const { lines, empty } = describeFaults(tests);
  const figures = (start: RegExp) =>
    lines
      .find((line: string) => start.test(line))
      ?.match(/\d+/g)
      ?.map(Number);
  expect(figures(/^ 2 /)).toEqual([2, 1, 1, 0]);
  expect(figures(/^ 4 /)).toEqual([4, 2, 1, 1]);
  expect(figures(/^ +all/)).toEqual([3, 2, 1]);
  expect(empty).not.toContain("fault 2: e2e/faults/dump-failing > fault 2");
});
