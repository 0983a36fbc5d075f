import { describe, expect, test } from "bun:test";
import { PgroveError } from "../../../../src/errors.ts";
import type { Step } from "../../../../src/migrate/migration.ts";
import { isServerError, leavesSession, shortServerError } from "../../../../src/migrate/run/server-error.ts";
import { asOfScriptAlone, explainScriptError } from "../../../../src/migrate/run/sql-error.ts";
import { script } from "../../../support/migrate/fixtures.ts";

function stepOf(sql: string, line = 1): Step {
  const own = { ...script("migrations/7_x.up.sql", sql), line };
  return { direction: "up", version: 7n, digits: "7", name: "x", script: own, fromStatement: 1 };
}

/** An error as postgres.js makes it of PostgreSQL's answer. */
function serverError(fields: Record<string, string>): Error {
  return Object.assign(new Error(fields.message ?? "wrong"), { severity: "ERROR", code: "42703", ...fields });
}

/** What PostgreSQL would say about a word of the text: it counts characters, from 1. */
function positionOf(text: string, word: string): string {
  return String([...text.slice(0, text.indexOf(word))].length + 1);
}

const OPENING = "begin;set local lock_timeout=5000;\n";

function explain(sql: string, fields: Record<string, string>, line = 1): string {
  const text = `${OPENING}${sql}`;
  const sent = { step: stepOf(sql, line), text, offset: OPENING.length, begins: 0, end: text.length };
  const error = explainScriptError(serverError(fields), sent, "nothing was done", "mend it");
  if (!(error instanceof PgroveError)) throw error;
  expect([error.exit, error.code]).toEqual([1, "migration_failed"]);
  return error.message;
}

describe("the place", () => {
  test.each<[string, string, string, string, string]>([
    ["in a line", "select 1;\nselect nope;", "2:8", "  select nope;", "         ^"],
    ["behind CRLF", "select 1;\r\nselect nope;\r\n", "2:8", "  select nope;", "         ^"],
    ["behind a tab", "\tselect nope", "1:9", "  \tselect nope", "  \t       ^"],
    ["behind letters of two bytes", "select 'äöü', nope", "1:15", "  select 'äöü', nope", "                ^"],
    [
      "behind a letter that is two units and two cells",
      "select '😀', nope",
      "1:13",
      "  select '😀', nope",
      "               ^",
    ],
    ["behind wide letters", "-- 表\nselect '表', nope", "2:13", "  select '表', nope", "               ^"],
  ])("%s", (_, sql, place, source, caret) => {
    const lines = explain(sql, { position: positionOf(`${OPENING}${sql}`, "nope"), message: "no column" }).split("\n");
    expect(lines[0]).toBe(`migrations/7_x.up.sql:${place}  ERROR: no column (42703)`);
    expect(lines.slice(1, 3)).toEqual([source, caret]);
  });

  test("of what is missing at the end is the end", () => {
    const sql = "select (";
    expect(explain(sql, { position: String(OPENING.length + sql.length + 2) })).toStartWith(
      "migrations/7_x.up.sql:1:9",
    );
  });

  test("counts from the line on which the section begins", () => {
    const sql = "select nope";
    expect(explain(sql, { position: positionOf(`${OPENING}${sql}`, "nope") }, 12)).toStartWith(
      "migrations/7_x.up.sql:12:8",
    );
  });

  test.each([{}, { position: "3" }, { position: "100000" }])(
    "is left out when it is not in the script: %j",
    (fields) => {
      expect(explain("select 1", fields)).toStartWith("migrations/7_x.up.sql: 7 x: ERROR: wrong");
    },
  );
});

test("all that PostgreSQL says is told, in its order", () => {
  const said = {
    detail: "Key (1) is there.",
    hint: "Take another.",
    internal_query: "select f()",
    where: "PL/pgSQL function f() line 3",
  };
  expect(explain("select 1", said).split("\n").slice(1)).toEqual([
    "DETAIL: Key (1) is there.",
    "HINT: Take another.",
    "QUERY: select f()",
    "CONTEXT: PL/pgSQL function f() line 3",
    "nothing was done",
  ]);
});

test.each([
  ["55P03", "canceling statement due to lock timeout", "migrations.lock_timeout"],
  ["55P03", 'could not obtain lock on row in relation "t"', "NOWAIT"],
  ["57014", "canceling statement due to statement timeout", "--statement-timeout"],
  ["57014", "canceling statement due to user request", "pg_cancel_backend"],
  ["25006", "cannot execute CREATE TABLE in a read-only transaction", "the primary server"],
  ["2D000", "invalid transaction termination", "pgrove:no-transaction"],
  ["25001", "CREATE INDEX CONCURRENTLY cannot run inside a transaction block", "pgrove:no-transaction"],
  ["55P04", 'unsafe use of new value "c" of enum type mood', "a migration behind this one"],
  ["0A000", 'cannot create index on partitioned table "t" concurrently', "ON ONLY[^]*ATTACH PARTITION"],
  ["0A000", 'cannot drop partitioned index "i" concurrently', "without CONCURRENTLY"],
  ["0A000", 'cannot add NOT VALID foreign key on partitioned table "a" referencing relation "b"', "to each partition"],
  ["25P04", "terminating connection due to transaction timeout", "SET transaction_timeout"],
])("after %s (%s) the hint names what is to be changed", (code, message, advice) => {
  const sent = { step: stepOf("select 1"), text: "select 1", offset: 0, begins: 0, end: 8 };
  expect(explainScriptError(serverError({ code, message }), sent, "", "mend it")).toMatchObject({
    hint: expect.stringMatching(new RegExp(`${advice}[^]*\nmend it$`)),
  });
});

describe("behind an open end nothing of what pgrove has sent is told", () => {
  const BEHIND = "\n;\ninsert into pgrove.migrations values (7, '007', 'x');commit";

  test.each<[string, string, string, string]>([
    ["a string", "select 1;\nselect 'abc", "unterminated quoted string", ":2:8"],
    ["a body", "do $$ begin", "unterminated dollar-quoted string", ":1:4"],
    ["a comment", "select 1 /* and", "unterminated /* comment", ":1:10"],
    ["a name", 'select 1;\ncreate table "a (b int)', "unterminated quoted identifier", ":2:14"],
  ])("%s", async (_, sql, said, place) => {
    const text = `${OPENING}${sql}${BEHIND}`;
    const sent = { step: stepOf(sql), text, offset: OPENING.length, begins: 0, end: OPENING.length + sql.length };
    const answered = serverError({ code: "42601", message: `syntax error at or near "007', 'x');commit"` });
    const error = explainScriptError(await asOfScriptAlone(answered, sent), sent, "nothing was done", "mend it");
    const { message } = error as PgroveError;
    expect(message).toStartWith(`migrations/7_x.up.sql${place}  ERROR: ${said}`);
    expect(message).not.toMatch(/007|commit|pgrove\.migrations/);
  });

  test("another mistake of syntax stays as PostgreSQL says it", async () => {
    const text = `${OPENING}selct 1${BEHIND}`;
    const sent = { step: stepOf("selct 1"), text, offset: OPENING.length, begins: 0, end: OPENING.length + 7 };
    const answered = serverError({ code: "42601", message: 'syntax error at or near "selct"' });
    expect(await asOfScriptAlone(answered, sent)).toBe(answered);
  });
});

test("what is no answer of PostgreSQL's stays as it is", () => {
  const lost = Object.assign(new Error("gone"), { code: "CONNECTION_CLOSED" });
  const sent = { step: stepOf("select 1"), text: "select 1", offset: 0, begins: 0, end: 8 };
  expect(explainScriptError(lost, sent, "", "")).toBe(lost);
  expect([isServerError(lost), isServerError(serverError({}))]).toEqual([false, true]);
});

test("one line is enough for the ledger", () => {
  expect(shortServerError(serverError({ message: "first\nsecond" }))).toBe("first (42703)");
});

test.each([
  [`unterminated quoted string at or near "'hunter2 "x"`, 'unterminated quoted string at or near "…" (42703)'],
  ['invalid input syntax for type integer: "hunter2"', 'invalid input syntax for type integer: "…" (42703)'],
  ['column "a" of relation "t" does not exist', 'column "a" of relation "t" does not exist (42703)'],
])("the ledger keeps no text of the migration, and no value: %s", (message, kept) => {
  expect(shortServerError(serverError({ message }))).toBe(kept);
});

test.each<[string, boolean]>([
  ["42703", true],
  ["57014", true],
  ["57P01", false],
  ["08006", false],
  ["CONNECTION_CLOSED", false],
])("after %s the session can be spoken to: %p", (code, alive) => {
  const { signal } = new AbortController();
  expect(leavesSession(serverError({ code }), signal)).toBe(alive);
  expect(leavesSession(serverError({ code }), AbortSignal.abort())).toBe(false);
  expect(leavesSession(serverError({ code, severity: "FATAL" }), signal)).toBe(false);
});
