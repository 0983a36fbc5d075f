import { expect, test } from "bun:test";
import { joinCommands } from "../../../src/sys/pipe.ts";
import { systemRunner } from "../../../src/sys/process.ts";

test("a reader that fails without having read on does not keep the writer waiting", async () => {
  const endless = { file: "sh", args: ["-c", "while :; do echo some bytes; done"], env: {}, secrets: [] };
  const reason = new Error("the reader failed");
  const readOne = async (input: AsyncIterable<Uint8Array>) => {
    // Neither read on nor closed: a program's input that is stuck in a full pipe looks like this.
    await input[Symbol.asyncIterator]().next();
    throw reason;
  };
  const never = new AbortController().signal;
  expect(await joinCommands(systemRunner, endless, readOne, never).catch((error: unknown) => error)).toBe(reason);
});
