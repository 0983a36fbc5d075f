/** Whom a program leaves behind with its pipes, as `npm start &` does: not waited for, and gone with the next abort. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, systemRunner } from "../../../src/sys/process.ts";
import { processBirth } from "../../../src/sys/run-record.ts";
import { runInShell } from "../../../src/sys/shell-command.ts";
import { waitFor } from "../../support/engine/run.ts";

let folder: string;
const left: number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-left-"));
});
afterEach(() => {
  for (const pid of left.splice(0)) if (isThere(pid)) process.kill(pid, "SIGKILL");
});
afterAll(() => rm(folder, { recursive: true }));

const shell = (script: string): Command => ({ file: "sh", args: ["-c", script], env: {}, secrets: [] });

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A script that leaves a program behind, and how its number is learnt. */
function leaving(program: string) {
  const file = join(folder, crypto.randomUUID());
  const pid = async () => {
    await waitFor("its number", 10_000, () => Bun.file(file).exists(), 10);
    const found = Number(await Bun.file(file).text());
    left.push(found);
    return found;
  };
  return { script: `${program} & echo $! >${file}.new; mv ${file}.new ${file}`, pid };
}

const gone = (pid: number) => waitFor("its end", 10_000, async () => (await processBirth(pid)) === undefined, 10);

describe.each([
  ["is silent", "sleep 300"],
  ["never stops talking", "yes"],
  ["talks all the time", "(while :; do echo x; done)"],
])("one that %s", (_, program) => {
  test("is not waited for, and lives on", async () => {
    const { script, pid } = leaving(program);
    const { exitCode, stderr } = await systemRunner.capture(shell(`${script}; echo words >&2; exit 3`), {
      allowFailure: true,
    });
    expect(exitCode).toBe(3);
    expect(stderr).toEndWith("words");
    expect(isThere(await pid())).toBeTrue();
  });
});

test("what the program wrote itself is read whole, however slowly", async () => {
  const { script, pid } = leaving("sleep 300");
  const size = 3_000_001;
  let bytes = 0;
  const output = async (chunk: Uint8Array) => {
    await Bun.sleep(5);
    bytes += chunk.length;
  };
  await systemRunner.stream(shell(`${script}; head -c ${size} /dev/zero`), { output }, new AbortController().signal);
  expect(bytes).toBe(size);
  await pid();
});

test("an abort behind its program's end ends it, also when another program is at work by then", async () => {
  const controller = new AbortController();
  const { script, pid } = leaving("sleep 300");
  const place = { cwd: folder, env: {}, runner: systemRunner, abort: controller.signal };
  await runInShell(script, place, () => undefined);
  const number = await pid();
  expect(isThere(number)).toBeTrue();
  const next = runInShell("echo ready; sleep 300", place, () => controller.abort(new Error("stop")));
  await expect(next).rejects.toMatchObject({ failure: { aborted: true } });
  await gone(number);
});

test("an abort while its program works ends both", async () => {
  const controller = new AbortController();
  const { script, pid } = leaving("sleep 300");
  const place = { cwd: folder, env: {}, runner: systemRunner, abort: controller.signal };
  const working = runInShell(`${script}; echo ready; sleep 300`, place, () => controller.abort(new Error("stop")));
  await expect(working).rejects.toMatchObject({ failure: { aborted: true } });
  await gone(await pid());
});

test("the end of a limit for its program does not end it", async () => {
  const { script, pid } = leaving("sleep 300");
  const timeoutMs = 1_000;
  const began = Date.now();
  await systemRunner.capture(shell(script), { timeoutMs });
  const number = await pid();
  await waitFor("the limit", 10_000, async () => Date.now() - began > timeoutMs + 200, 50);
  expect(isThere(number)).toBeTrue();
});

test("a listener that fails is the error, and the program is gone by then", async () => {
  const { script, pid } = leaving("sleep 300");
  const line = () => {
    throw new Error("nobody listens");
  };
  const io = { line };
  const failing = systemRunner.stream(shell(`${script}; echo words >&2; wait`), io, new AbortController().signal);
  await expect(failing).rejects.toThrow("nobody listens");
  await gone(await pid());
});

describe("whoever does not hear TERM", () => {
  const deaf = "sh -c 'trap \"\" TERM INT; echo ready; while :; do sleep 0.05; done'";

  /** A program of ours that runs a step, as pgrove does, in a process of its own. */
  async function startStep(step: string) {
    const file = join(folder, `${crypto.randomUUID()}.ts`);
    const source = join(import.meta.dir, "../../../src/sys");
    await Bun.write(
      file,
      `import { endGroups } from "${source}/child-run.ts";
       import { systemRunner } from "${source}/process.ts";
       import { runInShell } from "${source}/shell-command.ts";
       import { watchSignals } from "${source}/signals.ts";
       const { abort } = watchSignals();
       abort.addEventListener("abort", () => console.log("aborted"));
       const place = { cwd: "/", env: {}, runner: systemRunner, abort };
       const tell = (line: string) => console.log(line);
       await runInShell(process.argv[2] ?? "", place, tell).catch(() => undefined);
       await runInShell("echo next; sleep 300", place, tell).catch(() => undefined);
       await endGroups();`,
    );
    let said = "";
    const child = Bun.spawn([process.execPath, file, step], { stdout: "pipe", stderr: "inherit" });
    void (async () => {
      for await (const chunk of child.stdout) said += new TextDecoder().decode(chunk);
    })();
    const hears = (word: string) => waitFor(word, 20_000, async () => said.includes(word), 10);
    return { child, hears };
  }

  test("does not outlive the second Ctrl-C while it works", async () => {
    const { script, pid } = leaving(deaf);
    const { child, hears } = await startStep(`${script}; wait`);
    await hears("ready");
    const number = await pid();
    child.kill("SIGINT");
    await hears("aborted");
    child.kill("SIGINT");
    await child.exited;
    expect(child.signalCode).toBe("SIGINT");
    await gone(number);
  });

  test("does not outlive the first one when it was left behind", async () => {
    const { script, pid } = leaving(deaf);
    const { child, hears } = await startStep(`${script}; while ! test -s ${folder}/never; do sleep 0.1; break; done`);
    await hears("ready");
    await hears("next");
    const number = await pid();
    child.kill("SIGINT");
    await child.exited;
    await gone(number);
  });
});
