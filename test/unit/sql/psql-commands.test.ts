import { describe, expect, test } from "bun:test";
import { endStatement, requireEnd, requireHarmless } from "../../../src/sql/psql-commands.ts";
import { script } from "../../support/migrate/fixtures.ts";
import { mistake } from "../../support/migrate/mistake.ts";

const subject = { noun: "a migration", label: "7 x", inTransaction: true };
const check = (sql: string, inTransaction = true) =>
  requireHarmless(script("7_x.up.sql", sql), { ...subject, inTransaction });

describe("a command that hides from simpler rules than psql's is seen, or what hides it refused", () => {
  test.each([
    'COPY (SELECT 1 AS "a FROM STDIN b") TO STDOUT;\n\\! ls\n\\.\n',
    "SET standard_conforming_strings TO off;\nSELECT 'a\\', ';\n\\! ls\n--';\n",
    "COPY t FROM stdin; SELECT '\n'\n\\.\n' \\! ls\n';\n",
  ])("%j", (sql) => {
    const { exit, message } = mistake(() => check(sql));
    expect(exit).toBe(3);
    expect(message).toContain("7_x.up.sql");
  });

  test("and what only mentions the setting, or a COPY with a comment behind it, is none of that", () => {
    const sql = "SELECT 'standard_conforming_strings', 'C:\\x';\nCOPY t FROM stdin; -- rows\n1\n\\.\n";
    expect(() => check(sql)).not.toThrow();
  });
});

describe("what reaches beyond the database is refused with its line", () => {
  test.each([
    "\\i other.sql",
    "\\ir other.sql",
    "\\copy t from 'rows'",
    "\\! ls",
    "\\o out.txt",
    "\\w out.txt",
    "select 1 \\g | cat",
    "select 1 \\gset",
    "\\connect other",
    "\\c other",
    "\\set x `id`",
    "\\echo `id`",
    "\\set x 1 \\! ls",
    "\\set x '\\\\! ls'",
    "\\set ON_ERROR_STOP off",
    "\\unset ON_ERROR_STOP",
    "\\set 'ON_ERROR_STOP' off",
    '\\set "AUTOCOMMIT" off',
    "\\set :name off",
    "\\set ON_ERROR_STOP",
    "\\set SINGLESTEP on",
    "\\unset 'ON_ERROR_STOP'",
    "\\echo 'unclosed",
    "\\set name \"unclosed' ''",
    "\\timing 'on",
    "\\set! ls",
    "\\set AUTOCOMMIT off",
    "\\if true",
    "\\q",
    "\\cd /",
    "\\setenv PAGER x",
    "\\lo_import /etc/passwd",
    "\\e",
    "select 1\\; select 2;",
    "set client_encoding = 'SJIS';",
    "set names 'latin1';",
    "select set_config('client_encoding', 'SJIS', false);",
  ])("%s", (line) => {
    const { exit, message } = mistake(() => check(`select 1;\n-- \\i is only a comment\n${line}\n`));
    expect([exit, message.split("\n")[0]]).toEqual([3, expect.stringContaining("7_x.up.sql:3: ")]);
  });
});

test.each([
  "\\echo hello",
  "\\echo 'it''s' \"an apostrophe's\"",
  "\\set name value",
  "select 'create table t ()' \\gexec",
  "\\restrict key\n\\unrestrict key",
  "copy t from stdin;\n\\i 1\n\\.\nselect 1;",
  "select '\\! ls', $$ \\i x $$, \"\\q\"; /* \\i */",
  "set client_encoding = 'UTF8';",
  "savepoint a; rollback to a;",
])("%p is run", (sql) => {
  expect(() => check(sql)).not.toThrow();
});

test.each(["begin;", "commit;", "  END;", "rollback;", "start transaction;"])(
  "%p would end our transaction, and is fine outside of one",
  (statement) => {
    const sql = `copy t from stdin;\nbegin\n\\.\n${statement}\n`;
    expect(mistake(() => check(sql)).message).toContain("one transaction");
    expect(() => check(sql, false)).not.toThrow();
  },
);

test.each([
  ["select 1", "select 1\n;"],
  ["select 1 -- end", "select 1 -- end\n;"],
  ["select 1;", "select 1;"],
  ["select 1; -- end", "select 1; -- end"],
  ["copy t from stdin;\n1\n\\.\n", "copy t from stdin;\n1\n\\.\n"],
  ["\\echo end", "\\echo end"],
  ["-- nothing", "-- nothing"],
])("%p ends with its last statement", (sql, ended) => {
  expect(endStatement(sql)).toBe(ended);
});

describe("a script that ends where psql reads no commands is refused", () => {
  test.each([
    ["\\echo a\nselect 'it", "still open"],
    ["\\echo a\ndo $$ begin", "still open"],
    ["\\echo a\n/* and so on", "still open"],
    ["copy t from stdin;\n1\ta\n", "have no end"],
  ])("%j", (sql, why) => {
    expect(mistake(() => requireEnd(script("7_x.up.sql", sql)))).toMatchObject({
      exit: 3,
      message: expect.stringContaining(why),
    });
  });

  test.each(["\\echo it's\nselect 1", "copy t from stdin;\n1\n\\.", "select 1 -- and a comment", "select 1\n\\gexec"])(
    "%j is not",
    (sql) => {
      expect(() => requireEnd(script("7_x.up.sql", sql))).not.toThrow();
    },
  );
});
