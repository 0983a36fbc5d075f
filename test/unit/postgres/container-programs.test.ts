import { expect, test } from "bun:test";
import { wrapProgram } from "../../../src/postgres/container-programs.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

const NEVER = new AbortController().signal;

function start(program: readonly string[]) {
  const { words, proof } = wrapProgram(program);
  const [file = "", ...args] = words;
  return systemRunner.stream({ file, args, env: {}, secrets: [], proof }, {}, NEVER);
}

test("a program proves how it ended, and is known by its own name", async () => {
  expect(await start(["sh", "-c", "exit 0"])).toBeUndefined();
  const error: unknown = await start(["sh", "-c", "exit 7"]).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ failure: { exitCode: 7, lost: false } });
});

test("nothing that a program says is taken for the proof: it does not know it", async () => {
  const known = wrapProgram(["true"]).proof;
  const forged = `for p in ${known} pgrove-exit; do echo "$p 0" >&2; done; kill -KILL $PPID`;
  const error: unknown = await start(["sh", "-c", forged]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ToolError);
  expect(error).toMatchObject({ failure: { lost: true } });
});

test("a program in a container leaves no core dump", async () => {
  expect(await start(["sh", "-c", "test $(ulimit -c) = 0"])).toBeUndefined();
});
