import { describe, expect, test } from "bun:test";
import {
  blank,
  findLeftOut,
  namesLeftOut,
  sayLeftOut,
  saysUnknownSettings,
  settingOf,
  settingsUnknownTo,
} from "../../../src/archive/left-out.ts";

/** The statement as it is loaded, by bytes. */
function loaded(statement: string, encoding: "utf8" | "latin1" = "utf8"): string {
  const bytes = Buffer.from(statement, encoding);
  blank(bytes, findLeftOut(bytes).parts);
  return bytes.toString(encoding);
}

const HEAD = "ALTER TABLE ONLY public.t ALTER COLUMN a";

describe("of a statement that sets more than one option, the others stay, and every byte keeps its place", () => {
  const spaces = (count: number) => " ".repeat(count);
  test.each([
    ["(pg_attver=22120600, n_distinct=5)", `(${spaces(19)} n_distinct=5)`],
    ["(n_distinct=5, pg_attver=1)", `(n_distinct=5${spaces(13)})`],
    [
      "(n_distinct=5, pg_attver=1, n_distinct_inherited=-0.5)",
      `(n_distinct=5,${spaces(13)} n_distinct_inherited=-0.5)`,
    ],
    ["(pg_attver=1, n_distinct=5, pg_attver=2)", `(${spaces(12)} n_distinct=5${spaces(13)})`],
    ["(n_distinct=5, pg_attver=1, pg_attver=2)", `(n_distinct=5${spaces(26)})`],
    ["(pg_attver='1', \"n_distinct\" = '5')", `(${spaces(14)} "n_distinct" = '5')`],
    ['("pg_attver"=1,n_distinct=5)', `(${spaces(14)}n_distinct=5)`],
    ["(pg_attver, n_distinct=5)", `(${spaces(10)} n_distinct=5)`],
  ])("%s", (before, after) => {
    expect(before.length).toBe(after.length);
    expect(loaded(`${HEAD} SET ${before};`)).toBe(`${HEAD} SET ${after};`);
    expect(namesLeftOut(`${HEAD} SET ${before}`)).toContain("pg_attver");
  });
});

test.each([
  `${HEAD} SET (pg_attver=22120600);`,
  `${HEAD} SET (pg_attver=1, pg_attver=2);`,
  "ALTER FOREIGN TABLE ONLY public.t ALTER COLUMN a SET (pg_attver=1);",
  "alter table if exists t alter a set(pg_attver=1);",
  'ALTER TABLE ONLY "s ""x"" (pg_attver=2, y)"."ünï 日本" ALTER COLUMN "c SET (n_distinct=3)" SET (pg_attver=1);',
])("a statement that sets nothing else is blank: %s", (statement) => {
  expect(loaded(statement)).toBe(" ".repeat(Buffer.byteLength(statement)));
});

test("a line keeps its number, and text in another encoding its bytes", () => {
  const twoLines = 'ALTER TABLE ONLY public."a\nb" ALTER COLUMN c SET (pg_attver=1);';
  expect(
    loaded(twoLines)
      .split("\n")
      .map((line) => line.length),
  ).toEqual(twoLines.split("\n").map((line) => line.length));
  const kept = 'ALTER TABLE ONLY public."ü" ALTER COLUMN é SET (n_distinct=1, pg_attver=1);';
  expect(loaded(kept, "latin1")).toBe(kept.replace(", pg_attver=1", " ".repeat(13)));
});

test.each([
  `${HEAD} SET (n_distinct=5);`,
  `${HEAD} SET (not_pg_attver=5, pg_attver2=1);`,
  `${HEAD} SET (n_distinct='pg_attver=1');`,
  'ALTER TABLE ONLY public."t SET (pg_attver=1)" ALTER COLUMN "a pg_attver=1, " SET (n_distinct=5);',
  'ALTER TABLE ONLY public."pg_attver=1" OWNER TO "pg_attver=1";',
  "ALTER TABLE ONLY public.t SET (pg_attver=1);",
  `${HEAD} SET DEFAULT 'SET (pg_attver=1)';`,
  `${HEAD} RESET (pg_attver);`,
  `${HEAD} SET (pg_attver=1), ALTER b SET (n_distinct=2);`,
  `${HEAD} SET (pg_attver=1`,
  "COMMENT ON TABLE public.t IS 'ALTER TABLE t ALTER a SET (pg_attver=1);';",
  "INSERT INTO t VALUES ('pg_attver=1, ');",
])("nothing is left out of %s", (statement) => {
  expect(loaded(statement)).toBe(statement);
  expect(namesLeftOut(statement)).toEqual([]);
});

test("parts of a text that is read in pieces", () => {
  const text = "0123456789";
  for (let from = 0; from <= text.length; from++) {
    const [head, tail] = [Buffer.from(text.slice(0, from)), Buffer.from(text.slice(from))];
    const parts = [
      { start: 2, end: 4 },
      { start: 7, end: 9 },
    ];
    blank(head, parts);
    blank(tail, parts, from);
    expect(`${head}${tail}`).toBe("01  456  9");
  }
});

test("settings: what a server does not know, and which pg_restore says it", () => {
  expect(settingOf("SET transaction_timeout = 0")).toBe("transaction_timeout");
  for (const other of ["SET lock_timeout = 0", "SET LOCAL transaction_timeout = 0", "SELECT transaction_timeout = 0"]) {
    expect(settingOf(other)).toBeUndefined();
  }
  expect([settingsUnknownTo(16), settingsUnknownTo(17)]).toEqual([["transaction_timeout"], []]);
  expect([saysUnknownSettings(18, 15), saysUnknownSettings(16, 15), saysUnknownSettings(18, 17)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("one note says all of it, and what the server knows is not in it", () => {
  const leftOut = { options: ["pg_attver"], settings: ["transaction_timeout"] };
  expect(sayLeftOut(leftOut, 15)).toMatch(
    /^left out: pg_attver of columns \(.+\); SET transaction_timeout \(.*15.*\)$/,
  );
  expect(sayLeftOut(leftOut, 17)).not.toContain("transaction_timeout");
  expect(sayLeftOut({ options: [], settings: ["transaction_timeout"] }, 18)).toBeUndefined();
});
