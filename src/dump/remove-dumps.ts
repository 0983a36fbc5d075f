/** Removes dumps of the store with all that lies beside them. */
import { existsSync, lstatSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { refusal } from "../errors.ts";
import { errorCode, identityAt, isNoRoom } from "../sys/files.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import { allGlobalsPaths, globalsPath, manifestPath } from "./manifest.ts";
import { pinPath } from "./pin.ts";
import { proofPath } from "./proof.ts";
import type { StoredDump } from "./store.ts";
import { withRemoval } from "./store-operation.ts";
import { changingStore } from "./store-trouble.ts";

/** What lies beside a dump, by the end of its name; the manifest goes last. */
const ENDINGS = [...allGlobalsPaths(""), proofPath(""), pinPath(""), manifestPath("")];

/**
 * Writes down that these dumps of a folder are about to get their names, or to go: should the run be killed in between, the next one takes away
 * what then lies there without its dump.
 */
export async function rememberBeside(
  { remember }: Pick<Operation, "remember">,
  folder: string,
  dumps: readonly { path: string; manifestIdentity?: string | undefined }[],
): Promise<void> {
  const known = dumps.flatMap(({ path, manifestIdentity }) =>
    manifestIdentity === undefined ? [] : [[basename(path), manifestIdentity] as const],
  );
  const manifests = Object.fromEntries(known);
  await remember({ kind: "beside-dumps", folder, endings: ENDINGS, manifests });
}

/** The same of those that go, where there is room for that. */
export async function rememberRemoval(
  operation: Pick<Operation, "remember">,
  folder: string,
  dumps: readonly StoredDump[],
): Promise<void> {
  await rememberBeside(operation, folder, dumps).catch((error: unknown) => {
    if (!isNoRoom(error)) throw error;
  });
}

/** Removes the dumps one after the other, as one operation. Throws as `removeDump`; what is removed by then stays removed. */
export async function removeDumps(tools: OperationTools, folder: string, dumps: readonly StoredDump[]): Promise<void> {
  await withRemoval(tools, "dumps-remove", async (operation) => {
    await rememberRemoval(operation, folder, dumps);
    const removed: string[] = [];
    operation.details.dumps = removed;
    for (const dump of dumps) {
      operation.abort.throwIfAborted();
      await removeDump(dump);
      removed.push(dump.name);
    }
  });
}

/**
 * Removes a dump of the store, as it was listed, with what lies beside it. The manifest goes last, so that what is cut short
 * can be seen. Throws (exit 5) when another file has its name by now, or its manifest says something else, or it was pinned since.
 */
export async function removeDump(dump: StoredDump): Promise<void> {
  const identity = identityAt(dump.path);
  if (identity === undefined) return; // somebody else has removed it
  const isAsListed = identity === dump.identity && identityAt(manifestPath(dump.path)) === dump.manifestIdentity;
  const isPinned = existsSync(pinPath(dump.path));
  if (!isAsListed || (isPinned && !dump.isPinned)) {
    throw refusal(
      "dump_changed",
      `${dump.name} is not what it was when it was listed, and was not removed`,
      "pgrove dumps list",
    );
  }
  await changingStore(dirname(dump.path), async () => {
    // Looking is quick, and removing waits for the disk: meanwhile others of thousands are removed.
    await removeFile(dump.path);
    for (const path of [globalsPath(dump.path, dump.manifest), proofPath(dump.path)]) {
      if (existsSync(path)) await removeFile(path); // much cheaper than an error that says so
    }
    if (isPinned) await removeFile(pinPath(dump.path));
    if (dump.manifestIdentity !== undefined) await removeFile(manifestPath(dump.path));
  });
}

/** A folder of that name is nobody's here, and stays. */
async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    throw error;
  }
}
