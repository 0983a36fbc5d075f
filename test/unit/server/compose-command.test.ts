import { expect, test } from "bun:test";
import { explainComposeError, explainNoCompose } from "../../../src/server/compose-command.ts";
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

test.each([
  ["dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: server misbehaving", "network"],
  ['Get "https://registry.example/v2/": net/http: TLS handshake timeout', "network"],
  ['Get "https://registry.example/v2/": x509: certificate signed by unknown authority', "network"],
  ["toomanyrequests: You have reached your unauthenticated pull rate limit", "docker login"],
  ["manifest for postgres:99 not found: manifest unknown", "check compose.yaml"],
  ["service db has neither an image nor a build context specified", "check compose.yaml"],
])("a failed start points to what is at fault: %s", (line, hint) => {
  const spec = { kind: "compose" as const, files: ["compose.yaml"], service: "db", profiles: [] };
  const error = explainComposeError(said("docker", `Error response from daemon: ${line}`), spec, "docker");
  expect(error).toMatchObject({ code: "compose_failed", hint: expect.stringContaining(hint) });
});
