/** A dump that comes through stdin: kept beside the store while it is checked, since it can be read only once. */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { failure } from "../errors.ts";
import { isNoRoom, temporaryPathFor, writeWhole } from "../sys/files.ts";
import type { Operation } from "../sys/operation.ts";
import { requireStoreFolder, type StoredDump } from "./store.ts";

/** Writes the bytes to a temporary file that the operation removes. Throws (exit 1) when there is no room. */
export async function spoolDump(
  operation: Operation,
  source: AsyncIterable<Uint8Array>,
  folder: string,
): Promise<StoredDump> {
  await requireStoreFolder(folder);
  const path = temporaryPathFor(join(folder, "stdin"));
  const forget = await operation.remember({ kind: "path", path });
  operation.defer(async () => {
    await rm(path, { force: true });
    await forget();
  });
  let sizeBytes = 0;
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of source) {
      operation.abort.throwIfAborted();
      await writeWhole(file, chunk);
      sizeBytes += chunk.length;
    }
  } catch (error) {
    if (!isNoRoom(error)) throw error;
    throw failure(
      "disk_full",
      `no room in ${folder} for the dump on stdin`,
      "remove old dumps: pgrove dumps list",
      error,
    );
  } finally {
    await file.close();
  }
  return { name: "stdin", path, sizeBytes, modifiedAt: new Date() };
}
