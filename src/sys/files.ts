import { randomBytes } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
} from "node:fs";
import {
  access,
  type FileHandle,
  link,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { failure } from "../errors.ts";

/** A temporary name beside the final one, so that the rename stays on one file system. */
export function temporaryPathFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`);
}

/** Whether a path is such a name, or one that is made of it. */
export function isTemporaryPath(path: string): boolean {
  return /^\..+\.\d+\.[a-f0-9]{8}\.tmp(\.manifest)?$/.test(basename(path));
}

/** Makes what was renamed or created in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file whole or not at all: temporary file, fsync, rename, fsync of the folder. What is not `durable` survives
 * the process, but perhaps not a power cut: each fsync costs milliseconds.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number; temporary?: string; durable?: boolean } = {},
): Promise<void> {
  const { temporary = temporaryPathFor(path), durable = true } = options;
  try {
    const handle = await open(temporary, "wx", options.mode ?? 0o600);
    try {
      await handle.writeFile(content);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
}

/** Writes all of the bytes: a nearly full disk takes a part of them without an error. */
export async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/**
 * Gives a finished temporary file its final name; false when the name is taken. Never overwrites: a link fails where
 * a rename would replace.
 */
export async function publishFile(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EMLINK") throw error;
    if (await pathExists(path)) return false; // a file system without hard links: the check has to do
    await rename(temporary, path);
    return true;
  }
  await rm(temporary);
  return true;
}

/** The code of a system error, such as "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Linux's /dev/null, which ends at once: what is linked to it is meant to be empty. */
const NULL_DEVICE = (1 << 8) | 3;

/**
 * What is there. Throws (exit 1) for what may never end: a pipe, a device, a socket. Links are followed; a folder is refused by
 * who reads it.
 */
export async function requireEndingFile(path: string): Promise<Stats> {
  const found = await stat(path);
  if (found.isFile() || found.isDirectory() || (found.isCharacterDevice() && found.rdev === NULL_DEVICE)) return found;
  throw notRegular(path);
}

function notRegular(path: string): Error {
  return failure("not_a_file", `${path} is not a regular file, so it is not read`, "look at it, and remove it");
}

/** ESRCH: of a process below /proc that is just ending the name is there, and nothing behind it. */
const ABSENCES: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ESRCH"]);

/** Whether the error says that nothing is there. */
export function isAbsence(error: unknown): boolean {
  return ABSENCES.has(errorCode(error) ?? "");
}

/** Whether the error, or what caused it, says that there is no room: on the disk, or within the user's quota. */
export function isNoRoom(error: unknown): boolean {
  const codes = [errorCode(error), error instanceof Error ? errorCode(error.cause) : undefined];
  return codes.includes("ENOSPC") || codes.includes("EDQUOT");
}

/** The file's text, or undefined when there is none. Throws (exit 1) for what is no regular file. */
export async function readTextIfExists(path: string): Promise<string | undefined> {
  try {
    await requireEndingFile(path); // a pipe would be waited for, and a device read, for ever
    return await readFile(path, "utf8");
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** What most small files fit into: of thousands each is read into the same memory. */
const SMALL = Buffer.alloc(64 << 10);

/** A pipe is not waited for, and a link is none of the files that lie there. */
const AS_IT_LIES = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * The text of a file, at once, and which file that was; undefined when there is none. For thousands of small ones, one by one.
 * Throws for what is no regular file itself.
 */
export function readSmallFile(path: string): { text: string; found: BigIntStats } | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, AS_IT_LIES);
    const found = fstatSync(file, { bigint: true });
    if (!found.isFile()) throw notRegular(path);
    const length = found.size < SMALL.length ? readSync(file, SMALL, 0, SMALL.length, 0) : SMALL.length;
    const text = length < SMALL.length ? SMALL.toString("utf8", 0, length) : readFileSync(file, "utf8");
    return { text, found };
  } catch (error) {
    if (isAbsence(error)) return undefined;
    if (errorCode(error) === "ELOOP" || errorCode(error) === "ENXIO") throw notRegular(path); // a link, a socket
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Creates a folder, with its parents, that only its owner can enter. */
export async function ensureDir(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, { recursive: true, mode });
}

export async function pathExists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** Which file it is, and as of when: another one of the same name has another, and so has one that was written since. */
export function identityOf({ dev, ino, mtimeNs }: Pick<BigIntStats, "dev" | "ino" | "mtimeNs">): string {
  return `${dev}-${ino}-${mtimeNs}`;
}

/** The same of what stands there now, if anything does. A link is itself. */
export function identityAt(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : identityOf(found);
}

/**
 * What tells a folder from another one that stands at the same path at another time, such as the empty one under a disk
 * that is not mounted; undefined when none is there.
 */
export async function identifyFolder(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    return found.isDirectory() ? `${found.ino}-${found.birthtimeNs}` : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** `~` and `~/…` with the home folder put in. */
export function expandHome(path: string, home: string): string {
  if (path === "~") return home;
  return path.startsWith("~/") ? join(home, path.slice(2)) : path;
}

const MOST_LINKS = 40;

/**
 * The real path of the deepest part that exists, with the rest put behind it. A link whose destination does not exist
 * is followed all the same: writing through it would create that destination.
 */
async function realpathOfExisting(path: string, linksLeft = MOST_LINKS): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    const code = errorCode(error);
    if ((code !== "ENOENT" && code !== "ENOTDIR") || parent === path || linksLeft === 0) throw error;
    const destination = await readlink(path).catch(() => undefined);
    if (destination !== undefined) {
      return await realpathOfExisting(resolve(await realpath(parent), destination), linksLeft - 1);
    }
    return join(await realpathOfExisting(parent, linksLeft), basename(path));
  }
}

/** True when `child` is `parent` or lies below it once links and `..` are resolved. Neither has to exist. */
export async function isInside(parent: string, child: string): Promise<boolean> {
  const way = relative(await realpathOfExisting(resolve(parent)), await realpathOfExisting(resolve(child)));
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
