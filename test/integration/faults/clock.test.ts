/** Fault 5: names of dumps while the clock stands still or goes backwards. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { dumpDatabase } from "../../../src/dump/dump.ts";
import { listDumps } from "../../../src/dump/store.ts";
import { openTarget } from "../../../src/resolve/target.ts";
import type { Clock } from "../../../src/sys/clock.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { drop, makeSmall } from "../../support/faults/sample.ts";

let server: TestServer;
let database: string;
let folder: string;

beforeAll(async () => {
  server = await sharedServer(17);
  database = await makeSmall(server);
  folder = await mkdtemp(join(tmpdir(), "pgrove-clock-"));
});

afterAll(async () => {
  await drop(server, database);
  await rm(folder, { recursive: true, force: true });
});

/** Dumps as if it were that time. */
async function dumpAt(time: string): Promise<string> {
  const clock: Clock = { now: () => new Date(time) };
  const quiet = () => undefined;
  const serverTools = { runner: systemRunner, clientImage: "postgres:{major}", stageParent: folder, note: quiet };
  const spec = { kind: "container" as const, container: server.container };
  const target = { server: spec, login: { database }, label: "main", name: "main", protected: false };
  const abort = new AbortController().signal;
  const [stateDir, userKey] = [join(folder, "state"), join(folder, "user.key")];
  const tools = { runner: systemRunner, clock, stateDir, userKey, abort, progress: quiet, note: quiet };
  const { path } = await dumpDatabase(tools, await openTarget(target, serverTools), {
    ...{ format: "custom", content: "schema", tables: [], excludedTables: [], jobs: 1, project: "faults" },
    ...{ git: null, pgroveVersion: "0.0.0", destination: { kind: "store", folder: join(folder, "store") } },
  });
  return path ?? "";
}

test("a clock that stands still or goes backwards overwrites nothing", async () => {
  const times = ["2026-03-29T01:30:00", "2026-03-29T01:30:00", "2026-03-29T01:29:59", "2026-03-29T01:30:00"];
  const contents = new Map<string, string>();
  for (const time of times) {
    const path = await dumpAt(time);
    expect(contents.has(path)).toBe(false);
    contents.set(path, (await readFile(path)).toString("hex"));
  }
  const stamped = ["20260329-012959", "20260329-013000-2", "20260329-013000-3", "20260329-013000"];
  expect([...contents.keys()].map((path) => basename(path)).sort()).toEqual(
    stamped.map((stamp) => `main-${stamp}.dump`),
  );
  for (const [path, content] of contents) expect((await readFile(path)).toString("hex")).toBe(content);
  expect(await listDumps(join(folder, "store"))).toHaveLength(4);
});

test("two at the same moment of two clocks that agree", async () => {
  const paths = await Promise.all([1, 2, 3, 4].map(() => dumpAt("2026-03-29T12:00:00")));
  expect(new Set(paths).size).toBe(4);
});
