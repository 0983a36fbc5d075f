import { describe, expect, test } from "bun:test";
import { type Command, type Streams, systemRunner } from "../../../src/sys/process.ts";
import { ToolError, type ToolFailure } from "../../../src/sys/tool-error.ts";

const NEVER = new AbortController().signal;

function shell(script: string, more: Partial<Command> = {}): Command {
  return { file: "sh", args: ["-c", script], env: {}, secrets: [], ...more };
}

async function failureOf(promise: Promise<unknown>): Promise<ToolFailure & { message: string }> {
  const error: unknown = await promise.then(
    () => new Error("it resolved"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ToolError)) throw error;
  return { ...error.failure, message: error.message };
}

const stream = (command: Command, io: Streams = {}, abort = NEVER) => systemRunner.stream(command, io, abort);

describe("how a program ended", () => {
  test("its output, its words and its exit code", async () => {
    expect(await systemRunner.capture(shell("echo out; echo words >&2"))).toEqual({
      stdout: "out\n",
      stderr: "words",
      exitCode: 0,
    });
    const failed = await failureOf(stream(shell("echo 'fatal: no' >&2; exit 7")));
    expect(failed).toMatchObject({ program: "sh", exitCode: 7, stderr: ["fatal: no"], aborted: false, lost: false });
    expect(failed.message).toContain("exit 7");
    expect(failed.message).toContain("fatal: no");
    const allowed = await systemRunner.capture(shell("echo out; exit 7"), { allowFailure: true });
    expect(allowed).toMatchObject({ stdout: "out\n", exitCode: 7 });
  });

  test("by a signal", async () => {
    const failed = await failureOf(stream(shell("kill -KILL $$")));
    expect(failed).toMatchObject({ signal: "SIGKILL", aborted: false });
    await expect(systemRunner.capture(shell("kill -KILL $$"), { allowFailure: true })).resolves.toMatchObject({
      exitCode: 1,
    });
  });

  test("one that cannot be started", async () => {
    const missing = stream({ ...shell(""), file: "no-such-program" });
    await expect(missing).rejects.toMatchObject({ code: "program_missing", exit: 4 });
    await expect(stream({ ...shell(""), file: "/" })).rejects.toMatchObject({ exit: 4 });
    const gone = stream({ ...shell(""), cwd: "/no/such/folder" });
    await expect(gone).rejects.toMatchObject({
      code: "folder_gone",
      message: expect.stringContaining("/no/such/folder"),
    });
  });

  test("with a proof, only the proof counts", async () => {
    const proof = "the-end";
    expect(await stream(shell("echo words >&2; echo 'the-end 0' >&2", { proof }))).toBeUndefined();
    expect(await failureOf(stream(shell("echo words >&2", { proof })))).toMatchObject({
      lost: true,
      stderr: ["words"],
    });
    const failed = await failureOf(stream(shell("echo 'the-end 3' >&2; exit 0", { proof })));
    expect(failed).toMatchObject({ exitCode: 3, lost: false, stderr: [] });
    const lost = systemRunner.capture(shell("exit 0", { proof }), { allowFailure: true });
    expect(await failureOf(lost)).toMatchObject({ lost: true });
  });

  test("who waits for a word takes it out of a line before a secret could be found in it", async () => {
    const lines: string[] = [];
    const sift = (line: string) => (line === "the word" ? undefined : line);
    const io = { line: (line: string) => lines.push(line), sift };
    const command = shell("echo a word >&2; echo the word >&2; exit 3", { secrets: ["word"] });
    const failed = await failureOf(systemRunner.stream(command, io, new AbortController().signal));
    expect(lines).toEqual(["a ***"]);
    expect(failed).toMatchObject({ stderr: ["a ***"] });
  });

  test("secrets are in none of it", async () => {
    const secrets = ["hunter2"];
    const lines: string[] = [];
    const command = shell("echo 'error: hunter2 is wrong' >&2; exit 1", {
      secrets,
      args: ["-c", "echo error: $0 >&2; exit 1", "hunter2"],
    });
    const failed = await failureOf(stream(command, { line: (line) => void lines.push(line) }));
    expect(JSON.stringify([failed, lines])).not.toContain("hunter2");
    expect(failed.argv.at(-1)).toBe("***");
    expect(lines).toEqual(["error: ***"]);
  });

  test("of many words the first and the last are kept, of a line without an end all", async () => {
    const failed = await failureOf(
      stream(shell("echo first >&2; seq 1 500 >&2; printf 'last without end' >&2; exit 1")),
    );
    expect(failed.stderr[0]).toBe("first");
    expect(failed.stderr.at(-1)).toBe("last without end");
    expect(failed.stderr.at(-2)).toBe("500");
    expect(failed.stderr.length).toBeLessThan(60);
  });
});

describe("streams", () => {
  async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < count; piece++) yield new Uint8Array(size).fill(65 + (piece % 26));
  }

  test("input and output pass through whole, byte for byte", async () => {
    const [sent, received] = [new Bun.CryptoHasher("sha256"), new Bun.CryptoHasher("sha256")];
    let bytes = 0;
    const input = (async function* () {
      for await (const piece of pieces(200, 65_537)) {
        sent.update(piece);
        yield piece;
      }
    })();
    const output = (chunk: Uint8Array) => {
      received.update(chunk);
      bytes += chunk.length;
    };
    await stream({ ...shell(""), file: "cat", args: [] }, { input, output });
    expect(bytes).toBe(200 * 65_537);
    expect(received.digest("hex")).toBe(sent.digest("hex"));
  });

  test("a slow reader holds the program back", async () => {
    let produced = 0;
    let consumed = 0;
    let most = 0;
    const input = (async function* () {
      for await (const piece of pieces(400, 1 << 16)) {
        produced += piece.length;
        yield piece;
      }
    })();
    const output = async (chunk: Uint8Array) => {
      await Bun.sleep(1);
      consumed += chunk.length;
      most = Math.max(most, produced - consumed);
    };
    await stream({ ...shell(""), file: "cat", args: [] }, { input, output });
    expect(consumed).toBe(400 << 16);
    expect(most).toBeLessThan(6 << 20);
  });

  test("an input that fails is the error, and the program does not take what came for all", async () => {
    const input = (async function* () {
      yield new TextEncoder().encode("half");
      throw new Error("the disk is gone");
    })();
    let ended = "";
    const script = "cat > /dev/null; echo whole";
    const output = (chunk: Uint8Array) => {
      ended += new TextDecoder().decode(chunk);
    };
    await expect(stream(shell(script), { input, output })).rejects.toThrow("the disk is gone");
    expect(ended).toBe("");
  });

  test("an output that fails is the error, and the program is ended", async () => {
    const output = () => {
      throw new Error("no room");
    };
    await expect(stream(shell("while :; do echo x; done"), { output })).rejects.toThrow("no room");
  });

  test("a program that does not read its input to the end is no error when it says so", async () => {
    const command = { ...shell(""), file: "head", args: ["-c", "3"] };
    let said = "";
    const output = (chunk: Uint8Array) => {
      said += new TextDecoder().decode(chunk);
    };
    await stream(command, { input: pieces(1000, 1 << 16), output });
    expect(said).toBe("AAA");
    const failed = await failureOf(
      stream(shell("exec 0<&-; echo 'error: no' >&2; exit 4"), { input: pieces(1000, 1 << 16) }),
    );
    expect(failed).toMatchObject({ exitCode: 4, stderr: ["error: no"] });
  });

  test("text of several bytes is put together across chunks", async () => {
    const line = "ü😀".repeat(40_000);
    const captured = await systemRunner.capture({ ...shell(""), file: "cat", args: [] }, { input: line });
    expect(captured.stdout).toBe(line);
  });
});

describe("abort", () => {
  const untilReady = (controller: AbortController) => (chunk: Uint8Array) => {
    if (new TextDecoder().decode(chunk).includes("ready")) controller.abort(new Error("stop"));
  };

  test("a local program gets TERM and may end in order; it is a failure all the same", async () => {
    const controller = new AbortController();
    const words: string[] = [];
    const script = "trap 'echo tidied >&2; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    const io = { output: untilReady(controller), line: (line: string) => void words.push(line) };
    const failed = await failureOf(stream(shell(script), io, controller.signal));
    expect(failed).toMatchObject({ aborted: true, exitCode: 0 });
    expect(words).toContain("tidied");
  });

  test("a remote one gets none: it sees the end of its input and is waited for", async () => {
    const controller = new AbortController();
    const script = "trap 'echo killed >&2; exit 1' TERM; echo ready; cat >/dev/null; echo ended >&2; exit 0";
    const input = (async function* () {
      yield new TextEncoder().encode("x");
      await new Promise(() => undefined);
    })();
    const io = { input, output: untilReady(controller) };
    const failed = await failureOf(stream(shell(script, { remote: true }), io, controller.signal));
    expect(failed).toMatchObject({ aborted: true, exitCode: 0, stderr: ["ended"] });
  });

  test("before it starts nothing is started, and a limit of time is an abort", async () => {
    const controller = new AbortController();
    controller.abort(new Error("before"));
    await expect(stream(shell("exit 0"), {}, controller.signal)).rejects.toThrow("before");
    const failed = await failureOf(systemRunner.capture(shell("exec sleep 60"), { timeoutMs: 50, allowFailure: true }));
    expect(failed).toMatchObject({ aborted: true });
  });
});

test("the environment: ours with what is added, without git's and libpq's variables", async () => {
  const saved = { ...process.env };
  Object.assign(process.env, { PGHOST: "elsewhere", PGPASSWORD: "x", GIT_DIR: "/elsewhere", PGROVE_KEPT: "kept" });
  try {
    const script = 'echo "$PGHOST|$PGPASSWORD|$GIT_DIR|$PGROVE_KEPT|$PGUSER"';
    expect((await systemRunner.capture(shell(script, { env: { PGUSER: "given" } }))).stdout).toBe("|||kept|given\n");
  } finally {
    for (const name of ["PGHOST", "PGPASSWORD", "GIT_DIR", "PGROVE_KEPT"]) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
  }
});
