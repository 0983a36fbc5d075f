import { expect, test } from "bun:test";
import { systemRunner } from "../../../src/sys/process.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

const NEVER = new AbortController().signal;

/** An input that gives one piece and then stays open for ever, as a terminal or a stalled pipe does. */
async function* openInput(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode("first\n");
  await new Promise(() => undefined);
}

test("a program that fails while its input stays open is not waited for", async () => {
  const command = { file: "sh", args: ["-c", 'read line; echo "got $line" >&2; exit 3'], env: {}, secrets: [] };
  const error: unknown = await systemRunner.stream(command, { input: openInput() }, NEVER).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ToolError);
  expect(error instanceof ToolError && error.failure).toMatchObject({ exitCode: 3, stderr: ["got first"] });
});

test("a program that ends well while its input stays open has ended well", async () => {
  const command = { file: "sh", args: ["-c", "read line"], env: {}, secrets: [] };
  expect(await systemRunner.stream(command, { input: openInput() }, NEVER)).toBeUndefined();
});
