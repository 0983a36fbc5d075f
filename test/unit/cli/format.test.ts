import { expect, test } from "bun:test";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  plural,
  visible,
  visibleOnOneLine,
  wrapText,
} from "../../../src/cli/format.ts";
import { formatFields, formatTable } from "../../../src/cli/table.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [45_300_000, "45.3 MB"],
  [999_949, "999.9 kB"],
  [999_999, "1.0 MB"],
  [1_000_000_000, "1.0 GB"],
  [2.5e15, "2.5 PB"],
  [5e18, "5000.0 PB"],
])("%d bytes", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1400, "1.4 s"],
  [59_949, "59.9 s"],
  [59_960, "1 min 0 s"],
  [83_000, "1 min 23 s"],
  [3_600_000, "1 h 0 min"],
  [90_000_000, "1 d 1 h"],
])("%d ms", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("counts, plurals and ages", () => {
  expect(formatCount(1_204_332)).toBe("1,204,332");
  expect(formatCount(999)).toBe("999");
  expect(plural(1, "table")).toBe("1 table");
  expect(plural(1200, "entry", "entries")).toBe("1,200 entries");
  const now = new Date("2026-01-15T12:00:00Z");
  const ago = (seconds: number) => formatAge(new Date(now.getTime() - seconds * 1000), now);
  expect([ago(5), ago(60), ago(7200), ago(86_400 * 10)]).toEqual([
    "just now",
    "1 minute ago",
    "2 hours ago",
    "1 week ago",
  ]);
  expect(ago(-3600)).toBe("just now");
});

test("control characters are spelt out, but for newlines, tabs and our own colours", () => {
  expect(visible("a\u001b[2Jb\u0007c\nd\te")).toBe("a\\x1b[2Jb\\x07c\nd\te");
  expect(visible("\u001b[31mred\u001b[39m")).toBe("\u001b[31mred\u001b[39m");
  expect(visible("a\u009b2J")).toBe("a\\x9b2J");
  expect(visibleOnOneLine("a\nb\tc")).toBe("a\\nb\\tc");
});

test("columns are aligned by what the terminal shows, not by characters", () => {
  const table = formatTable(
    [
      ["NAME", "SIZE"],
      ["日本", "1.0 GB"],
      ["\u001b[31mred\u001b[39m", "5 B"],
    ],
    { right: [1] },
  );
  expect(table.split("\n")).toEqual(["NAME    SIZE", "日本  1.0 GB", "\u001b[31mred\u001b[39m      5 B"]);
});

test("a name with a line break stays on its line", () => {
  expect(formatTable([["a\nb", "c"]])).toBe("a\\nb  c");
});

test("fields without a value are left out", () => {
  expect(
    formatFields([
      ["size", "1 B"],
      ["none", undefined],
      ["database", "x"],
    ]),
  ).toBe("  size      1 B\n  database  x");
});

test("text is wrapped between words, and keeps its own line breaks", () => {
  expect(wrapText("one two three\nfour", 7)).toBe("one two\nthree\nfour");
  expect(wrapText("unbreakable", 3)).toBe("unbreakable");
});
