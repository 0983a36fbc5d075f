import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKeyring, signManifest } from "../../../src/dump/authorship.ts";
import { type Manifest, writeManifest } from "../../../src/dump/manifest.ts";
import { pinDump, unpinDump } from "../../../src/dump/pin.ts";
import { type ProofResult, recordResult } from "../../../src/dump/proof.ts";
import { folderPlace, type PrunePlan, planPrune, pruneDumps } from "../../../src/dump/prune.ts";
import { listDumps } from "../../../src/dump/store.ts";
import { EXIT } from "../../../src/errors.ts";
import { readJournal } from "../../../src/sys/journal.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { sampleManifest } from "../../support/manifest.ts";
import { storeTools } from "../../support/store-tools.ts";

const NOW = new Date("2026-01-31T12:00:00Z");
const HOUR_MS = 3_600_000;
const TABLES = [{ schema: "public", name: "t", rows: 1, exact: true, bytes: 1 }];

let root = "";
let store = "";
let tools: OperationTools;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-prune-"));
  store = join(root, "store");
  await Bun.write(join(store, ".keep"), "");
  tools = toolsOf("me");
});
afterEach(() => rm(root, { recursive: true }));

function toolsOf(user: string): OperationTools {
  return storeTools(root, { clock: { now: () => NOW }, userKey: join(root, user) });
}

/** A dump of so many bytes, so many hours old. */
async function put(name: string, hours: number, values: Partial<Manifest> & { bytes?: number } = {}, by = tools) {
  const { bytes = 100, ...others } = values;
  const path = join(store, name);
  await writeFile(path, "x".repeat(bytes));
  const created_at = new Date(NOW.getTime() - hours * HOUR_MS).toISOString();
  const manifest = sampleManifest({ name, created_at, size_bytes: bytes, sha256: name, tables: TABLES, ...others });
  await writeManifest(path, await signManifest(manifest, by));
  return path;
}

async function prove(name: string, values: Partial<ProofResult> = {}, by = tools): Promise<void> {
  const dump = (await listDumps(store)).find((each) => each.name === name);
  if (dump === undefined) throw new Error(`no ${name}`);
  const result: ProofResult = {
    ...{ depth: "restore", at: NOW.toISOString(), ok: true, reason: null, server_version: "17.2", took_ms: 1 },
    ...values,
  };
  await recordResult(dump, result, await openKeyring(by), by);
}

const plan = (source?: string) => planPrune(tools, folderPlace(store), { rule: { last: 1 }, source });
const kept = ({ kept }: PrunePlan) => Object.fromEntries(kept.map(({ dump, reasons }) => [dump.name, reasons]));
const doubts = ({ kept, removed }: PrunePlan) =>
  Object.fromEntries([...kept, ...removed].flatMap(({ dump, doubt }) => (doubt ? [[dump.name, doubt]] : [])));
const names = (decisions: PrunePlan["removed"]) => decisions.map(({ dump }) => dump.name);

test("each source by itself, or one; what goes, goes with all that lies beside it, and the journal tells of it", async () => {
  for (const source of ["main", "staging"]) {
    for (const hours of [1, 2, 3]) await put(`${source}-${hours}.dump`, hours, { source });
  }
  await prove("main-3.dump", { depth: "checksum" });
  await pinDump(join(store, "staging-3.dump"), NOW);
  expect(kept(await plan())).toEqual({
    ...{ "main-1.dump": ["last"], "staging-1.dump": ["last"], "staging-3.dump": ["pinned"] },
  });
  const of = await plan("main");
  expect(names(of.removed)).toEqual(["main-2.dump", "main-3.dump"]);
  await pruneDumps(tools, folderPlace(store), of);
  expect((await readdir(store)).filter((name) => name.startsWith("main")).sort()).toEqual([
    ...["main-1.dump", "main-1.dump.manifest.json"],
  ]);
  expect((await readJournal(tools.stateDir)).at(-1)).toMatchObject({
    ...{ operation: "dumps-prune", result: "done", details: { place: store, removed: 2 } },
  });
  await unpinDump(join(store, "staging-3.dump"));
  expect(names((await plan()).removed)).toEqual(["staging-2.dump", "staging-3.dump"]);
});

test("the newest that was proved stays: as its own pgrove found it, of just these bytes, with nothing wrong since", async () => {
  for (const hours of [1, 2, 3]) await put(`main-${hours}.dump`, hours);
  await prove("main-2.dump", { depth: "checksum" });
  await prove("main-3.dump");
  expect(kept(await plan())).toEqual({ "main-1.dump": ["last"], "main-3.dump": ["proved"] });
  await prove("main-2.dump", {}, toolsOf("stranger"));
  expect(kept(await plan())).toEqual({ "main-1.dump": ["last"], "main-3.dump": ["proved"] });
  await put("main-3.dump", 3, { sha256: "another" });
  expect(kept(await plan())).toEqual({ "main-1.dump": ["last"] });
  await prove("main-3.dump");
  await prove("main-3.dump", { depth: "checksum", ok: false, reason: "damaged" });
  expect(kept(await plan())).toEqual({ "main-1.dump": ["last"] });
});

test("a copy elsewhere counts where that is asked for: for the newest proved one, not against the rule or a pin", async () => {
  for (const hours of [1, 2, 3]) await put(`main-${hours}.dump`, hours);
  await prove("main-2.dump");
  await pinDump(join(store, "main-3.dump"), NOW);
  const others: ReturnType<typeof kept> = { "main-1.dump": ["last"], "main-3.dump": ["pinned"] };
  expect(kept(await plan())).toEqual({ ...others, "main-2.dump": ["proved"] });
  const copied = new Set(["main-1.dump", "main-2.dump", "main-3.dump"]);
  expect(kept(await planPrune(tools, folderPlace(store), { rule: { last: 1, remote: true }, copied }))).toEqual(others);
});

test("what cannot be relied on takes no place of a good one", async () => {
  await put("main-9.dump", 9);
  await put("main-8.dump", 8, { tables: [{ schema: "public", name: "t", rows: 0, exact: true, bytes: 1 }] });
  await put("main-7.dump", 7, { content: "schema" });
  await put("main-6.dump", 6, { partial: true });
  await put("main-5.dump", 5, {}, toolsOf("stranger"));
  await writeFile(await put("main-4.dump", 4), "cut off");
  await put("main-3.dump", 3);
  await prove("main-3.dump", { ok: false, reason: "differs" });
  await put("main-2.dump", 2, { bytes: 49 });
  expect(doubts(await plan())).toEqual({
    "main-8.dump": "holds no rows",
    "main-7.dump": "holds only a part",
    "main-6.dump": "holds only a part",
    "main-5.dump": "signed with a key that is not yours",
    "main-4.dump": "its size is not the one recorded",
    "main-3.dump": "found differs",
    "main-2.dump": "only 49 % of the usual size",
  });
  expect(kept(await plan())).toEqual({ "main-2.dump": ["last"], "main-9.dump": ["last"] });
  await prove("main-2.dump");
  expect(kept(await plan())).toEqual({ "main-2.dump": ["last", "proved"] });
});

test("the size is compared with that of the ten before, of the same format", async () => {
  for (let hours = 30; hours > 20; hours--)
    await put(`main-${hours}.dump`, hours, { bytes: hours === 25 ? 9000 : 100 });
  await put("main-20.sql", 20, { bytes: 20, format: "sql" });
  await put("main-19.dump", 19, { bytes: 50 });
  await put("main-18.dump", 18, { bytes: 49 });
  expect(doubts(await plan())).toEqual({ "main-18.dump": "only 49 % of the usual size" });
});

test("what pgrove did not write is left alone", async () => {
  await put("main-1.dump", 1);
  await writeFile(join(store, "by-hand.dump"), "x");
  await utimes(join(store, "by-hand.dump"), 0, 0);
  await put("renamed.dump", 900, { name: "main-3.dump" });
  await put("main-4.dump", 904);
  await writeFile(join(store, "main-4.dump.manifest.json"), "{}");
  await put("main-5.dump", 905);
  await writeManifest(join(store, "main-5.dump"), sampleManifest({ name: "main-5.dump" }));
  const { removed, ignored } = await plan();
  expect(removed).toEqual([]);
  expect(Object.fromEntries(ignored.map(({ dump, why }) => [dump.name, why]))).toEqual({
    "by-hand.dump": "pgrove did not write it",
    "renamed.dump": "it was renamed: its manifest is that of main-3.dump",
    "main-4.dump": "its manifest is damaged",
    "main-5.dump": "its manifest is not signed",
  });
});

test.each([
  ["another file has its name", (path: string) => writeFile(path, "another")],
  ["its manifest says something else", (path: string) => put("main-2.dump", 2, { note: "x" }).then(() => path)],
  ["it was pinned", (path: string) => pinDump(path, NOW)],
])("what was agreed to is removed, and nothing else: %s", async (_, change) => {
  await put("main-1.dump", 1);
  const path = await put("main-2.dump", 2);
  const agreed = await plan();
  expect(names(agreed.removed)).toEqual(["main-2.dump"]);
  await change(path);
  const before = await readdir(store);
  await expect(pruneDumps(tools, folderPlace(store), agreed)).rejects.toMatchObject({ exit: EXIT.refused });
  expect(await readdir(store)).toEqual(before);
});

test("what cannot be removed ends it: nothing more is begun, and what is told is why", async () => {
  for (let hours = 1; hours <= 100; hours++) await put(`main-${hours}.dump`, hours);
  const place = folderPlace(store);
  let begun = 0;
  const failing = {
    ...place,
    remove: async () => {
      begun++;
      await Promise.resolve();
      throw new Error(`no ${begun}`);
    },
  };
  const agreed = await plan();
  await expect(pruneDumps(tools, failing, agreed)).rejects.toThrow("no ");
  expect(begun).toBeLessThan(agreed.removed.length);
  expect((await readJournal(tools.stateDir)).at(-1)).toMatchObject({ result: "failed", details: { removed: 0 } });
});

test("two at once go one after the other: the second is refused, or waits, and finds what is gone gone", async () => {
  for (const hours of [1, 2, 3]) await put(`main-${hours}.dump`, hours);
  const place = folderPlace(store);
  const agreed = await plan();
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: hasBegun, resolve: begin } = Promise.withResolvers<void>();
  const slow = {
    ...place,
    remove: async (dump: Parameters<typeof place.remove>[0]) => {
      begin();
      await mayGoOn;
      await place.remove(dump);
    },
  };
  const first = pruneDumps(tools, slow, agreed);
  await hasBegun;
  await expect(pruneDumps(tools, place, agreed)).rejects.toMatchObject({ exit: EXIT.refused, code: "locked" });
  const waiting = pruneDumps({ ...tools, lockWaitMs: 60_000 }, place, agreed);
  goOn();
  await Promise.all([first, waiting]);
  expect(kept(await plan())).toEqual({ "main-1.dump": ["last"] });
  expect((await plan()).removed).toEqual([]);
});
