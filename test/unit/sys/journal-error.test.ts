import { expect, test } from "bun:test";
import { failure, refusal } from "../../../src/errors.ts";
import { describeForJournal } from "../../../src/sys/journal-error.ts";
import { ToolError, type ToolFailure } from "../../../src/sys/tool-error.ts";

/** As postgres.js makes it of what PostgreSQL sends. */
function answer(message: string, fields: object) {
  return Object.assign(new Error(message), { severity: "ERROR", ...fields });
}

const SECRET = "4111 1111 1111 1111";
const ANSWER = answer(`invalid input syntax for type integer: "${SECRET}"`, {
  code: "22P02",
  where: `COPY card, line 1, column number: "${SECRET}"`,
});
const FAILURE: ToolFailure = {
  ...{ program: "psql", argv: ["psql"], exitCode: 3, signal: undefined, aborted: false, lost: false },
  stderr: [`psql:<stdin>:1: ERROR:  syntax error at or near "${SECRET}"`, `LINE 1: alter role x password '${SECRET}'`],
};

test.each([
  [ANSWER, "the server refused it (SQLSTATE 22P02)"],
  [
    failure("sql_failed", `x.sql:1: ${ANSWER.message}`, undefined, ANSWER),
    "sql_failed: the server refused it (SQLSTATE 22P02)",
  ],
  [failure("a", SECRET, undefined, failure("b", SECRET, SECRET, ANSWER)), "a: the server refused it (SQLSTATE 22P02)"],
  [new ToolError(FAILURE), "psql failed (exit 3)"],
  [
    failure("sql_failed", FAILURE.stderr.join("\n"), undefined, new ToolError(FAILURE)),
    "sql_failed: psql failed (exit 3)",
  ],
  [new ToolError({ ...FAILURE, aborted: true }), "psql was interrupted"],
  [new TypeError(`${SECRET} is no function`), "unexpected: TypeError"],
  [Object.assign(new Error(`read ${SECRET}`), { code: "ECONNRESET" }), "unexpected: ECONNRESET"],
  [SECRET, "unexpected: string"],
  [refusal("busy", `it isn't free\nLINE 1: ${SECRET}`), "it isn't free"],
  [refusal("bad", `the value '${SECRET}' of "${SECRET}" doesn't fit`), "the value '…' of \"…\" doesn't fit"],
  [refusal("url", "postgres://u:hunter2@h is not reached"), "postgres://u:***@h is not reached"],
])("of %p it says which it was, and nothing of what it was about", (error, said) => {
  expect(describeForJournal(error)).toBe(said);
  expect(describeForJournal(error)).not.toContain(SECRET);
});

test("causes that go round in a circle have an end", () => {
  const one = new Error("one");
  one.cause = new Error("two", { cause: one });
  expect(describeForJournal(one)).toBe("unexpected: Error");
});
