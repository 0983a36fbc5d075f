import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "./paths.ts";
import { waitFor } from "./run.ts";

/**
 * Runs `work` while no other process (or other caller in this one) holds the lock of that name.
 * The lock is an SQLite write lock: the kernel drops it when its holder dies, so there is none to find stale.
 */
export async function withLock<T>(name: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(stateDir, { recursive: true });
  const lock = new Database(join(stateDir, `${name}.lock`), { create: true });
  try {
    await waitFor(`the lock "${name}"`, timeoutMs, async () => tryLock(lock));
    return await work();
  } finally {
    lock.close();
  }
}

function tryLock(lock: Database): boolean {
  try {
    lock.run("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && /locked|busy/i.test(error.message)) return false;
    throw error;
  }
}
