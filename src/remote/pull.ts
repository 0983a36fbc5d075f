/** Dumps of a remote brought into the store. */
import { open, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { hashFile } from "../dump/inspect.ts";
import { findManifest, formatManifest, globalsPath, type Manifest, manifestPath } from "../dump/manifest.ts";
import { proofPath } from "../dump/proof.ts";
import { requireStoreFolder } from "../dump/store.ts";
import { withStoreOperation } from "../dump/store-operation.ts";
import { failure, refusal } from "../errors.ts";
import {
  isNoRoom,
  pathExists,
  publishFile,
  syncFolder,
  temporaryPathFor,
  writeFileAtomic,
  writeWhole,
} from "../sys/files.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { readWhole } from "./read-whole.ts";
import type { Remote } from "./remote.ts";
import type { RemoteDump } from "./remote-dumps.ts";
import { damaged, persist } from "./trouble.ts";

export interface Pulled {
  name: string;
  path: string;
  sizeBytes: number;
  /** It was in the store before. */
  wasThere: boolean;
}

/** Brings the dumps into the store. Never overwrites another one (exit 5); throws (exit 1) for one that is damaged there. */
export async function pullDumps(
  tools: OperationTools,
  remote: Remote,
  folder: string,
  dumps: readonly RemoteDump[],
): Promise<Pulled[]> {
  return await withStoreOperation(tools, "dumps-pull", async (operation) => {
    operation.details.place = remote.label;
    await requireStoreFolder(folder);
    const pulled: Pulled[] = [];
    for (const dump of dumps) pulled.push(await pullDump(tools, operation, remote, folder, dump));
    operation.details.pulled = pulled.filter(({ wasThere }) => !wasThere).length;
    return pulled;
  });
}

async function pullDump(
  tools: OperationTools,
  operation: Operation,
  remote: Remote,
  folder: string,
  dump: RemoteDump,
): Promise<Pulled> {
  const manifest = requireManifest(dump, remote);
  const path = join(folder, dump.name);
  const pulled = { name: dump.name, path, sizeBytes: manifest.size_bytes };
  const here = await findHere(path, manifest);
  if (here === "whole") return { ...pulled, wasThere: true };
  const { object } = dump;
  const { size_bytes: sizeBytes, sha256, globals } = manifest;
  const fetching = { tools, operation, remote, folder };
  const roles = globalsPath(object.name, manifest);
  const hasRoles = globals !== undefined && (await persist(() => remote.find(roles), tools)) !== undefined;
  const rolesFile = hasRoles
    ? await fetchFile(fetching, { name: roles, sizeBytes: globals.size_bytes, sha256: globals.sha256 })
    : undefined;
  if (here !== "bytes") {
    const temporary = await fetchFile(fetching, { name: object.name, sizeBytes, sha256 });
    if (!(await publishFile(temporary, path))) throw occupiedHere(path);
  }
  if (rolesFile !== undefined) await rename(rolesFile, globalsPath(path, manifest));
  await syncFolder(folder);
  const texts = await persist(() => remote.readTexts([proofPath(object.name)]), tools);
  const proof = texts.get(proofPath(object.name));
  if (proof !== undefined) await writeFileAtomic(proofPath(path), proof);
  await writeFileAtomic(manifestPath(path), formatManifest(manifest));
  return { ...pulled, wasThere: false };
}

function requireManifest({ manifest, path }: RemoteDump, { kind }: Remote): Manifest {
  if (manifest !== undefined) return manifest;
  throw failure("manifest_damaged", `the manifest of ${path} is damaged`, `pgrove dumps list --remote ${kind}`);
}

/**
 * What the store has of it: all, its bytes alone, as a pull that was cut short leaves them, or nothing but perhaps its manifest.
 * Throws (exit 5) for what is another's.
 */
async function findHere(path: string, { sha256 }: Manifest): Promise<"whole" | "bytes" | "nothing"> {
  const own = await findManifest(path);
  if (own !== undefined && own.sha256 !== sha256) throw occupiedHere(path);
  if (!(await pathExists(path))) return "nothing";
  const isSame = (await hashFile(path, () => undefined)) === sha256;
  if (isSame) return own === undefined ? "bytes" : "whole";
  throw own === undefined ? occupiedHere(path) : damagedHere(path);
}

function occupiedHere(path: string): Error {
  return refusal(
    "dump_exists",
    `there is another dump ${basename(path)} in the store, and it was not overwritten`,
    `pgrove dumps show ${basename(path)}`,
  );
}

function damagedHere(path: string): Error {
  const name = basename(path);
  return refusal(
    "dump_exists",
    `the dump ${name} in the store is damaged, and was not overwritten`,
    `pgrove dumps remove ${quoteWord(name)}      then pull it`,
  );
}

interface Fetching {
  tools: OperationTools;
  operation: Operation;
  remote: Remote;
  folder: string;
}

/** What is fetched, and what its bytes are to be. */
interface Meant {
  name: string;
  sizeBytes: number;
  sha256: string;
}

/** The bytes in a temporary file in the store, which the operation removes; found to be what was dumped. */
async function fetchFile({ tools, operation, remote, folder }: Fetching, meant: Meant): Promise<string> {
  const { name, sizeBytes: totalBytes, sha256 } = meant;
  const subject = basename(name);
  const temporary = temporaryPathFor(join(folder, subject));
  const forget = await operation.remember({ kind: "path", path: temporary });
  operation.defer(async () => {
    await rm(temporary, { force: true });
    await forget();
  });
  const hash = new Bun.CryptoHasher("sha256");
  const file = await open(temporary, "wx", 0o600);
  try {
    let bytes = 0;
    await readWhole(remote, meant, tools.abort, async (piece) => {
      hash.update(piece);
      await writeWhole(file, piece);
      bytes += piece.length;
      tools.progress({ phase: "pull", subject, bytes, totalBytes });
    });
    await file.sync();
  } catch (error) {
    if (!isNoRoom(error)) throw error;
    throw failure("disk_full", `no room in ${folder} for ${subject}`, "remove old dumps: pgrove dumps list", error);
  } finally {
    await file.close();
  }
  if (hash.digest("hex") === sha256) return temporary;
  throw damaged(`${remote.place(name)} is damaged: its SHA-256 is not the one recorded when it was written`);
}
