/** Input that ends early: for a program elsewhere it is taken back, one of this machine is gone before it could end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Command, type Streams, systemRunner } from "../../../src/sys/process.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

const NEVER = new AbortController().signal;
const TAKE_BACK = "<taken back>\n";

const bytes = (text: string) => new TextEncoder().encode(text);
const forever = () => new Promise<never>(() => undefined);

const shell = (script: string): Command => ({ file: "sh", args: ["-c", script], env: {}, secrets: [] });
const elsewhere = (script: string): Command => ({ ...shell(script), remote: true, takeBack: TAKE_BACK });

/** Gives the pieces; when they have been fed, `then` says how it goes on. */
async function* feed(pieces: readonly string[], then: () => unknown = () => undefined): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield bytes(piece);
  await then();
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-cut-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** What a program has been fed when it ends, and how it was seen to end. */
async function run(io: Streams, abort = NEVER, kind = elsewhere): Promise<{ fed: string; error: unknown }> {
  const path = join(folder, crypto.randomUUID());
  const error: unknown = await systemRunner.stream(kind(`tee ${path}`), io, abort).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { fed: await Bun.file(path).text(), error };
}

describe("a program elsewhere", () => {
  test("that is fed to the end gets all of it, and nothing else", async () => {
    const pieces = ["one\ntwo", " still two\nthree", "\n", "without an end"];
    expect(await run({ input: feed(pieces) })).toEqual({ fed: pieces.join(""), error: undefined });
    expect(await run({ input: feed([]) })).toEqual({ fed: "", error: undefined });
  });

  test("an abort: whole lines, then what takes them back", async () => {
    const controller = new AbortController();
    const input = feed(["one\nhalf a li"], () => {
      controller.abort(new Error("stop"));
      return forever();
    });
    const { fed, error } = await run({ input }, controller.signal);
    expect(fed).toBe(`one\n${TAKE_BACK}`);
    expect(error).toBeInstanceOf(ToolError);
    expect(error).toMatchObject({ failure: { aborted: true } });
  });

  test("an abort at which the input ends by itself, as a reader does that is told to stop", async () => {
    const controller = new AbortController();
    const input = feed(["one\nhalf a li"], () => controller.abort(new Error("stop")));
    expect((await run({ input }, controller.signal)).fed).toBe(`one\n${TAKE_BACK}`);
  });

  test("an input that fails", async () => {
    const reason = new Error("the disk is gone");
    const input = feed(["one\nhalf a li"], () => Promise.reject(reason));
    expect(await run({ input })).toEqual({ fed: `one\n${TAKE_BACK}`, error: reason });
  });

  test("an output that nobody takes", async () => {
    const reason = new Error("no room");
    const output = () => Promise.reject(reason);
    expect(await run({ input: feed(["one\nhalf"], forever), output })).toEqual({
      fed: `one\n${TAKE_BACK}`,
      error: reason,
    });
  });

  test("what it says to that is told to nobody", async () => {
    const controller = new AbortController();
    const told: string[] = [];
    const input = feed(["one\n"], forever);
    const io = {
      input,
      output: (chunk: Uint8Array) => {
        told.push(new TextDecoder().decode(chunk));
        controller.abort(new Error("stop"));
      },
      line: (line: string) => void told.push(line),
    };
    const failed = systemRunner.stream(elsewhere("head -n 1; cat; echo words >&2"), io, controller.signal);
    await expect(failed).rejects.toMatchObject({ failure: { aborted: true, stderr: ["words"] } });
    expect(told).toEqual(["one\n"]);
  });

  test("a reader that is far behind still gets everything in its order", async () => {
    const controller = new AbortController();
    const gate = join(folder, "gate");
    const many = `${"x".repeat(99)}\n`.repeat(5000); // more than a pipe holds
    const fed = Promise.withResolvers<void>();
    const input = (async function* () {
      fed.resolve();
      yield* feed([many, "never"], forever);
    })();
    const waiting = (script: string) => elsewhere(`until test -e ${gate}; do sleep 0.02; done; ${script}`);
    const running = run({ input }, controller.signal, waiting);
    await fed.promise;
    await setImmediate(); // what was taken is handed on
    controller.abort(new Error("stop"));
    await Bun.write(gate, "");
    expect((await running).fed).toBe(many + TAKE_BACK);
  });

  test("a line too long to be kept is passed on as it comes", async () => {
    const long = "x".repeat(700_000);
    const pieces = [long, long, long, "\nend"];
    expect((await run({ input: feed(pieces) })).fed).toBe(pieces.join(""));
  });
});

test("without a way to take it back, an abort is the end of the input: what the above is about", async () => {
  const controller = new AbortController();
  const input = feed(["one\nhalf a li"], () => {
    controller.abort(new Error("stop"));
    return forever();
  });
  const careless = (script: string) => ({ ...shell(script), remote: true });
  expect((await run({ input }, controller.signal, careless)).fed).toBe("one\nhalf a li");
});

test("a program of this machine is ended before its input is", async () => {
  const controller = new AbortController();
  const input = feed(["one\n"], () => {
    controller.abort(new Error("stop"));
    return forever();
  });
  let said = "";
  const output = (chunk: Uint8Array) => {
    said += new TextDecoder().decode(chunk);
  };
  const failed = systemRunner.stream(
    { ...shell("cat; echo ended"), takeBack: TAKE_BACK },
    { input, output },
    controller.signal,
  );
  await expect(failed).rejects.toMatchObject({ failure: { aborted: true } });
  expect(said).not.toContain("ended");
});
