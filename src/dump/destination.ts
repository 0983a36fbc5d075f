/** Where a dump is written: the store, a file, or stdout. Nothing has its final name before it is whole. */
import { type FileHandle, open, rm, statfs } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { failure, PgroveError } from "../errors.ts";
import {
  ensureDir,
  errorCode,
  identityAt,
  isNoRoom,
  publishFile,
  syncFolder,
  temporaryPathFor,
  writeFileAtomic,
  writeWhole,
} from "../sys/files.ts";
import type { Work } from "../work/work.ts";
import { signManifest } from "./authorship.ts";
import { allGlobalsPaths, formatManifest, globalsPath, type Manifest, manifestPath } from "./manifest.ts";
import { rememberBeside } from "./remove-dumps.ts";
import { type FileStanding, findFileStanding, publishAs, requireRolesReplaceable } from "./replace-file.ts";
import { type Naming, publishDump, requireStoreFolder } from "./store.ts";

export type Destination =
  | { kind: "store"; folder: string }
  | { kind: "file"; path: string; overwrite: boolean }
  | { kind: "stdout"; write: (chunk: Uint8Array) => Promise<void> };

/**
 * Finds out before pg_dump starts what would keep the dump from being written, or the roles that are to lie beside it;
 * resolves with what a file replaces.
 */
export async function prepareDestination(destination: Destination, withRoles: boolean): Promise<FileStanding> {
  if (destination.kind === "store") await requireStoreFolder(destination.folder);
  if (destination.kind !== "file") return NOTHING;
  const path = resolve(destination.path);
  const standing = await findFileStanding(path, destination.overwrite);
  if (withRoles) await requireRolesReplaceable(path, allGlobalsPaths(path));
  await ensureDir(dirname(resolve(destination.path)), 0o777).catch((error: unknown) => {
    throw failure("file_unwritable", `${destination.path} cannot be written (${errorCode(error)})`);
  });
  return standing;
}

const NOTHING: FileStanding = { dump: undefined, manifest: undefined };

/** Throws (exit 1) when the destination's disk has no room for so many bytes. */
export async function requireRoom(destination: Destination, neededBytes: number): Promise<void> {
  if (destination.kind === "stdout") return;
  const folder = destination.kind === "store" ? destination.folder : dirname(resolve(destination.path));
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= neededBytes) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw failure(
    "disk_full",
    `not enough room in ${folder}: ${megabytes(bavail * bsize)} free, about ${megabytes(neededBytes)} needed`,
    "remove old dumps (pgrove dumps list), or dump elsewhere: pgrove dump -o FILE",
  );
}

/** Where a dump's bytes go until it is whole, and how it then gets its name. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when all that was written can be read from the temporary file. */
  flush(): Promise<void>;
  /** Where the bytes lie until they are published; undefined for stdout. */
  temporary: string | undefined;
  /** With the server's roles beside it, where there are some to be written. */
  publish(named: Naming, manifest: Manifest, globals?: Uint8Array): Promise<string | undefined>;
}

/** Opens the sink: a temporary file beside the final place, written down for the next run, or stdout. */
export async function openSink(destination: Destination, work: Work, agreed: FileStanding): Promise<Sink> {
  if (destination.kind === "stdout") {
    return {
      ...{ write: destination.write, flush: async () => undefined },
      ...{ temporary: undefined, publish: async () => undefined },
    };
  }
  const near = destination.kind === "store" ? `${destination.folder}/dump` : resolve(destination.path);
  const temporary = temporaryPathFor(near);
  const manifestTemporary = `${temporary}.manifest`;
  for (const path of [temporary, manifestTemporary]) await removeInTheEnd(path, work);
  const file = await open(temporary, "wx", 0o600);
  const flushing = flushAlong(file);
  work.operation.defer(async () => {
    await flushing.settled();
    await file.close();
  });
  const pieces = gatherPieces(async (piece) => {
    await namingFolder(temporary, () => writeWhole(file, piece));
    flushing.wrote(piece.length);
  });
  return {
    temporary,
    ...pieces,
    publish: (named, manifest, globals) =>
      namingFolder(temporary, async () => {
        work.operation.abort.throwIfAborted();
        await pieces.flush();
        await file.sync();
        const signFor = async (path: string) => {
          manifest.name = basename(path);
          Object.assign(manifest, await signManifest(manifest, work.tools));
          await writeSynced(manifestTemporary, formatManifest(manifest));
        };
        if (destination.kind === "store") {
          return await publishDump(temporary, destination.folder, named, async (path) => {
            await signFor(path);
            await rememberBeside(work.operation, destination.folder, [
              { path, manifestIdentity: identityAt(manifestTemporary) },
            ]);
            if (!(await publishFile(manifestTemporary, manifestPath(path)))) return undefined;
            return await putGlobals(path, manifest, globals, work);
          });
        }
        const path = resolve(destination.path);
        await signFor(path);
        if (globals !== undefined) await requireRolesReplaceable(path, [globalsPath(path, manifest)]);
        await publishAs({ temporary, manifestTemporary, path }, agreed, work.operation);
        if (globals !== undefined) await writeGlobals(globalsPath(path, manifest), globals, work);
        await syncFolder(dirname(path));
        return path;
      }),
  };
}

/** Beside the manifest. Resolves with what takes both back. */
async function putGlobals(path: string, manifest: Manifest, globals: Uint8Array | undefined, work: Work) {
  const there = [manifestPath(path)];
  const takeBack = async () => {
    for (const each of there) await rm(each, { force: true });
  };
  if (globals === undefined) return takeBack;
  try {
    await writeGlobals(globalsPath(path, manifest), globals, work);
  } catch (error) {
    await takeBack();
    throw error;
  }
  there.push(globalsPath(path, manifest));
  return takeBack;
}

async function writeGlobals(path: string, globals: Uint8Array, work: Work): Promise<void> {
  const temporary = temporaryPathFor(path);
  await removeInTheEnd(temporary, work);
  await writeFileAtomic(path, globals, { temporary });
}

/** What has got its final name by then is not there any more under this one. A run that is killed leaves it to the next. */
async function removeInTheEnd(path: string, { operation }: Work): Promise<void> {
  const forget = await operation.remember({ kind: "path", path });
  operation.defer(async () => {
    await rm(path, { force: true });
    await forget();
  });
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

const PIECE_BYTES = 512 << 10;

/** pg_dump's output comes by a few kilobytes, each of which would cost a system call and two threads' waking: whole pieces go on. */
function gatherPieces(writePiece: (piece: Uint8Array) => Promise<void>): Pick<Sink, "write" | "flush"> {
  const gathered = new Uint8Array(PIECE_BYTES);
  let length = 0;
  const flush = async () => {
    const piece = gathered.subarray(0, length);
    length = 0;
    if (piece.length > 0) await writePiece(piece);
  };
  const write = async (chunk: Uint8Array) => {
    if (length + chunk.length > PIECE_BYTES) await flush();
    if (chunk.length > PIECE_BYTES) return await writePiece(chunk);
    gathered.set(chunk, length);
    length += chunk.length;
  };
  return { write, flush };
}

const FLUSH_EVERY_BYTES = 16 << 20;

/** Has the disk write while pg_dump works, so that the fsync at the end has little left to wait for. */
function flushAlong(file: FileHandle) {
  let unflushed = 0;
  let running: Promise<void> | undefined;
  return {
    wrote(bytes: number): void {
      unflushed += bytes;
      if (unflushed < FLUSH_EVERY_BYTES || running !== undefined) return;
      unflushed = 0;
      running = file
        .datasync()
        .catch(() => undefined) // the fsync at the end tells what is wrong
        .finally(() => {
          running = undefined;
        });
    },
    async settled(): Promise<void> {
      await running;
    },
  };
}

/** The body; what the file system refuses is told with the folder's name. */
export async function namingFolder<T>(temporary: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof PgroveError) throw error;
    throw failure(
      "write_failed",
      `the dump could not be written to ${dirname(temporary)} (${errorCode(error) ?? error}); no file was left`,
      isNoRoom(error) ? "make room: pgrove dumps list" : "check the disk, then try again",
      error,
    );
  }
}
