import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { interruption, refusal } from "../../../src/errors.ts";
import { readJournal } from "../../../src/sys/journal.ts";
import {
  actorName,
  forgetRun,
  type Operation,
  type OperationTools,
  userName,
  withOperation,
} from "../../../src/sys/operation.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { parseRunId } from "../../../src/sys/run-id.ts";
import { findEndedRuns, isOwnPath, type Leftover, processBirth } from "../../../src/sys/run-record.ts";
import { ensureSigner } from "../../../src/sys/signature.ts";

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
    ...{ runner: systemRunner, stateDir, userKey: userKey(), abort: controller.signal, progress: () => undefined },
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
const userKey = () => join(stateDir, "user.key");
const ended = () => findEndedRuns({ stateDir, userKey: userKey() });
const NONE = { dead: [], elsewhere: [], foreign: [] };
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

  test("tells nothing of what only looks", async () => {
    await withOperation(tools(), { ...subject, operation: "remove-plan" }, async () => undefined);
    const failing = withOperation(tools(), { ...subject, operation: "remove-plan" }, async () => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await readJournal(stateDir)).toEqual([]);
    expect(await records()).toEqual([]);
  });

  test("says of a failure what it was, and lets the error through", async () => {
    const failing = run(async () => {
      throw new Error("no: postgres://u:hunter2@h");
    });
    await expect(failing).rejects.toThrow("hunter2");
    const end = (await readJournal(stateDir)).at(-1);
    expect(end).toMatchObject({ event: "end", result: "failed", error: "unexpected: Error" });
  });

  test("says of what was refused that it was: nothing has failed that was never tried", async () => {
    const refused = run(async () => {
      throw refusal("consent", "that needs consent", "--yes");
    });
    await expect(refused).rejects.toThrow("needs consent");
    expect((await readJournal(stateDir)).at(-1)).toMatchObject({ result: "failed", details: { refused: true } });
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
      expect(await ended()).toEqual(NONE);
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
      const tools = { clock: { now: () => new Date() }, stateDir: ${JSON.stringify(stateDir)},
        userKey: ${JSON.stringify(userKey())}, abort: new AbortController().signal,
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
      expect(await ended()).toEqual(NONE);
      child.kill("SIGKILL");
    }
    await child.exited;
    return { id: said.trim(), pid: child.pid };
  }

  test("of a killed process are found, and forgotten with an end in the journal", async () => {
    const { id, pid } = await killedRun();
    const { dead, elsewhere, foreign } = await ended();
    expect([elsewhere, foreign, dead.length]).toEqual([[], [], 1]);
    const [one] = dead;
    expect(one).toMatchObject({ run: id, pid, operation: "dump", server: "container c", leftovers: [leftover] });
    if (one === undefined) return;
    await forgetRun(tools(), one);
    expect(await ended()).toEqual(NONE);
    expect((await readJournal(stateDir)).at(-1)).toMatchObject({ run: one.run, event: "end", result: "failed" });
  });

  /** Writes the record of a run anew, signed by the key. */
  async function rewrite(id: string, change: object, key = userKey()): Promise<void> {
    const { signature: _, ...found } = await record(id);
    const changed = { ...found, ...change };
    const signature = (await ensureSigner(key)).sign("run record", JSON.stringify(changed));
    await writeFile(join(stateDir, "runs", `${id}.json`), JSON.stringify({ ...changed, signature }));
  }

  test("are found although another process has the same number by now", async () => {
    const { id } = await killedRun();
    await rewrite(id, { pid: process.pid });
    expect((await ended()).dead.map(({ run: dead }) => String(dead))).toEqual([id]);
    await rewrite(id, { pid: process.pid, born: await processBirth(process.pid) });
    expect(await ended()).toEqual(NONE);
  });

  test.each([
    ["another machine", { host: `not-${hostname()}` }],
    ["another boot", { boot: "00000000-0000-0000-0000-000000000000" }],
    ["a container", { pids: "pid:[1]" }],
  ])("of a run on %s are not judged by this one's processes", async (_, change) => {
    const { id } = await killedRun();
    await rewrite(id, { place: { ...(await record(id)).place, ...change } });
    const { dead, elsewhere, foreign } = await ended();
    expect([dead, foreign, elsewhere.map(({ run: each }) => String(each))]).toEqual([[], [], [id]]);
  });

  test("of a record that is not signed, by another user, or changed, are nobody's to clear: its file is named", async () => {
    const { id } = await killedRun();
    const file = join(stateDir, "runs", `${id}.json`);
    const { signature, ...unsigned } = await record(id);
    const other = { ...unsigned, leftovers: [{ kind: "path", path: "/home" }] };
    const { place: _, ...older } = { ...unsigned, version: 1 };
    for (const planted of [unsigned, { ...other, signature }, { ...unsigned, signature: "x" }, older]) {
      await writeFile(file, JSON.stringify(planted));
      expect(await ended()).toEqual({ ...NONE, foreign: [file] });
    }
    await rewrite(id, {}, join(stateDir, "another.key"));
    expect(await ended()).toEqual({ ...NONE, foreign: [file] });
  });

  test("of a run that cannot sign are noted with the first of them", async () => {
    await writeFile(join(stateDir, "file"), "");
    const unable = { ...tools(), userKey: join(stateDir, "file", "user.key") };
    const ending = withOperation(unable, subject, async ({ remember }) => {
      expect(notes).toEqual([]);
      await remember(leftover);
      await remember(leftover);
    });
    await ending;
    expect(notes).toEqual([expect.stringContaining("not cleared by the next one")]);
  });

  test("damaged records and other files are passed over", async () => {
    expect(await ended()).toEqual(NONE);
    const { id } = await killedRun();
    const folder = join(stateDir, "runs");
    await writeFile(join(folder, "20260115143022abcdef01.json"), '{"version":1,"run":"2026');
    await writeFile(join(folder, "20260115143022abcdef02.json"), '{"version":3,"leftovers":[]}');
    await writeFile(join(folder, "20260115143022abcdef03.json"), JSON.stringify(await record(id))); // another one's
    await writeFile(join(folder, "notes.json"), '{"version":1,"leftovers":[]}');
    const { dead, elsewhere, foreign } = await ended();
    expect([elsewhere, foreign, dead.map(({ run: each }) => String(each))]).toEqual([[], [], [id]]);
  });

  test("a half-written record is removed when no process can be writing it any more", async () => {
    await run(async ({ run: id }) => {
      const half = (name: string) => join(stateDir, "runs", `.${id}.json.${name}.tmp`);
      await writeFile(half("999999.abcdef01"), "{");
      await writeFile(half("999999.abcdef02"), "{");
      const before = new Date(Date.now() - 2 * 24 * 3_600_000);
      await utimes(half("999999.abcdef02"), before, before);
      await ended();
      expect(await records()).toEqual([`.${id}.json.999999.abcdef01.tmp`, `${id}.json`]);
    });
  });
});

test("only what a run makes for itself is a path of its own", () => {
  const id = parseRunId("20260115143022abcdef01");
  if (id === undefined) throw new Error("no run id");
  const own = ["/s/.dump.12.0a1b2c3d.tmp", "/s/.dump.12.0a1b2c3d.tmp.manifest", `/s/.pgrove-${id}-Ab3xyz`];
  expect(own.filter((path) => isOwnPath(path, id))).toEqual(own);
  const others = ["/home", "/", "", ".", "relative/.dump.12.0a1b2c3d.tmp", `/s/../.pgrove-${id}-x`, "/s/x.tmp"];
  others.push("/s/.pgrove-20260115143022abcdef02-x", `/s/.pgrove-${id}`, `/s/.pgrove-${id}-x/..`, "/s/.dump.12.tmp/f");
  expect(others.filter((path) => isOwnPath(path, id))).toEqual([]);
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

test("the journal names who typed it beside root, and only there", () => {
  const own = userName();
  expect(actorName(0, { SUDO_USER: "ann-of-sudo" })).toBe(`ann-of-sudo as ${own}`);
  expect(actorName(1000, { SUDO_USER: "ann-of-sudo" })).toBe(own);
  expect(actorName(0, {})).toBe(own);
});

test("the journal tells of the command that an operation is done for, but not of what only looks", async () => {
  await withOperation({ ...tools(), as: "new" }, { ...subject, operation: "copy" }, async () => {});
  await withOperation({ ...tools(), as: "new" }, { ...subject, operation: "copy-plan" }, async () => {});
  const told = await readJournal(stateDir);
  expect(told.map(({ event, operation }) => `${event} ${operation}`)).toEqual(["begin new", "end new"]);
});

test("what was looked for and is wrong ends an operation as failed, though it answers", async () => {
  const answer = await run(async ({ findFault }) => {
    findFault("round-trip: 002_b.down.sql");
    return 42;
  });
  expect(answer).toBe(42);
  expect((await readJournal(stateDir)).at(-1)).toMatchObject({
    ...{ event: "end", result: "failed", error: "round-trip: 002_b.down.sql" },
  });
});

test("who runs pgrove has a name also where the environment says none", () => {
  const { USER, LOGNAME } = process.env;
  const own = `:${process.getuid?.()}:`;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.includes(`:x${own}`));
  try {
    delete process.env.USER;
    delete process.env.LOGNAME;
    expect(userName()).toBe(line?.split(":")[0] ?? `uid ${process.getuid?.()}`);
  } finally {
    Object.assign(process.env, USER === undefined ? {} : { USER }, LOGNAME === undefined ? {} : { LOGNAME });
  }
});
