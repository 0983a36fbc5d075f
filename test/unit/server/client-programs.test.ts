import { expect, test } from "bun:test";
import { refusal } from "../../../src/errors.ts";
import { findClientPrograms } from "../../../src/server/client-programs.ts";
import { type Runner, systemRunner } from "../../../src/sys/process.ts";

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
