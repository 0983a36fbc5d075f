/** A folder of this machine, such as a mounted disk. It is there already: one that is not mounted is not made. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hashFile } from "../dump/inspect.ts";
import { failure } from "../errors.ts";
import {
  ensureDir,
  errorCode,
  identityOf,
  isAbsence,
  isNoRoom,
  pathExists,
  publishFile,
  readTextIfExists,
  syncFolder,
  temporaryPathFor,
  writeFileAtomic,
  writeWhole,
} from "../sys/files.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { readChecked } from "./read-checked.ts";
import type { CheckedFile, PutWork, Remote, RemoteObject } from "./remote.ts";
import { absent, damaged, full, occupied } from "./trouble.ts";

const PIECE_BYTES = 1 << 20;

/**
 * Opens the folder. Throws (exit 4) when it is not there, or is not the one that it was: under a disk that is not mounted there
 * mostly is an empty one. Which were used, this user's `usedFolder` remembers.
 */
export async function openDir(root: string, project: string, usedFolder: string): Promise<Remote> {
  const isThere = (await stat(root).catch(() => undefined))?.isDirectory() === true;
  if (!isThere)
    throw absent(`the folder of dumps.remote.dir is not there: ${root}`, "mount the disk, or make the folder");
  const folder = join(root, project);
  const used = join(usedFolder, createHash("sha256").update(folder).digest("hex").slice(0, 16));
  if (await pathExists(folder)) await rememberUsed(used, folder);
  else if (await pathExists(used)) {
    const hint = `mount the disk; where it is one that begins anew: mkdir ${quoteWord(folder)}`;
    throw absent(`${folder} is not there any more, though dumps were pushed there: its disk may not be mounted`, hint);
  }
  const place = (name: string) => join(folder, name);
  return {
    ...{ kind: "dir", label: folder, place },
    list: () => listBelow(folder),
    find: (name) => findObject(folder, name),
    readTexts: (names) => readTexts(folder, names),
    read: async (name, { from, length = Number.MAX_SAFE_INTEGER }, take) => {
      const options = { start: from, end: from + length - 1, highWaterMark: PIECE_BYTES };
      for await (const piece of createReadStream(place(name), options)) await take(piece);
    },
    putFile: async (name, file, work) => {
      await namingRoom(folder, () => putFile(place(name), file, work));
      await rememberUsed(used, folder);
    },
    putText: (name, text, replace) => namingRoom(folder, () => putText(place(name), text, replace)),
    remove: (name) => namingRoom(folder, () => rm(place(name), { force: true })),
  };
}

/** Where that cannot be written down, it is only not known next time. */
async function rememberUsed(used: string, folder: string): Promise<void> {
  if (await pathExists(used)) return;
  await ensureDir(dirname(used)).catch(() => undefined);
  await writeFileAtomic(used, `${folder}\n`, { durable: false }).catch(() => undefined);
}

async function listBelow(folder: string): Promise<RemoteObject[]> {
  const hosts = await readdir(folder, { withFileTypes: true }).catch(orNone);
  const names = hosts
    .filter((each) => each.isDirectory())
    .map(async ({ name: host }) => {
      const files = await readdir(join(folder, host)).catch(orNone);
      const found = await Promise.all(files.map((file) => findObject(folder, `${host}/${file}`)));
      return found.filter((each) => each !== undefined);
    });
  return (await Promise.all(names)).flat();
}

function orNone(error: unknown): never[] {
  if (errorCode(error) === "ENOENT") return [];
  throw unreadable(error);
}

function unreadable(error: unknown): Error {
  return failure("remote_unreadable", `the folder of dumps.remote.dir cannot be read (${errorCode(error) ?? error})`);
}

async function findObject(folder: string, name: string): Promise<RemoteObject | undefined> {
  const found = await lstat(join(folder, name), { bigint: true }).catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw unreadable(error); // what cannot be seen is not gone
  });
  if (found === undefined || !found.isFile()) return undefined;
  return { name, sizeBytes: Number(found.size), modifiedAt: found.mtime, tag: identityOf(found) };
}

async function readTexts(folder: string, names: readonly string[]): Promise<Map<string, string>> {
  const read = names.map(async (name): Promise<[string, string][]> => {
    const text = await readTextIfExists(join(folder, name));
    return text === undefined ? [] : [[name, text]];
  });
  return new Map((await Promise.all(read)).flat());
}

async function putFile(path: string, file: CheckedFile, { report, remember }: PutWork): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) return await requireSame(path, file, occupied(path));
  await ensureDir(dirname(path));
  const temporary = temporaryPathFor(path);
  const forget = await remember({ kind: "path", path: temporary });
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      let bytes = 0;
      for await (const piece of readChecked(file, PIECE_BYTES)) {
        await writeWhole(handle, piece);
        bytes += piece.length;
        report(bytes);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    // What is there is read back, not what was written.
    await requireSame(temporary, file, damaged(`what came to be in ${dirname(path)} is not what was written there`));
    if (!(await publishFile(temporary, path))) await requireSame(path, file, occupied(path));
    await syncFolder(dirname(path));
  } finally {
    await rm(temporary, { force: true });
    await forget();
  }
}

async function requireSame(path: string, { sizeBytes, sha256 }: CheckedFile, otherwise: Error): Promise<void> {
  const { size } = await stat(path);
  if (size !== sizeBytes || (await hashFile(path, () => undefined)) !== sha256) throw otherwise;
}

async function putText(path: string, text: string, replace: boolean): Promise<void> {
  await ensureDir(dirname(path));
  if (replace) return await writeFileAtomic(path, text);
  const temporary = temporaryPathFor(path);
  await writeFileAtomic(temporary, text);
  const isNew = await publishFile(temporary, path);
  if (!isNew) await rm(temporary, { force: true });
  if (!isNew && (await readTextIfExists(path)) !== text) throw occupied(path);
  await syncFolder(dirname(path));
}

async function namingRoom(folder: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (isNoRoom(error)) throw full(folder, "the disk is full");
    if (!["EACCES", "EPERM", "EROFS"].includes(errorCode(error) ?? "")) throw error;
    const isReadOnly = errorCode(error) === "EROFS";
    throw failure(
      "remote_unwritable",
      `${folder} cannot be written to (${errorCode(error)})`,
      isReadOnly ? "the disk is mounted read-only: mount it for writing" : "look at its owner and mode",
    );
  }
}
