/** Copies a file or a folder as cheaply as the file system can. */
import { constants, type Dirent } from "node:fs";
import { chmod, copyFile, link, lstat, mkdir, readdir, readlink, rm, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config-schema.ts";
import { errorCode } from "../sys/files.ts";

/** `reflink` shares the bytes until one of the two is written to, `hardlink` for ever. */
export type CopyKind = "reflink" | "hardlink" | "copy";

/** From the cheapest to the one that works everywhere. */
const KINDS: Record<Config["worktrees"]["share_mode"], readonly [CopyKind, ...CopyKind[]]> = {
  auto: ["reflink", "copy"],
  hardlink: ["reflink", "hardlink", "copy"],
  copy: ["copy"],
};

/** What a file system says that cannot, or not between these two places. */
const CANNOT = new Set(["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EINVAL", "ENOTTY", "EPERM", "EMLINK"]);

/** Files of one folder that are copied at a time. */
const AT_ONCE = 32;

interface Copying {
  /** The kinds that are left to try; the first has worked until now. */
  kinds: readonly [CopyKind, ...CopyKind[]];
  abort: AbortSignal;
}

/**
 * Copies what stands at `source` to `destination`, which must not exist, with modes, times and links as they are; sockets
 * and the like are left out. Resolves with the dearest kind of copy that was needed. Throws when aborted.
 */
export async function copyTree(
  source: string,
  destination: string,
  mode: Config["worktrees"]["share_mode"],
  abort: AbortSignal,
): Promise<CopyKind> {
  const copying: Copying = { kinds: KINDS[mode], abort };
  await copyEntry(await lstat(source), source, destination, copying);
  return copying.kinds[0];
}

async function copyEntry(
  entry: Pick<Dirent, "isFile" | "isDirectory" | "isSymbolicLink">,
  source: string,
  destination: string,
  copying: Copying,
): Promise<void> {
  if (entry.isDirectory()) await copyFolder(source, destination, copying);
  else if (entry.isSymbolicLink()) await symlink(await readlink(source), destination);
  else if (entry.isFile()) await copyOneFile(source, destination, copying);
}

async function copyFolder(source: string, destination: string, copying: Copying): Promise<void> {
  await mkdir(destination, { mode: 0o700 });
  const entries = await readdir(source, { withFileTypes: true });
  for (let place = 0; place < entries.length; place += AT_ONCE) {
    copying.abort.throwIfAborted();
    const batch = entries.slice(place, place + AT_ONCE);
    const copies = batch.map((entry) =>
      copyEntry(entry, join(source, entry.name), join(destination, entry.name), copying),
    );
    const ended = await Promise.allSettled(copies); // nothing may still be written when a failure is told
    for (const each of ended) if (each.status === "rejected") throw each.reason;
  }
  await chmod(destination, (await lstat(source)).mode & 0o7777); // only now: it may be read-only
}

async function copyOneFile(source: string, destination: string, copying: Copying): Promise<void> {
  const [kind] = copying.kinds;
  try {
    await copyAs(kind, source, destination);
  } catch (error) {
    if (kind === "copy" || !CANNOT.has(errorCode(error) ?? "")) throw error;
    await rm(destination, { force: true });
    const [first, next, ...others] = copying.kinds;
    if (first === kind && next !== undefined) copying.kinds = [next, ...others]; // else another file has found out
    await copyOneFile(source, destination, copying);
  }
}

async function copyAs(kind: CopyKind, source: string, destination: string): Promise<void> {
  if (kind === "hardlink") return await link(source, destination);
  await copyFile(source, destination, kind === "reflink" ? constants.COPYFILE_FICLONE_FORCE : 0);
  const { atime, mtime } = await lstat(source);
  await utimes(destination, atime, mtime); // build tools compare them
}
