/** The store: a folder of dumps and their manifests. It outlives the worktrees that the dumps came from. */
import { lstatSync } from "node:fs";
import { access, constants, lstat, readdir, stat } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import type { ByteSource, DumpBytes } from "../archive/dump-bytes.ts";
import { failure, messageOf, missingError, refusal, usageError } from "../errors.ts";
import { fileStamp } from "../sys/clock.ts";
import {
  ensureDir,
  errorCode,
  expandHome,
  identityAt,
  identityOf,
  pathExists,
  publishFile,
  readSmallFile,
  syncFolder,
} from "../sys/files.ts";
import {
  findManifest,
  isGlobalsName,
  isManifestName,
  type Manifest,
  manifestPath,
  requireManifest,
} from "./manifest.ts";
import { pinPath } from "./pin.ts";
import { findProof, type ProofRecord, proofPath } from "./proof.ts";

/** A dump in the store, or a file or folder elsewhere. */
export interface StoredDump {
  name: string;
  path: string;
  sizeBytes: number;
  modifiedAt: Date;
  manifest?: Manifest;
  /** Set when a manifest is there and cannot be read. */
  manifestError?: string;
  /** What is written beside it of its being tried; to be believed as far as `trustedResults` goes. */
  proof?: ProofRecord;
  isPinned?: boolean;
  /** Which file it was when it was listed, and which one its manifest was. */
  identity?: string;
  /** Its bytes, where they do not lie on this machine; `path` then only says where they are. */
  elsewhere?: DumpBytes;
  manifestIdentity?: string;
}

/** Where its bytes are to be had. */
export function sourceOfBytes({ path, elsewhere }: Pick<StoredDump, "path" | "elsewhere">): ByteSource {
  return elsewhere ?? path;
}

const DUMP_NAME = /\.(dump|sql|sql\.(gz|zst|lz4)|tar|backup|pgdump)(\.age)?$/i;

/** Whether a file of that name is taken for a dump in the store. */
export function isDumpName(name: string): boolean {
  return !name.startsWith(".") && !isManifestName(name) && !isGlobalsName(name) && DUMP_NAME.test(name);
}

/** Makes the store's folder, readable by its owner only, where there is none. Throws (exit 1) when it cannot be written to. */
export async function requireStoreFolder(folder: string): Promise<void> {
  try {
    await ensureDir(folder); // one that was there keeps its mode: it may be a folder that others use too
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw failure(
      "store_unwritable",
      `the dumps' folder cannot be used: ${folder} (${errorCode(error) ?? error})`,
      "set dumps.dir in pgrove.yaml, or BACKUP_DIR, to a folder that can be written to",
      error,
    );
  }
}

/** A source's name as part of a file name: what is not a letter, digit, dot or dash becomes a dash. */
export function fileStem(source: string): string {
  const stem = source.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[.-]+/, "");
  let kept = "";
  for (const character of stem) {
    if (Buffer.byteLength(kept + character) > 120) break;
    kept += character;
  }
  return kept || "database";
}

/** What the name of a dump in the store is made of. */
export interface Naming {
  source: string;
  at: Date;
  extension: string;
}

/**
 * Gives a finished dump its name, `{source}-{YYYYMMDD-HHMMSS}.{extension}`, with `-2`, `-3`… behind when it is taken. What is
 * to lie beside it comes before, by `putBeside`, which resolves with what takes it back, or nothing where that name is taken;
 * so whatever ends this half-way, no dump is there without it. Never overwrites. Resolves with the path.
 */
export async function publishDump(
  temporary: string,
  folder: string,
  { source, at, extension }: Naming,
  putBeside: (path: string) => Promise<(() => Promise<void>) | undefined>,
): Promise<string> {
  const stem = `${fileStem(source)}-${fileStamp(at)}`;
  for (let copy = 1; ; copy++) {
    const path = join(folder, `${stem}${copy === 1 ? "" : `-${copy}`}.${extension}`);
    // A manifest that stands alone is of a dump that was moved away: it is not another's.
    const takeBack = (await pathExists(path)) ? undefined : await putBeside(path);
    if (takeBack === undefined) continue;
    let isPublished = false;
    try {
      isPublished = await publishFile(temporary, path);
    } finally {
      if (!isPublished) await takeBack();
    }
    if (!isPublished) continue;
    await syncFolder(folder);
    return path;
  }
}

/**
 * Every dump of the store, newest first. A folder that is not there holds none. `look` is handed each as soon as it is read, and may
 * take away of it what is not to be kept.
 */
export async function listDumps(folder: string, look?: (dump: StoredDump) => void): Promise<StoredDump[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw failure("store_unreadable", `the dumps' folder cannot be read: ${folder} (${errorCode(error)})`);
  }
  const there = new Set(names);
  const found: { dump: StoredDump; at: number }[] = [];
  for (const name of names) {
    const dump = isDumpName(name) ? await readEntry(folder, name, there) : undefined;
    if (dump === undefined) continue;
    found.push({ dump, at: createdAt(dump) });
    look?.(dump);
  }
  return found.sort((a, b) => b.at - a.at || (a.dump.name < b.dump.name ? 1 : -1)).map(({ dump }) => dump);
}

/** When a dump was made, in ms since 1970: by its manifest, else by the file's time. */
export function createdAt(dump: StoredDump): number {
  return dump.manifest === undefined ? dump.modifiedAt.getTime() : Date.parse(dump.manifest.created_at);
}

async function readEntry(folder: string, name: string, there: ReadonlySet<string>): Promise<StoredDump | undefined> {
  const path = join(folder, name);
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false }); // removed since it was listed
  if (found === undefined || !found.isFile()) return undefined;
  const dump: StoredDump = {
    ...{ name, path, sizeBytes: Number(found.size), modifiedAt: found.mtime, identity: identityOf(found) },
    isPinned: there.has(pinPath(name)),
  };
  try {
    const read = readSmallFile(manifestPath(path));
    if (read === undefined) return dump;
    dump.manifestIdentity = identityOf(read.found);
    dump.manifest = requireManifest(read.text, path);
    const proof = there.has(proofPath(name)) ? await findProof(path) : undefined;
    if (proof !== undefined) dump.proof = proof;
    return dump;
  } catch (error) {
    const manifestIdentity = dump.manifestIdentity ?? identityAt(manifestPath(path));
    return { ...dump, ...(manifestIdentity && { manifestIdentity }), manifestError: messageOf(error) };
  }
}

/** The newest dump of the first of the sources that has one; of any, where none is named. Throws (exit 4) when there is none. */
export async function requireLatestDump(folder: string, ...sources: readonly string[]): Promise<StoredDump> {
  const dumps = await listDumps(folder);
  const ofSource = (source: string) => dumps.find((dump) => sourceOf(dump) === source);
  const found = sources.length === 0 ? dumps[0] : sources.map(ofSource).find((dump) => dump !== undefined);
  if (found !== undefined) return found;
  const there = [...new Set(dumps.map(sourceOf))].join(", ");
  throw missingError(
    "dump_missing",
    sources.length === 0 ? `there is no dump in ${folder}` : `there is no dump of ${sources.join(" or ")} in ${folder}`,
    there === "" ? "pgrove dump" : `there are dumps of: ${there}`,
  );
}

/** What a dump is of: by its manifest, else by its name. */
export function sourceOf(dump: StoredDump): string {
  return dump.manifest?.source ?? sourceOfName(dump.name);
}

const DATE = String.raw`(?:19|20)\d\d(?:\d{4}|([-_.])\d\d\1\d\d)`;
const TIME = String.raw`\d\d(?:([-_.:]?)\d\d(?:\2\d\d)?)?Z?`;
/** The date, and the time, that a name ends with, or begins with; behind pgrove's own the count of those of one second. */
const STAMP = new RegExp(`(?:^|[-_.])${DATE}(?:[-_.T]?${TIME})?(?:-\\d+)?$`);
const STAMP_FIRST = new RegExp(`^${DATE}(?:[-_.T]?${TIME})?[-_.]`);

/** What a dump is of, by its name alone: that of another program, too, has when it was made in it. */
export function sourceOfName(name: string): string {
  const stem = name.replace(DUMP_NAME, "");
  return stem.replace(STAMP, "").replace(STAMP_FIRST, "") || "dump";
}

/**
 * The dump that the user means: a path (`/`, `./`, `~`), a name in the store, the beginning of exactly one, or a file in
 * the current folder. Throws (exit 4) when there is none, (exit 2) when it could be several.
 */
export async function requireDump(text: string, folder: string, cwd: string, home: string): Promise<StoredDump> {
  if (text === "" || text.includes("\0")) throw usageError("the dump's name is empty or holds a NUL byte");
  const asPath = resolve(cwd, expandHome(text, home));
  if (text.includes("/") || text.startsWith("~") || isAbsolute(text)) return await requireDumpFile(asPath);
  const dumps = await listDumps(folder);
  const exact = dumps.find((dump) => dump.name === text);
  if (exact !== undefined) return exact;
  if (await isThere(asPath)) return await requireDumpFile(asPath);
  const meant = dumps.filter((dump) => dump.name.startsWith(text));
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only;
  if (meant.length > 1) {
    throw usageError(`${text} could be ${meant.length} dumps: ${meant.map(({ name }) => name).join(", ")}`);
  }
  throw missingError("dump_missing", `there is no dump ${text} in ${folder}`, "pgrove dumps list");
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function requireDumpFile(path: string): Promise<StoredDump> {
  const found = await stat(path).catch((error: unknown) => {
    throw missingError("dump_missing", `there is no dump at ${path} (${errorCode(error)})`, "pgrove dumps list");
  });
  if (!found.isFile() && !found.isDirectory()) {
    throw failure("not_a_dump", `${path} is neither a file nor a folder`);
  }
  const manifest = await findManifest(path);
  const dump = { name: basename(path), path, sizeBytes: found.size, modifiedAt: found.mtime };
  const proof = await findProof(path);
  return { ...dump, ...(manifest === undefined ? {} : { manifest }), ...(proof === undefined ? {} : { proof }) };
}

/** The dump of exactly that name in the store: for what removes. Throws (exit 2, 4, 5) and never leaves the store. */
export async function requireStoredDump(name: string, folder: string): Promise<StoredDump> {
  if (name === "" || name !== basename(name) || name === "." || name === "..") {
    throw usageError(`not the name of a dump in the store: ${name}`, "pgrove dumps list");
  }
  const found = await lstat(join(folder, name)).catch(() => undefined);
  if (found !== undefined && !found.isFile()) {
    throw refusal("not_a_file", `${name} in the store is not a file; pgrove did not make it`, `look at ${folder}`);
  }
  const dump = (await listDumps(folder)).find((entry) => entry.name === name);
  if (dump === undefined) {
    throw missingError("dump_missing", `there is no dump ${name} in ${folder}`, "pgrove dumps list");
  }
  return dump;
}
