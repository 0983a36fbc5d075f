import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PgroveError } from "../../../../src/errors.ts";
import { lintMigrations, toLintFiles } from "../../../../src/migrate/lint/lint.ts";
import { RULES } from "../../../../src/migrate/lint/rules.ts";
import type { Migration } from "../../../../src/migrate/migration.ts";
import { type LintOptions, lint, rulesOf, scriptOf } from "./lint.ts";

describe("places", () => {
  /** Line and column of a piece of text, counted by characters. */
  function placeOfText(sql: string, piece: string): [number, number] {
    const lines = sql.slice(0, sql.indexOf(piece)).split("\n");
    return [lines.length, [...(lines.at(-1) ?? "")].length + 1];
  }

  test.each([
    ["\n\n  drop table t", "drop"],
    ["select '😀';\r\nselect 'ü'; drop table t;\r\n", "drop"],
    ["/* 😀 */ alter table é add column b timestamp", "timestamp"],
    ["do $$\r\nbegin\r\n  perform '😀'; drop table t;\r\nend $$", "drop"],
    ["do $$\r\nbegin\r\n  create table é (b timestamp);\r\nend $$", "timestamp"],
    ["create function f() returns void language sql as $$\n  select 1;\n  truncate t cascade;\n$$", "truncate"],
    ["do $$ begin\n execute 'drop table t'; end $$", "drop"],
  ])("%j: %s", async (sql, piece) => {
    const [finding] = await lint(sql);
    expect([finding?.line, finding?.column]).toEqual(placeOfText(sql, piece));
  });

  test("lines count from where the section begins in its file", async () => {
    expect((await lint("\ndrop table t", { line: 11 }))[0]?.line).toBe(12);
  });

  test("findings stand in the order of the files and of their places", async () => {
    const files = ["alter table b drop a;\ndrop table c", "drop table d"].map((sql, at) => ({
      script: { ...scriptOf(sql), file: `${at}.sql` },
      direction: "up" as const,
      change: String(at),
    }));
    const found = await lintMigrations(files, { enabled: true, ignore: [], levels: {} });
    expect(found.map(({ file, line }) => `${file}:${line}`)).toEqual(["0.sql:1", "0.sql:2", "1.sql:1"]);
  });
});

describe("comments that say what is meant", () => {
  test.each([
    ["-- pgrove-ignore ban-drop-table\ndrop table t", []],
    ["-- squawk-ignore ban-drop-table\ndrop table t", []],
    ["/* pgrove-ignore ban-drop-table */ drop table t", []],
    ["drop table t; -- pgrove-ignore ban-drop-table", []],
    ["drop table -- pgrove-ignore\n t", []],
    ["-- pgrove-ignore ban-drop-column, ban-drop-table: nobody reads it\ndrop table t", []],
    ["-- pgrove-ignore ban-drop-table since nobody reads it\ndrop table t", []],
    ["-- pgrove-ignore-file\ndrop table t; alter table u drop a", []],
    ["-- pgrove-ignore-file ban-drop-table\ndrop table t; alter table u drop a", ["ban-drop-column"]],
    ["-- pgrove-ignore ban-drop-table\ndrop table t;\ndrop table u", ["ban-drop-table"]],
    ["-- pgrove-ignore ban-drop-column\ndrop table t", ["ban-drop-table"]],
    ["-- pgrove-ignore ban-drop-tabel\ndrop table t", ["unknown-rule", "ban-drop-table"]],
    ["-- squawk-ignore no-such-rule\nselect 1", []],
    ["-- squawk-ignore prefer-big-int\ncreate table t (id int)", []],
    ["-- pgrove-ignored ban-drop-table\ndrop table t", ["ban-drop-table"]],
  ])("%j", async (sql, rules) => {
    expect(await rulesOf(sql)).toEqual(rules);
  });

  test("a rule's name with a typing mistake is shown with the nearest", async () => {
    expect((await lint("-- pgrove-ignore ban-drop-tabel\nselect 1"))[0]?.hint).toContain("ban-drop-table?");
  });
});

describe("the configuration", () => {
  test("levels, off and ignored", async () => {
    const [error] = await lint("drop table t", { levels: { "ban-drop-table": "error" } });
    expect(error?.level).toBe("error");
    expect(await rulesOf("drop table t", { levels: { "ban-drop-table": "off" } })).toEqual([]);
    expect(await rulesOf("drop table t", { ignore: ["ban-drop-table"] })).toEqual([]);
    expect(await rulesOf("create table t (id int)", { ignore: ["prefer-big-int"] })).toEqual([]);
  });

  const misspelt: LintOptions[] = [{ ignore: ["ban-drop-tabel"] }, { levels: { "ban-drop-tabel": "off" } }];
  test.each(misspelt)("a name that is no rule's is a mistake: %j", async (options) => {
    const failed = await lint("select 1", options).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(PgroveError);
    expect(failed).toMatchObject({ exit: 3, hint: "did you mean ban-drop-table?" });
  });
});

describe("up and down", () => {
  const up = "create table t (a text); alter table u add column b text; create index i on t (a)";
  test.each([
    ["drop table t; alter table u drop column b; drop index i", []],
    ["drop table other", ["ban-drop-table"]],
    ["alter table u rename b to c; alter table u add column d int", []],
    ["create index j on u (b)", ["require-concurrent-index-creation"]],
  ])("%s", async (sql, rules) => {
    expect(await rulesOf(sql, { direction: "down", ups: [up] })).toEqual(rules);
  });

  test("without its up, a down may drop what it wants", async () => {
    expect(await rulesOf("drop table t", { direction: "down" })).toEqual([]);
  });

  test("what this branch adds is one change; what is merged stands alone", async () => {
    const migrations = ["create table t (a text)", "create index i on t (a)"].map(
      (sql, at): Migration => ({ version: BigInt(at), digits: String(at), name: "", up: scriptOf(sql) }),
    );
    const settings = { enabled: true, ignore: [], levels: {} };
    expect(await lintMigrations(toLintFiles(migrations, migrations), settings)).toEqual([]);
    expect(await lintMigrations(toLintFiles(migrations, []), settings)).toHaveLength(1);
  });
});

describe("texts", () => {
  test("a mistake of syntax is found at its place", async () => {
    expect(await lint("select '😀';\nselct 1")).toMatchObject([
      { rule: "syntax-error", level: "error", line: 2, column: 1 },
    ]);
  });

  test("psql's own commands and rows are no mistakes", async () => {
    const sql = "\\set x 1\ncopy t from stdin;\n1\t'\n\\.\nselect 'a' \\gexec\ndrop table t;";
    expect(await lint(sql)).toMatchObject([{ rule: "ban-drop-table", line: 6 }]);
  });

  test.each([
    ["a".repeat(64), 1],
    ["a".repeat(63), 0],
    [`"${"é".repeat(32)}"`, 1],
    [`"${"é".repeat(31)}"`, 0],
    [`t /* ${"a".repeat(90)} */`, 0],
    [`t -- ${"a".repeat(90)}`, 0],
  ])("names that PostgreSQL would cut: %s", async (name, count) => {
    expect(await rulesOf(`create index concurrently x on ${name} (a)`)).toHaveLength(count + 1); // IF NOT EXISTS is the other
    expect((await rulesOf(`select '${"a".repeat(90)}' from ${name}`)).length).toBe(count);
  });
});

test("docs/lint.md lists every rule with its level", () => {
  const text = readFileSync(join(import.meta.dir, "../../../../docs/lint.md"), "utf8");
  const listed = [...text.matchAll(/^\| `([\w-]+)` \| (\w+) \|/gm)].map(([, name, level]) => `${name} ${level}`);
  expect(listed.toSorted()).toEqual(RULES.map(({ name, level }) => `${name} ${level}`).toSorted());
});
