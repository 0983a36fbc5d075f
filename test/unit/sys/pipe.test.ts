import { describe, expect, test } from "bun:test";
import { joinCommands } from "../../../src/sys/pipe.ts";
import { type Command, systemRunner } from "../../../src/sys/process.ts";

const NEVER = new AbortController().signal;
const shell = (script: string): Command => ({ file: "sh", args: ["-c", script], env: {}, secrets: [] });

async function gather(input: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of input) text += decoder.decode(chunk, { stream: true });
  return text;
}

/** Reads so many bytes and stops. */
async function take(input: AsyncIterable<Uint8Array>, bytes: number): Promise<number> {
  let seen = 0;
  for await (const chunk of input) {
    seen += chunk.length;
    if (seen > bytes) break;
  }
  return seen;
}

const join = <T>(from: Command, read: (input: AsyncIterable<Uint8Array>) => Promise<T>, abort = NEVER) =>
  joinCommands(systemRunner, from, read, abort);

describe("one program's output is another's input", () => {
  test("and the first's input is given to it", async () => {
    async function* input(): AsyncGenerator<Uint8Array> {
      for (let part = 0; part < 1000; part++) yield Buffer.from(`${part}\n`);
    }
    const text = await joinCommands(systemRunner, shell("sort -rn"), gather, NEVER, { input: input() });
    expect(text).toBe(Array.from({ length: 1000 }, (_, index) => `${999 - index}\n`).join(""));
  });

  test("whole, with its bytes counted and its words passed on", async () => {
    const [lines, counts]: [string[], number[]] = [[], []];
    const listeners = {
      line: (line: string) => void lines.push(line),
      chunk: (bytes: number) => void counts.push(bytes),
    };
    const text = await joinCommands(systemRunner, shell("seq 1 200000; echo done >&2"), gather, NEVER, listeners);
    expect(text).toBe(Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join(""));
    expect(counts.reduce((sum, bytes) => sum + bytes, 0)).toBe(text.length);
    expect(lines).toEqual(["done"]);
  });

  test("between two programs", async () => {
    let answer = "";
    const output = (chunk: Uint8Array) => {
      answer += new TextDecoder().decode(chunk);
    };
    await join(shell("seq 1 100000"), (input) => systemRunner.stream(shell("wc -l"), { input, output }, NEVER));
    expect(answer.trim()).toBe("100000");
  });
});

describe("what fails", () => {
  test("the first: its error counts, whatever the reader made of the half", async () => {
    const first = shell("echo half; echo 'error: broken' >&2; exit 3");
    await expect(join(first, gather)).rejects.toThrow("error: broken");
    const complaining = join(first, async (input) => {
      await gather(input);
      throw new Error("unexpected end");
    });
    await expect(complaining).rejects.toThrow("error: broken");
  });

  test("the reader: its error counts, at once and in the middle", async () => {
    for (const wanted of [0, 100_000]) {
      const reading = join(shell("while :; do echo line; done"), async (input) => {
        if (wanted > 0) await take(input, wanted);
        throw new Error(`the reader failed after ${wanted}`);
      });
      await expect(reading).rejects.toThrow(`the reader failed after ${wanted}`);
    }
  });

  test("the reader, as a program that ends in the middle", async () => {
    const second = (input: AsyncIterable<Uint8Array>) =>
      systemRunner.stream(shell("head -c 300000 > /dev/null; echo 'error: row 7' >&2; exit 1"), { input }, NEVER);
    await expect(join(shell("while :; do echo line; done"), second)).rejects.toThrow("error: row 7");
  });

  test("the reader, while the first has nothing to say: nobody waits for it", async () => {
    const second = (input: AsyncIterable<Uint8Array>) =>
      systemRunner.stream(shell("echo 'error: no login' >&2; exit 2"), { input }, NEVER);
    // An hour is beyond every bound of a test: whoever waits for it fails by that.
    await expect(join(shell("exec sleep 3600"), second)).rejects.toThrow("error: no login");
  });

  test("an abort ends both", async () => {
    const controller = new AbortController();
    const joined = join(
      shell("while :; do echo line; done"),
      async (input) => {
        for await (const chunk of input) if (chunk.length > 0) controller.abort(new Error("stop"));
      },
      controller.signal,
    );
    await expect(joined).rejects.toMatchObject({ failure: { aborted: true } });
  });
});
