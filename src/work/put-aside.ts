/**
 * Folders that take long to delete: put aside by a rename, and deleted by a process of their own that goes on when pgrove
 * has ended. Should that one be killed, the next run deletes the rest: the folder is written down before it gets its name,
 * and only a name that a run makes for itself is ever deleted.
 */
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { OperationTools } from "../sys/operation.ts";
import { leaveRunning } from "../sys/process.ts";
import { applicationName, newRunId } from "../sys/run-id.ts";
import { openRecord } from "../sys/run-record.ts";

/** A folder that has lost its name. */
export interface PutAside {
  /** Gives it its name back. */
  undo(): Promise<void>;
  /** Deletes it. Resolves when that is done, or takes longer than a moment. */
  remove(): Promise<void>;
}

/** As long as nobody minds. */
const MOMENT_MS = 250;
/** Folders that may not be written to, such as those of Go's modules, are made so. */
const DELETE = 'rm -rf -- "$1" || { chmod -R u+rwX -- "$1" && rm -rf -- "$1"; } && rm -f -- "$2"';

/** Takes a folder's name away; undefined where that cannot be done, as for a disk that is mounted there. */
export async function putAside(tools: OperationTools, folder: string): Promise<PutAside | undefined> {
  const run = newRunId(tools.clock.now());
  const aside = join(dirname(folder), `.${applicationName(run)}-removed`);
  const record = await openRecord(tools, { run, operation: "remove", target: folder, server: "" }, tools.note);
  await record.remember({ kind: "path", path: aside });
  try {
    await rename(folder, aside);
  } catch {
    await record.close();
    return undefined;
  }
  return {
    undo: async () => {
      await rename(aside, folder);
      await record.close();
    },
    remove: async () => {
      const args = ["-c", DELETE, "sh", aside, record.file];
      const child = leaveRunning({ file: "/bin/sh", args, env: {}, secrets: [] });
      await record.handOver(child.pid);
      const done = await Promise.race([child.exited.then(() => true), Bun.sleep(MOMENT_MS).then(() => false)]);
      if (done) await record.close(); // it was perhaps written down after it had been removed
    },
  };
}
