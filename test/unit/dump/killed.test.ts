/** What a run leaves in the store that is killed while it names a dump, or removes some; and what the next one makes of it. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signManifest } from "../../../src/dump/authorship.ts";
import { writeManifest } from "../../../src/dump/manifest.ts";
import { pinDump } from "../../../src/dump/pin.ts";
import { withStoreOperation } from "../../../src/dump/store-operation.ts";
import { readHistory } from "../../../src/monitor/history.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { findEndedRuns } from "../../../src/sys/run-record.ts";
import { sampleManifest } from "../../support/manifest.ts";
import { storeTools } from "../../support/store-tools.ts";

const SRC = join(import.meta.dir, "../../../src");

let root = "";
let store = "";
let tools: OperationTools;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-killed-"));
  store = join(root, "store");
  await Bun.write(join(store, "notes.txt"), "somebody's");
  tools = storeTools(root);
});
afterEach(() => rm(root, { recursive: true }));

async function put(name: string): Promise<string> {
  const path = join(store, name);
  await writeFile(path, name);
  const manifest = sampleManifest({ name, size_bytes: name.length, sha256: name });
  await writeManifest(path, await signManifest(manifest, tools));
  return path;
}

/** Runs the program, which kills itself, in a process of its own. */
async function runKilled(program: string): Promise<void> {
  const tools = `const tools = { clock: { now: () => new Date() }, abort: new AbortController().signal, progress() {}, note() {},
    runner: {}, stateDir: ${JSON.stringify(join(root, "state"))}, userKey: ${JSON.stringify(join(root, "me"))} };
    const store = ${JSON.stringify(store)};\n`;
  const child = Bun.spawn([process.execPath, "-e", tools + program], { stdio: ["ignore", "ignore", "inherit"] });
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
}

const killedRemoving = () =>
  runKilled(`
    import { unlinkSync } from "node:fs";
    import { folderPlace, pruneDumps } from "${SRC}/dump/prune.ts";
    import { listDumps } from "${SRC}/dump/store.ts";
    const removed = (await listDumps(store)).filter(({ name }) => name !== "c.dump").map((dump) => ({ dump }));
    const remove = async ({ path }) => { unlinkSync(path); process.kill(process.pid, "SIGKILL"); };
    await pruneDumps(tools, { ...folderPlace(store), remove }, { removed });`);

const clear = () => withStoreOperation(tools, "dumps-push", async () => undefined);
const stored = async () => (await readdir(store)).sort();

test("of a dump that went, what lies beside it goes, too; what the run had not come to stays", async () => {
  for (const name of ["a.dump", "b.dump", "c.dump"]) await put(name);
  for (const name of ["a.dump", "b.dump"]) await pinDump(join(store, name), new Date());
  const before = await stored();
  await killedRemoving();
  expect(await stored()).toEqual(before.filter((name) => name !== "b.dump"));
  await clear();
  expect(await stored()).toEqual(before.filter((name) => !name.startsWith("b.dump")));
});

test.each([
  ["the dump is there again", (path: string) => writeFile(path, "again")],
  ["its manifest is another one since", (path: string) => writeFile(`${path}.manifest.json`, "another")],
])("all stays where %s", async (_, change) => {
  for (const name of ["a.dump", "b.dump", "c.dump"]) await put(name);
  await killedRemoving();
  await change(join(store, "b.dump"));
  const before = await stored();
  await clear();
  expect(await stored()).toEqual(before);
});

test("it is known once its folder is there again, such as a disk that was not mounted", async () => {
  for (const name of ["b.dump", "c.dump"]) await put(name);
  await killedRemoving();
  await rename(store, join(root, "away"));
  await clear();
  await rename(join(root, "away"), store);
  await clear();
  expect(await stored()).toEqual(["c.dump", "c.dump.manifest.json", "notes.txt"]);
});

test("a dump that did not get its name leaves nothing", async () => {
  await runKilled(`
    import { existsSync } from "node:fs";
    import { openSink } from "${SRC}/dump/destination.ts";
    import { withOperation } from "${SRC}/sys/operation.ts";
    import { sampleManifest } from "${import.meta.dir}/../../support/manifest.ts";
    const subject = { operation: "dump", target: "main", server: "a server", database: "d" };
    const at = new Date(2026, 0, 15, 14, 30, 22);
    const [dump, roles] = [store + "/main-20260115-143022.dump", Buffer.alloc(8 << 20)];
    const look = () => {
      if (existsSync(dump + ".manifest.json") && !existsSync(dump)) process.kill(process.pid, "SIGKILL");
      setImmediate(look);
    };
    await withOperation(tools, subject, async (operation) => {
      const sink = await openSink({ kind: "store", folder: store }, { operation, tools }, {});
      await sink.write(Buffer.from("dump"));
      look();
      await sink.publish({ source: "main", at, extension: "dump" }, sampleManifest({}), roles);
    });`);
  expect(await stored()).toContain("main-20260115-143022.dump.manifest.json");
  await clear();
  expect(await stored()).toEqual(["notes.txt"]);
});

test("the run is forgotten, and the journal says how it ended", async () => {
  await put("b.dump");
  await killedRemoving();
  await clear();
  expect(await findEndedRuns(tools)).toEqual({ dead: [], elsewhere: [], foreign: [] });
  const [, killed] = await readHistory(tools.stateDir, { limit: 2, failed: false });
  expect(killed).toMatchObject({ begin: { operation: "dumps-prune" }, end: { result: "failed" } });
});
