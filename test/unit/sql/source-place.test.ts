import { expect, test } from "bun:test";
import { placeOf, pointAt } from "../../../src/sql/source-place.ts";

const script = (sql: string, line = 1) => ({ file: "m/1_a.up.sql", sql, line });

test.each([
  ["select", 0, { line: 1, column: 1, text: "select" }],
  ["a\nbc\n", 3, { line: 2, column: 2, text: "bc" }],
  ["a\r\nbc\r\n", 4, { line: 2, column: 2, text: "bc" }],
  ["a\n", 2, { line: 2, column: 1, text: "" }],
  ["\na", 0, { line: 1, column: 1, text: "" }],
  ["😀b", 2, { line: 1, column: 2, text: "😀b" }],
])("%p at %p", (sql, position, place) => {
  expect(placeOf(script(sql), position)).toEqual(place);
});

test("lines count from where the script begins in its file", () => {
  expect(placeOf(script("a\nb", 10), 2).line).toBe(11);
});

test("what is said stands behind the place", () => {
  expect(pointAt(script("a b"), 2, "no b")).toBe("m/1_a.up.sql:1:3  no b\n  a b\n    ^");
  expect(pointAt(script("a b"), 2)).toBe("m/1_a.up.sql:1:3\n  a b\n    ^");
});

test("of a long line the part around the place is shown", () => {
  const [head, line, caret] = pointAt(script(`${"x".repeat(5000)}!${"y".repeat(5000)}`), 5000).split("\n");
  expect(head).toBe("m/1_a.up.sql:1:5001");
  expect(line?.length).toBeLessThan(130);
  expect(line?.[caret?.indexOf("^") ?? 0]).toBe("!");
});
