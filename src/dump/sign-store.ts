/** A store of before: its manifests are signed once, when a pgrove that signs first works with it. */
import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { withLock } from "../sys/file-lock.ts";
import { ensureDir, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { readJournal } from "../sys/journal.ts";
import type { OperationTools } from "../sys/operation.ts";
import { objectAt, parseJson } from "../sys/untyped.ts";
import { signManifest } from "./authorship.ts";
import { writeManifest } from "./manifest.ts";
import { listDumps, type StoredDump } from "./store.ts";

export interface OldStore {
  folder: string;
  /** The file that remembers which stores are signed. */
  seenFile: string;
  /** Nobody but its user says where it is; else only what the journal knows to be made here is signed. */
  isUsual: boolean;
}

const LOCK_WAIT_MS = 10_000;

/** Whether the store was not seen before. */
export async function findUnseen(folder: string, seenFile: string): Promise<boolean> {
  return !(await readSeen(seenFile)).includes(await realpath(folder));
}

/** Signs what is not signed in a store that was not seen before. */
export async function signOldStore({ folder, seenFile, isUsual }: OldStore, tools: OperationTools): Promise<void> {
  const store = await realpath(folder);
  await ensureDir(dirname(seenFile));
  await withLock(`${seenFile}.lock`, LOCK_WAIT_MS, async () => {
    const seen = await readSeen(seenFile);
    if (seen.includes(store)) return;
    const isOwn = isUsual ? () => true : await madeHere(tools);
    for (const dump of await listDumps(store)) {
      const { manifest, path } = dump;
      if (manifest === undefined || manifest.signature !== undefined || !isOwn(dump)) continue;
      await writeManifest(path, await signManifest(manifest, tools));
    }
    await writeFileAtomic(seenFile, `${JSON.stringify({ version: 1, stores: [...seen, store] }, undefined, 2)}\n`);
  });
}

async function madeHere({ stateDir }: OperationTools): Promise<(dump: StoredDump) => boolean> {
  const entries = await readJournal(stateDir);
  const runs = new Set(entries.flatMap(({ operation, run }) => (operation === "dump" ? [String(run)] : [])));
  return ({ manifest }) => manifest !== undefined && runs.has(manifest.run);
}

/** One that cannot be read is as good as none: signing again does no harm. */
async function readSeen(file: string): Promise<string[]> {
  const stores = objectAt(parseJson(await readTextIfExists(file).catch(() => undefined)), "stores");
  return Array.isArray(stores) ? stores.filter((each) => typeof each === "string") : [];
}
