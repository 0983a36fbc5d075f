/** Takes dumps into the store that pgrove has not made there: checked whole, and with a manifest of one's own from then on. */
import { chmod, copyFile, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { DumpKind } from "../archive/detect-dump.ts";
import { failure, refusal, usageError } from "../errors.ts";
import { formatVersion } from "../postgres/version.ts";
import type { DumpKeys } from "../sys/dump-keys.ts";
import { pathExists, publishFile, syncFolder, temporaryPathFor } from "../sys/files.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import { signManifest } from "./authorship.ts";
import { hashFile, type InspectedDump, inspectDump } from "./inspect.ts";
import { findManifest, globalsPath, type Manifest, manifestPath, writeManifest } from "./manifest.ts";
import { isReadable, type ReadingTools, readArchiveThrough } from "./read-through.ts";
import { sealNames } from "./sealed-names.ts";
import { isDumpName, requireStoreFolder, type StoredDump, sourceOf } from "./store.ts";
import { withStoreOperation } from "./store-operation.ts";
import { changingStore } from "./store-trouble.ts";

export interface Adoption {
  dump: StoredDump;
  folder: string;
  project: string;
  pgroveVersion: string;
}

export interface Adopted {
  name: string;
  path: string;
  manifest: Manifest;
}

/**
 * Adopts the dump. What lies elsewhere is copied into the store under its name. Throws (exit 1) when it is not whole, and
 * (exit 5) when there is another one of that name.
 */
export async function adoptDump(tools: OperationTools, server: ReadingTools, adoption: Adoption): Promise<Adopted> {
  const { dump, folder } = adoption;
  if (!isDumpName(dump.name)) {
    throw usageError(
      `${dump.name} has no name of a dump`,
      "rename it: .dump, .sql, .sql.gz, .sql.zst, .tar, .backup, each with .age",
    );
  }
  return await withStoreOperation(tools, "adopt", async (operation) => {
    await requireStoreFolder(folder);
    operation.details.dump = dump.name;
    const inspected = await inspectDump(dump, tools);
    if (inspected.checked === "contents") {
      requireReadable(inspected);
      await readArchiveThrough(inspected, tools, server, operation);
    }
    const sha256 = await hashFile(dump.path, () => operation.abort.throwIfAborted());
    const path = await changingStore(folder, () => bringIn(dump, folder, sha256, operation));
    const known = dump.manifest ?? (await findKnown(path, sha256));
    const told =
      known === undefined
        ? await describe(inspected, adoption, sha256, tools.dumpKeys)
        : await changingStore(folder, () => bringRoles(known, dump, path, tools.note, operation));
    const manifest = await signManifest(told, tools);
    await changingStore(folder, () => writeManifest(path, manifest));
    return { name: basename(path), path, manifest };
  });
}

/** What the store knows of just these bytes: they were there before. */
async function findKnown(path: string, sha256: string): Promise<Manifest | undefined> {
  const there = await findManifest(path).catch(() => undefined);
  return there?.sha256 === sha256 ? there : undefined;
}

/** Throws (exit 1) for an archive that pg_restore does not read as one file. */
function requireReadable(inspected: InspectedDump): void {
  if (isReadable(inspected)) return;
  throw failure(
    "dump_unsupported",
    `${inspected.dump.name} is a folder, or one that is packed: it cannot be adopted`,
    "restore it, and dump it anew: pgrove restore FILE --into-new NAME",
  );
}

/** The dump's path in the store. */
async function bringIn(dump: StoredDump, folder: string, sha256: string, operation: Operation): Promise<string> {
  const path = join(folder, dump.name);
  if (resolve(dump.path) === path) return path;
  if (!(await copyAs(dump.path, path, sha256, operation))) {
    if ((await hashFile(path, () => operation.abort.throwIfAborted())) === sha256) return path; // adopted before
    throw refusal("dump_exists", `there is a dump ${dump.name} in ${folder}`, "rename the one that is to be adopted");
  }
  await rm(manifestPath(path), { force: true }); // of one that has gone
  return path;
}

/** The manifest, with the roles that it tells of brought along; without them, where they are not there, or others. */
async function bringRoles(
  manifest: Manifest,
  dump: StoredDump,
  path: string,
  note: (text: string) => void,
  operation: Operation,
): Promise<Manifest> {
  const { globals, ...others } = manifest;
  if (globals === undefined) return manifest;
  const [theirs, ours] = [globalsPath(dump.path, manifest), globalsPath(path, manifest)];
  const isTold = async (file: string) =>
    (await pathExists(file)) && (await hashFile(file, () => operation.abort.throwIfAborted())) === globals.sha256;
  if (theirs !== ours && (await isTold(theirs)) && (await copyAs(theirs, ours, globals.sha256, operation)))
    return manifest;
  if (await isTold(ours)) return manifest;
  note(`adopted without its roles: ${basename(ours)} is not there, or not the one that was written`);
  return others;
}

/** Copies a file into the store, whole or not at all. Resolves with false where that name is taken. Throws (exit 1) when it is another one by now. */
async function copyAs(from: string, path: string, sha256: string, operation: Operation): Promise<boolean> {
  const temporary = temporaryPathFor(path);
  const forget = await operation.remember({ kind: "path", path: temporary });
  operation.defer(async () => {
    await rm(temporary, { force: true });
    await forget();
  });
  await copyFile(from, temporary);
  await chmod(temporary, 0o600);
  if ((await hashFile(temporary, () => operation.abort.throwIfAborted())) !== sha256) {
    throw failure(
      "dump_changed",
      `${basename(from)} changed while it was copied`,
      "try again once nobody writes to it",
    );
  }
  if (!(await publishFile(temporary, path))) return false;
  await syncFolder(dirname(path));
  return true;
}

const FORMATS: Readonly<Record<DumpKind["kind"], Manifest["format"]>> = {
  custom: "custom",
  tar: "custom",
  "packed-directory": "directory",
  directory: "directory",
  plain: "sql",
};

/** What is known of a dump from itself. Encoding and locale are the server's usual ones where it is restored. */
async function describe(
  inspected: InspectedDump,
  { dump, project, pgroveVersion }: Adoption,
  sha256: string,
  keys: DumpKeys | undefined,
): Promise<Manifest> {
  const { fileKey, kind, serverVersion, wants, extensions, tablespaces, tables, onlyRows } = inspected;
  const source = sourceOf(dump);
  const plain: Manifest = {
    ...{ version: 1, adopted: true, name: dump.name, created_at: dump.modifiedAt.toISOString(), project, source },
    ...{ database: source, format: FORMATS[kind.kind], codec: codecOf(kind), content: onlyRows ? "data" : "all" },
    ...{ partial: false, sha256, size_bytes: dump.sizeBytes, database_size_bytes: 0 },
    server_version: serverVersion === undefined ? "" : formatVersion(serverVersion),
    ...{ pg_dump_version: "", encoding: "", collate: "", ctype: "", locale_provider: "c", locale: null },
    extensions: extensions.map((name) => ({ name, version: "", schema: "" })),
    roles: [...new Set(wants.flatMap(({ roles }) => roles))].sort(),
    tablespaces,
    tables: (tables ?? []).map((table) => ({ ...table, rows: null, exact: false, bytes: 0 })),
    ...{ migration_version: null, git: null, duration_ms: 0, note: null, run: "", pgrove_version: pgroveVersion },
  };
  return fileKey === undefined ? plain : await sealNames(plain, { fileKey, recipients: [] }, keys);
}

function codecOf(kind: DumpKind): Manifest["codec"] {
  if (kind.kind !== "plain" || kind.wrapping === "none") return "none";
  return kind.wrapping === "gzip" ? "gzip" : "zstd";
}
