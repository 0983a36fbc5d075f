import { expect, test } from "bun:test";
import { readResults } from "../../../src/sql/sql-results.ts";

const bytes = (text: string | null) => (text === null ? null : new TextEncoder().encode(text));

function result(columns: readonly (readonly [string, number])[], rows: readonly (readonly (string | null)[])[]) {
  const meta = { command: "SELECT", count: rows.length, columns: columns.map(([name, type]) => ({ name, type })) };
  return Object.assign(
    rows.map((row) => row.map(bytes)),
    meta,
  );
}

test("what JSON has a type for gets it; the rest stays PostgreSQL's text", () => {
  const columns = [
    ["int", 23],
    ["big", 20],
    ["huge", 20],
    ["float", 701],
    ["nan", 701],
    ["numeric", 1700],
    ["bool", 16],
    ["json", 3802],
    ["text", 25],
    ["time", 1184],
    ["none", 25],
  ] as const;
  const row = [
    "1",
    "2",
    "9223372036854775807",
    "1.5",
    "NaN",
    "1.10",
    "f",
    '{"a":[1]}',
    "é",
    "2026-01-15 12:00:00+00",
    null,
  ];
  expect(readResults(result(columns, [row]))[0]?.rows).toEqual([
    {
      int: 1,
      big: 2,
      huge: "9223372036854775807",
      float: 1.5,
      nan: "NaN",
      numeric: "1.10",
      bool: false,
      json: { a: [1] },
      text: "é",
      time: "2026-01-15 12:00:00+00",
      none: null,
    },
  ]);
});

test("columns of the same name are all kept", () => {
  const two = result(
    [
      ["a", 23],
      ["a", 23],
      ["__proto__", 23],
    ],
    [["1", "2", "3"]],
  );
  expect(JSON.stringify(readResults(two)[0]?.rows)).toBe('[{"a":1,"a_2":2,"__proto__":3}]');
});

test("several statements give several results", () => {
  const insert = Object.assign([], { command: "INSERT", count: 2 });
  expect(readResults([insert, result([["a", 23]], [["1"]])])).toEqual([
    { command: "INSERT", count: 2, rows: [] },
    { command: "SELECT", count: 1, rows: [{ a: 1 }] },
  ]);
});
