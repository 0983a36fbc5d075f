import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interruption } from "../../../src/errors.ts";
import { readJournal } from "../../../src/sys/journal.ts";
import {
  findDeadRuns,
  forgetRun,
  type Leftover,
  type Operation,
  type OperationTools,
  processBirth,
  withOperation,
} from "../../../src/sys/operation.ts";
import { systemRunner } from "../../../src/sys/process.ts";

let stateDir = "";
let notes: string[] = [];
let controller = new AbortController();
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "pgrove-operation-"));
  notes = [];
  controller = new AbortController();
});
afterEach(() => rm(stateDir, { recursive: true }));

/** A clock that goes on by a second with each look. */
function tools(): OperationTools {
  let now = Date.UTC(2026, 0, 15, 14, 30, 22);
  return {
    ...{ runner: systemRunner, stateDir, abort: controller.signal, progress: () => undefined },
    clock: {
      now: () => {
        now += 1000;
        return new Date(now);
      },
    },
    note: (text) => notes.push(text),
  };
}

const subject = { operation: "dump", target: "postgres://u:hunter2@h/d", server: "container c", database: "d" };
const run = <T>(body: (operation: Operation) => Promise<T>) => withOperation(tools(), subject, body);
const records = async () => (await readdir(join(stateDir, "runs"))).sort();
const record = async (id: string) => Bun.file(join(stateDir, "runs", `${id}.json`)).json();

describe("the journal", () => {
  test("has the begin and the end, without secrets, with what was noted", async () => {
    const answer = await run(async ({ details }) => {
      details.size_bytes = 5;
      return "answer";
    });
    expect(answer).toBe("answer");
    const [begin, end, ...more] = await readJournal(stateDir);
    expect(more).toEqual([]);
    expect(begin).toMatchObject({
      event: "begin",
      operation: "dump",
      target: "postgres://u:***@h/d",
      database: "d",
      pid: process.pid,
    });
    expect(end).toMatchObject({ event: "end", result: "done", details: { size_bytes: 5 }, run: begin?.run });
    expect(end?.duration_ms).toBeGreaterThan(0);
    expect(await records()).toEqual([]);
  });

  test("says of a failure what it was, and lets the error through", async () => {
    const failing = run(async () => {
      throw new Error("no: postgres://u:hunter2@h");
    });
    await expect(failing).rejects.toThrow("hunter2");
    const end = (await readJournal(stateDir)).at(-1);
    expect(end).toMatchObject({ event: "end", result: "failed", error: "no: postgres://u:***@h" });
  });

  test("says of an interruption that it was one, and the reason is the error", async () => {
    const reason = interruption("SIGTERM");
    const interrupted = run(async () => {
      controller.abort(reason);
      throw new Error("pg_dump was interrupted");
    });
    await expect(interrupted).rejects.toBe(reason);
    expect((await readJournal(stateDir)).at(-1)).toMatchObject({ result: "interrupted" });
  });

  test("has nothing of what was aborted before", async () => {
    controller.abort(new Error("before"));
    await expect(run(async () => "never")).rejects.toThrow("before");
    expect(await readJournal(stateDir)).toEqual([]);
  });
});

describe("clean-up", () => {
  test("runs the other way round, however it ends, and before the end is written", async () => {
    for (const fails of [false, true]) {
      const order: string[] = [];
      const ending = run(async ({ defer }) => {
        defer(async () => void order.push("first"));
        defer(async () => {
          order.push("second");
          expect((await readJournal(stateDir)).at(-1)?.event).toBe("begin");
        });
        if (fails) throw new Error("x");
      });
      await ending.catch(() => undefined);
      expect(order).toEqual(["second", "first"]);
      expect(notes).toEqual([]);
      await rm(join(stateDir, "journal.jsonl"));
    }
  });

  test("that fails is noted, does not keep the others, hides no error, and leaves the run to the next", async () => {
    const order: string[] = [];
    let id = "";
    const ending = run(async ({ defer, run: own }) => {
      id = own;
      defer(async () => void order.push("first"));
      defer(async () => {
        throw new Error("cannot: postgres://u:hunter2@h");
      });
      throw new Error("the body's own");
    });
    await expect(ending).rejects.toThrow("the body's own");
    expect(order).toEqual(["first"]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain("cannot: postgres://u:***@h");
    expect(await records()).toEqual([`${id}.json`]);
  });
});

describe("leftovers", () => {
  const leftover: Leftover = { kind: "path", path: "/tmp/x" };

  test("are written down while they are there, and forgotten one by one", async () => {
    await run(async ({ run: id, remember }) => {
      expect(await record(id)).toMatchObject({ leftovers: [], pid: process.pid, operation: "dump" });
      const forget = await remember(leftover);
      const other = await remember({ kind: "client-containers", run: id });
      expect((await record(id)).leftovers).toEqual([leftover, { kind: "client-containers", run: id }]);
      await forget();
      expect((await record(id)).leftovers).toEqual([{ kind: "client-containers", run: id }]);
      await forget(); // once more changes nothing
      expect((await record(id)).leftovers).toEqual([{ kind: "client-containers", run: id }]);
      await other();
      expect(await findDeadRuns(stateDir)).toEqual([]);
      expect(await Bun.file(join(stateDir, "runs", `${id}.json`)).text()).not.toContain("hunter2");
    });
  });

  /** Starts an operation in a process of its own, which is killed in the middle of it. */
  async function killedRun(): Promise<{ id: string; pid: number }> {
    const script = join(stateDir, "killed.ts");
    const module = join(import.meta.dir, "../../../src/sys/operation.ts");
    await writeFile(
      script,
      `import { withOperation } from ${JSON.stringify(module)};
      const tools = { clock: { now: () => new Date() }, stateDir: ${JSON.stringify(stateDir)}, abort: new AbortController().signal,
        progress() {}, note() {}, runner: {} };
      await withOperation(tools, ${JSON.stringify(subject)}, async ({ run, remember }) => {
        await remember(${JSON.stringify(leftover)});
        console.log(run);
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`,
    );
    const child = Bun.spawn([process.execPath, script], { stdout: "pipe", stderr: "inherit" });
    let said = "";
    for await (const chunk of child.stdout) {
      said += new TextDecoder().decode(chunk);
      if (!said.includes("\n")) continue;
      expect(await findDeadRuns(stateDir)).toEqual([]);
      child.kill("SIGKILL");
    }
    await child.exited;
    return { id: said.trim(), pid: child.pid };
  }

  test("of a killed process are found, and forgotten with an end in the journal", async () => {
    const { id, pid } = await killedRun();
    const [dead, ...more] = await findDeadRuns(stateDir);
    expect(more).toEqual([]);
    expect(dead).toMatchObject({ run: id, pid, operation: "dump", server: "container c", leftovers: [leftover] });
    if (dead === undefined) return;
    await forgetRun(stateDir, dead, new Date());
    expect(await findDeadRuns(stateDir)).toEqual([]);
    expect((await readJournal(stateDir)).at(-1)).toMatchObject({ run: dead.run, event: "end", result: "failed" });
  });

  test("are found although another process has the same number by now", async () => {
    const { id } = await killedRun();
    const path = join(stateDir, "runs", `${id}.json`);
    const found = await Bun.file(path).json();
    await writeFile(path, JSON.stringify({ ...found, pid: process.pid }));
    expect((await findDeadRuns(stateDir)).map(({ run: dead }) => String(dead))).toEqual([id]);
    await writeFile(path, JSON.stringify({ ...found, pid: process.pid, born: await processBirth(process.pid) }));
    expect(await findDeadRuns(stateDir)).toEqual([]);
  });

  test("damaged records and other files are passed over", async () => {
    expect(await findDeadRuns(stateDir)).toEqual([]);
    const { id } = await killedRun();
    const folder = join(stateDir, "runs");
    await writeFile(join(folder, "20260115143022abcdef01.json"), '{"version":1,"run":"2026');
    await writeFile(join(folder, "20260115143022abcdef02.json"), '{"version":2,"leftovers":[]}');
    await writeFile(join(folder, "notes.json"), '{"version":1,"leftovers":[]}');
    expect((await findDeadRuns(stateDir)).map(({ run: dead }) => String(dead))).toEqual([id]);
  });
});

test("a process has one birth, and one that has ended has none", async () => {
  const own = await processBirth(process.pid);
  expect(own).toBe((await processBirth(process.pid)) ?? "");
  const child = Bun.spawn(["sleep", "60"]);
  const birth = await processBirth(child.pid);
  expect(birth).toBeString();
  expect(birth).not.toBe(own);
  child.kill("SIGKILL");
  await child.exited;
  expect(await processBirth(child.pid)).toBeUndefined();
});
