import { expect, test } from "bun:test";
import { explainNoCompose } from "../../../src/server/compose-command.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

/** What the client of an engine says. */
function said(program: string, line: string): ToolError {
  const ended = { argv: [program, "compose", "version", "--short"], exitCode: 125, signal: undefined };
  return new ToolError({ program, ...ended, stderr: [line], aborted: false, lost: false });
}

test.each([
  ["docker", "docker: 'compose' is not a docker command."],
  ["podman", "Error: unknown flag: --short"],
  ["podman", "Error: unrecognized command `podman compose`"],
] as const)("of %s that has no compose it is said what is missing: %s", (engine, line) => {
  expect(explainNoCompose(said(engine, line), engine)).toMatchObject({ code: "compose_missing", exit: 4 });
});

test("another complaint stays as it is", () => {
  const error = said("docker", "Error: out of memory");
  expect(explainNoCompose(error, "docker")).toBe(error);
});
