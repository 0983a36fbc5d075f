import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/sys/clock.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { openRecord } from "../../../src/sys/run-record.ts";
import { clearLeftovers } from "../../../src/work/leftovers.ts";
import { putAside } from "../../../src/work/put-aside.ts";
import { waitFor } from "../../support/engine/run.ts";

let base = "";
let notes: string[] = [];
beforeEach(async () => {
  notes = [];
  base = await mkdtemp(join(tmpdir(), "pgrove-aside-"));
  await mkdir(join(base, "trees/one/deep"), { recursive: true });
  await mkdir(join(base, "trees/other"));
  await writeFile(join(base, "trees/one/deep/file"), "x");
});
afterEach(() => rm(base, { recursive: true }));

const tools = (): OperationTools => ({
  ...{ runner: systemRunner, clock: systemClock, abort: new AbortController().signal, progress: () => {} },
  ...{ stateDir: join(base, "state"), userKey: join(base, "user.key"), note: (text) => notes.push(text) },
});
const trees = async () => (await readdir(join(base, "trees"))).sort();
const records = () => readdir(join(base, "state/runs"));

test("a folder has lost its name at once, and goes with its record; what may not be written to goes, too", async () => {
  await chmod(join(base, "trees/one/deep"), 0o555);
  const aside = await putAside(tools(), join(base, "trees/one"));
  expect(await trees()).toEqual([expect.stringMatching(/^\.pgrove-\d+[0-9a-f]+-removed$/), "other"]);
  expect(await records()).toHaveLength(1);
  await aside?.remove();
  await waitFor("the deletion", 20_000, async () => (await trees()).length === 1 && (await records()).length === 0);
  expect(await trees()).toEqual(["other"]);
});

test("it can have its name back; one that is not there is not put aside", async () => {
  const aside = await putAside(tools(), join(base, "trees/one"));
  await aside?.undo();
  expect(await putAside(tools(), join(base, "trees/none"))).toBeUndefined();
  expect([await trees(), await records()]).toEqual([["one", "other"], []]);
});

test("what a killed deletion has left goes with the next run on whatever server, and nothing else does", async () => {
  const run = newRunId(new Date());
  const left = join(base, `trees/.pgrove-${run}-removed`);
  const strange = join(base, "trees/other");
  await mkdir(join(left, "deep"), { recursive: true });
  const ended = Bun.spawn(["true"]);
  await ended.exited;
  for (const [id, path] of [
    [run, left],
    [newRunId(new Date()), strange],
  ] as const) {
    const record = await openRecord(tools(), { run: id, operation: "remove", target: path, server: "" }, () => {});
    await record.remember({ kind: "path", path });
    await record.handOver(ended.pid);
  }
  const sessions = { isAtWork: async () => false, end: async () => {} };
  await clearLeftovers(tools(), "container c", sessions);
  expect(await trees()).toEqual(["one", "other"]);
  expect(await records()).toHaveLength(1);
  expect(notes.join("\n")).toContain("cannot be cleared");
});
