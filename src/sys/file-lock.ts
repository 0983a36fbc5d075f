/** A lock between processes that the kernel releases when its holder dies: SQLite's own, on a file that stays empty. */

import { dirname } from "node:path";
import { failure, refusal } from "../errors.ts";
import { ensureDir } from "./files.ts";

const LOOK_EVERY_MS = 20;

/**
 * The body, alone among all processes that lock the same file, which stands for `what`. Throws (exit 5) when others keep it for
 * `waitMs`.
 */
export async function withLock<T>(file: string, waitMs: number, body: () => Promise<T>, what = file): Promise<T> {
  await ensureDir(dirname(file));
  const { Database } = await import("bun:sqlite");
  const database = new Database(file, { create: true });
  try {
    database.run("pragma busy_timeout = 0");
    const until = Date.now() + waitMs;
    while (!lock(database, file)) {
      if (Date.now() > until) {
        throw refusal("locked", `another run of pgrove holds ${what}`, "wait until it has ended: pgrove history");
      }
      await Bun.sleep(LOOK_EVERY_MS);
    }
    return await body();
  } finally {
    database.close();
  }
}

function lock(database: { run(sql: string): unknown }, file: string): boolean {
  try {
    database.run("begin exclusive");
    return true;
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED") return false;
    throw failure("lock_failed", `${file} cannot be locked`, "remove it, if no pgrove is running", error);
  }
}
