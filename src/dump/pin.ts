/** Dumps that stay whatever the rule says: a small file beside them says so. It protects only, so it needs no signature. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pathExists, writeFileAtomic } from "../sys/files.ts";
import { changingStore } from "./store-trouble.ts";

const SUFFIX = ".pin.json";

/** Where it is written that a dump stays. */
export function pinPath(dumpPath: string): string {
  return dumpPath + SUFFIX;
}

/** Whether it is pinned. */
export async function isPinned(dumpPath: string): Promise<boolean> {
  return await pathExists(pinPath(dumpPath));
}

/** Pins a dump. One that is pinned already keeps its date. */
export async function pinDump(dumpPath: string, at: Date): Promise<void> {
  if (await isPinned(dumpPath)) return;
  const text = JSON.stringify({ version: 1, pinned_at: at.toISOString() }, undefined, 2);
  const write = () => writeFileAtomic(pinPath(dumpPath), `${text}\n`, { mode: 0o600 });
  await changingStore(dirname(dumpPath), write);
}

/** Takes the pin away, where there is one. */
export async function unpinDump(dumpPath: string): Promise<void> {
  await changingStore(dirname(dumpPath), () => rm(pinPath(dumpPath), { force: true }));
}
