import { expect, test } from "bun:test";
import { formatAge, formatBytes, formatCount, formatDuration, plural, wrapText } from "../../../src/cli/format.ts";
import { formatFields, formatTable } from "../../../src/cli/table.ts";
import { createPaint } from "../../../src/cli/terminal.ts";
import { showColors, visible, visibleJson, visibleOnOneLine } from "../../../src/sys/visible-text.ts";

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
  expect(visible("a\u009b2J")).toBe("a\\x9b2J");
  expect(visibleOnOneLine("a\nb\tc")).toBe("a\\nb\\tc");
});

test.each([
  ["a colour of somebody else's", "a\u001b[8mb", "a\\x1b[8mb"],
  ["ours, guessed", "a\u001b[90;31mb", "a\\x1b[90;31mb"],
  ["a right-to-left override", "a\u202eb", "a\\u202eb"],
  ["an isolate", "a\u2066b", "a\\u2066b"],
  ["an Arabic letter mark", "a\u061cb", "a\\u061cb"],
  ["a zero-width space", "a\u200bb", "a\\u200bb"],
  ["a joiner", "a\u200db", "a\\u200db"],
  ["a byte order mark", "a\ufeffb", "a\\ufeffb"],
  ["a soft hyphen", "a\u00adb", "a\\xadb"],
  ["a Hangul filler", "a\u3164b", "a\\u3164b"],
  ["an empty Braille cell", "a\u2800b", "a\\u2800b"],
  ["a variation selector", "a\ufe0fb", "a\\ufe0fb"],
  ["a tag", "a\u{e0041}b", "a\\u{e0041}b"],
  ["a line separator", "a\u2028b", "a\\u2028b"],
  ["half a character", "a\ud800b", "a\\ud800b"],
])("%s is spelt out", (_, text, shown) => {
  expect(visible(text)).toBe(shown);
  expect(visibleOnOneLine(text)).toBe(shown);
  expect(visibleOnOneLine("grün 日本 😀 é")).toBe("grün 日本 😀 é");
});

test("our own colours pass, and only those", () => {
  const painted = createPaint(true)("red", "a\u001b[31mb");
  expect(showColors(visible(painted))).toBe("\u001b[31ma\\x1b[31mb\u001b[39m");
  expect(Bun.stringWidth(createPaint(true)("red", "ab"))).toBe(2);
});

test("JSON for a terminal is the same document", () => {
  const document = { message: "a\u202eb\u009bc\u{e0041}d\u001b[8m" };
  const shown = visibleJson(JSON.stringify(document));
  expect(JSON.parse(shown)).toEqual(document);
  expect(visible(shown)).toBe(shown);
});

test("columns are aligned by what the terminal shows, not by characters", () => {
  const table = formatTable(
    [
      ["NAME", "SIZE"],
      ["日本", "1.0 GB"],
      [createPaint(true)("red", "red"), "5 B"],
    ],
    { right: [1] },
  );
  expect(showColors(table).split("\n")).toEqual(["NAME    SIZE", "日本  1.0 GB", "\u001b[31mred\u001b[39m      5 B"]);
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

test("a table drops columns until it fits the terminal, cuts what is still too long, and gives a pipe all", () => {
  const rows = [
    ["NAME", "BRANCH", "SIZE", "STATE"],
    ["a", "feature/a", "1.0 MB", "running"],
    ["long-name", "b", "12.0 MB", "not provisioned: pgrove provision long-name"],
  ];
  const drop = ["SIZE", "BRANCH"];
  const whole = formatTable(rows);
  const headAt = (columns: number) => formatTable(rows, { fit: { columns, drop } }).split("\n")[0]?.split(/\s+/);
  const width = Math.max(...whole.split("\n").map((line) => line.length));
  expect(formatTable(rows, { fit: { columns: undefined, drop } })).toBe(whole);
  expect(formatTable(rows, { fit: { columns: width, drop } })).toBe(whole);
  expect(headAt(width - 1)).toEqual(["NAME", "BRANCH", "STATE"]);
  expect(headAt(width - 12)).toEqual(["NAME", "STATE"]);
  const narrow = formatTable(rows, { fit: { columns: 30, drop } }).split("\n");
  expect(narrow.map((line) => line.length <= 30)).toEqual([true, true, true]);
  expect(narrow[2]?.endsWith("…")).toBe(true);
});
