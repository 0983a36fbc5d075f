import { expect, test } from "bun:test";
import { CollationList } from "../../../src/archive/collations.ts";
import { eachStatement } from "../../../src/sql/each-statement.ts";

function collationsIn(sql: string) {
  const bytes = Buffer.from(sql);
  const list = new CollationList();
  eachStatement(bytes, (text, { start, end }) => list.add(text, () => bytes.subarray(start, end)));
  return list.all;
}

test.each([
  ['CREATE TABLE public.t (\n    a text COLLATE pg_catalog."de_DE"\n);', ["de_DE"]],
  ['CREATE TABLE t (a text collate "pg_catalog"."x "" y", b text COLLATE "C");', ['x " y', "C"]],
  ['CREATE VIEW v AS SELECT (t.a COLLATE "köln") AS a FROM public.t;', ["köln"]],
  ['CREATE TYPE r AS RANGE (\n    subtype = text,\n    collation = pg_catalog."fr_FR"\n);', ["fr_FR"]],
  ['CREATE INDEX i ON t USING btree (a COLLATE pg_catalog."sv_SE" DESC);', ["sv_SE"]],
  ["CREATE DOMAIN d AS text COLLATE pg_catalog.ucs_basic;", ["ucs_basic"]],
  ['CREATE TABLE t (a text COLLATE own.german, "COLLATE x" int, collation int);', []],
  ["CREATE FUNCTION f() AS $$ select a COLLATE \"de_DE\" $$;\nCOMMENT ON TABLE t IS 'COLLATE x';", []],
  ["INSERT INTO t VALUES ('a COLLATE \"x\"');", []],
])("named: %s", (sql, named) => {
  expect(collationsIn(sql)).toEqual({ named, made: [] });
});

test.each([
  [
    "CREATE COLLATION own.german (provider = libc, locale = 'de_DE.utf8');",
    { name: "german", provider: "libc", locales: ["de_DE.utf8"] },
  ],
  [
    "CREATE COLLATION IF NOT EXISTS \"a ( b\" (LC_COLLATE = 'x''y', LC_CTYPE = 'C');",
    { name: "a ( b", provider: "libc", locales: ["x'y", "C"] },
  ],
  [
    "CREATE COLLATION own.s (provider = icu, deterministic = false, locale = 'und-u-ks-level2', rules = '&V << w');",
    { name: "s", provider: "icu", locales: ["und-u-ks-level2"] },
  ],
])("made: %s", (sql, made) => {
  expect(collationsIn(`${sql}\nCOMMENT ON COLLATION own.x IS 'y';`)).toEqual({ named: [], made: [made] });
});
