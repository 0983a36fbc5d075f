import { describe, expect, test } from "bun:test";
import { type FindingsAnswer, formatAnnotation, reportFindings } from "../../../src/cli/findings.ts";
import { createOutput } from "../../../src/cli/output.ts";
import { createPaint } from "../../../src/cli/terminal.ts";
import type { Finding } from "../../../src/migrate/migration.ts";

const finding: Finding = {
  rule: "ban-drop-column",
  level: "warning",
  file: "migrations/7_users.up.sql",
  line: 3,
  column: 5,
  message: "drops users.name",
  hint: "wait until no program reads it",
};
const error: Finding = { ...finding, level: "error", rule: "syntax-error", line: 9, message: "syntax error" };

async function report(
  findings: readonly Finding[],
  options: { json?: boolean; environment?: Record<string, string>; more?: Partial<FindingsAnswer> } = {},
) {
  let stdout = "";
  const output = createOutput({
    ...{ json: options.json ?? false, quiet: false, verbose: false, paint: createPaint(false) },
    sinks: {
      stdout: async (chunk) => {
        stdout += String(chunk);
      },
      stderr: async () => {},
    },
  });
  const context = { output, environment: options.environment ?? {} };
  const code = await reportFindings(context, findings, { checked: "2 migrations", ...options.more });
  return { code, stdout };
}

describe("reportFindings", () => {
  test("shows each at its place, the hint below, and counts the levels", async () => {
    const { code, stdout } = await report([finding, error]);
    expect(code).toBe(6);
    expect(stdout.split("\n")).toEqual([
      "migrations/7_users.up.sql:3:5: warning: drops users.name [ban-drop-column]",
      "  hint: wait until no program reads it",
      "migrations/7_users.up.sql:9:5: error: syntax error [syntax-error]",
      "  hint: wait until no program reads it",
      "2 migrations: 1 error, 1 warning",
      "",
    ]);
  });

  test("without any, says so and ends with 0", async () => {
    expect(await report([])).toEqual({ code: 0, stdout: "2 migrations: nothing found\n" });
  });

  test("what else is to be said stands before the count", async () => {
    const { stdout } = await report([], { more: { lines: ["not checked: the server"] } });
    expect(stdout.split("\n")[0]).toBe("not checked: the server");
  });

  test("a file's name cannot move the cursor; a message's further lines are indented", async () => {
    const { stdout } = await report([{ ...finding, file: "a\u001b[2J\n.sql", message: "first\nsecond" }]);
    expect(stdout).toContain("a\\x1b[2J\\n.sql:3:5: warning: first [ban-drop-column]\n  second\n");
  });

  test("under --json every key is there, and no annotation", async () => {
    const environment = { GITHUB_ACTIONS: "true" };
    const { hint: _, ...bare } = error;
    const { code, stdout } = await report([finding, bare], { json: true, environment, more: { document: { n: 2 } } });
    expect(code).toBe(6);
    expect(JSON.parse(stdout)).toEqual({ version: 1, findings: [finding, { ...bare, hint: null }], n: 2 });
  });

  test("GitHub Actions gets annotations behind the text; nobody else does", async () => {
    expect((await report([error])).stdout).not.toContain("::error");
    const { stdout } = await report([error], { environment: { GITHUB_ACTIONS: "true" } });
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(
      "::error file=migrations/7_users.up.sql,line=9,col=5,title=syntax-error::syntax error%0Await until no program reads it",
    );
  });
});

test("an annotation's values cannot end it, or begin another", () => {
  const { hint: _, ...bare } = finding;
  const nasty = { ...bare, file: "a,b:c%d\n::error::x", message: "100% sure\r\n::error::y" };
  expect(formatAnnotation(nasty)).toBe(
    "::warning file=a%2Cb%3Ac%25d%0A%3A%3Aerror%3A%3Ax,line=3,col=5,title=ban-drop-column::100%25 sure%0D%0A::error::y",
  );
});
