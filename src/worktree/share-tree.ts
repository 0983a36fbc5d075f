/** Copies a file or a folder as cheaply as the file system can. */
import {
  chmodSync,
  constants,
  copyFileSync,
  type Dirent,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
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

/** How long the calls below may keep signals waiting: one after the other, they take a quarter of what promises do. */
const BREATH_MS = 20;

interface Copying {
  /** The kinds that are left to try; the first has worked until now. */
  kinds: readonly [CopyKind, ...CopyKind[]];
  abort: AbortSignal;
  /** When others were last let work. */
  breathedAt: number;
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
  const copying: Copying = { kinds: KINDS[mode], abort, breathedAt: performance.now() };
  await copyEntry(lstatSync(source), source, destination, copying);
  return copying.kinds[0];
}

async function copyEntry(
  entry: Pick<Dirent, "isFile" | "isDirectory" | "isSymbolicLink">,
  source: string,
  destination: string,
  copying: Copying,
): Promise<void> {
  if (entry.isDirectory()) await copyFolder(source, destination, copying);
  else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), destination);
  else if (entry.isFile()) copyOneFile(source, destination, copying);
}

async function copyFolder(source: string, destination: string, copying: Copying): Promise<void> {
  mkdirSync(destination, { mode: 0o700 });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    await breathe(copying);
    await copyEntry(entry, join(source, entry.name), join(destination, entry.name), copying);
  }
  chmodSync(destination, lstatSync(source).mode & 0o7777); // only now: it may be read-only
}

async function breathe(copying: Copying): Promise<void> {
  if (performance.now() - copying.breathedAt < BREATH_MS) return;
  await new Promise((resolve) => setImmediate(resolve));
  copying.abort.throwIfAborted();
  copying.breathedAt = performance.now();
}

function copyOneFile(source: string, destination: string, copying: Copying): void {
  const [kind] = copying.kinds;
  try {
    copyAs(kind, source, destination);
  } catch (error) {
    if (kind === "copy" || !CANNOT.has(errorCode(error) ?? "")) throw error;
    rmSync(destination, { force: true });
    const [, next, ...others] = copying.kinds;
    if (next !== undefined) copying.kinds = [next, ...others];
    copyOneFile(source, destination, copying);
  }
}

function copyAs(kind: CopyKind, source: string, destination: string): void {
  if (kind === "hardlink") {
    linkSync(source, destination);
    return;
  }
  copyFileSync(source, destination, kind === "reflink" ? constants.COPYFILE_FICLONE_FORCE : 0);
  const { atime, mtime } = lstatSync(source);
  utimesSync(destination, atime, mtime); // build tools compare them
}
