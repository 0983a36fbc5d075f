import { expect, test } from "bun:test";
import { refusal } from "../../../src/errors.ts";
import { findClientPrograms } from "../../../src/server/client-programs.ts";
import { type Runner, systemRunner } from "../../../src/sys/process.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

test("an image that was not approved is neither looked for nor pulled", async () => {
  const started: string[] = [];
  const runner: Runner = {
    ...systemRunner,
    capture: (command, limits) => {
      started.push(command.file);
      return systemRunner.capture(command, limits);
    },
  };
  const approveImage = () => Promise.reject(refusal("not_trusted", "evil:99"));
  const tools = { runner, clientImage: "evil:{major}", approveImage, note: () => undefined };
  await expect(findClientPrograms(99, "the server is PostgreSQL 99", tools)).rejects.toMatchObject({
    code: "not_trusted",
  });
  expect(started).not.toContain("docker");
});

test("where the engine runs, and the image cannot be had, nobody is told to start the engine", async () => {
  const runner: Runner = {
    ...systemRunner,
    capture: async ({ file, args }) => {
      if (file !== "docker") throw new Error("not here");
      if (args[0] === "image") return { stdout: "", stderr: "", exitCode: 0 };
      const ended = { program: "docker", argv: [file, ...args], exitCode: 1, signal: undefined };
      throw new ToolError({
        ...ended,
        stderr: ["dial tcp: lookup registry: no such host"],
        aborted: false,
        lost: false,
      });
    },
  };
  const found = findClientPrograms(99, "the server is PostgreSQL 99", {
    ...{ runner, clientImage: "postgres:{major}", note: () => undefined },
  });
  await expect(found).rejects.toMatchObject({
    ...{ code: "programs_missing", exit: 4, hint: expect.stringContaining("docker pull postgres:99") },
  });
  await expect(found).rejects.toMatchObject({ hint: expect.not.stringContaining("start Docker") });
});
