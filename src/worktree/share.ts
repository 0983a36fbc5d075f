/**
 * Brings what git ignores (`.env.local`, `node_modules`) from one worktree into another. It appears there whole or not at
 * all, and never in the place of something that is there already.
 */
import { lstat, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize, sep } from "node:path";
import type { Config } from "../config/config-schema.ts";
import { messageOf } from "../errors.ts";
import { gitCommand } from "../repo/git.ts";
import { ensureDir, errorCode, isAbsence, isInside, publishFile, temporaryPathFor } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { ownPlaceKey, processBirth, TEMPORARY_LASTS_MS } from "../sys/run-record.ts";
import { type CopyKind, copyTree } from "./share-tree.ts";

export interface ShareRequest {
  /** The folder of the worktree that has the files. */
  from: string;
  /** The folder of the one that is to have them. */
  to: string;
  /** Relative to both. */
  paths: readonly string[];
  mode: Config["worktrees"]["share_mode"];
  runner: Runner;
  abort: AbortSignal;
}

/** What became of a path. */
export interface SharedPath {
  path: string;
  how: CopyKind | "skipped";
  /** Why it was skipped. */
  reason?: string;
}

/**
 * Shares the paths, one after the other. What is tracked, missing, already there, outside or cannot be copied is skipped
 * with the reason. Throws when git fails (exit 1) and when aborted.
 */
export async function sharePaths(request: ShareRequest): Promise<SharedPath[]> {
  const paths = request.paths.map((path) => normalize(path).replace(/\/+$/, ""));
  const tracked = await listTracked(paths.filter(isInner), request);
  const shared: SharedPath[] = [];
  for (const path of paths) {
    request.abort.throwIfAborted();
    const reason = await findObstacle(path, request, tracked);
    shared.push(reason === undefined ? await shareOne(path, request) : skipped(path, reason));
  }
  return shared;
}

function skipped(path: string, reason: string): SharedPath {
  return { path, how: "skipped", reason };
}

/** Whether a normalized path stays below the worktree, and out of git's own folder. */
function isInner(path: string): boolean {
  const names = path.split(sep);
  return path !== "" && path !== "." && !isAbsolute(path) && names[0] !== ".." && !names.includes(".git");
}

/** What git tracks of these paths. One spawn. */
async function listTracked(paths: readonly string[], { from, runner }: ShareRequest): Promise<string[]> {
  if (paths.length === 0) return [];
  const { stdout } = await runner.capture(gitCommand(from, ["--literal-pathspecs", "ls-files", "-z", "--", ...paths]));
  return stdout.split("\0").slice(0, -1);
}

/** Why a path cannot be shared. */
async function findObstacle(
  path: string,
  request: ShareRequest,
  tracked: readonly string[],
): Promise<string | undefined> {
  const { from, to } = request;
  if (!isInner(path)) return "it is not a path inside the worktree";
  const [source, destination] = [join(from, path), join(to, path)];
  const inside = (await isInside(from, dirname(source))) && (await isInside(to, dirname(destination)));
  if (!inside) return "a link on its way leads out of the worktree";
  const found = await findEntry(source);
  if (found === undefined) return `it is not there in ${from}`;
  if (!found.isFile() && !found.isDirectory() && !found.isSymbolicLink()) return "it is neither a file nor a folder";
  if (tracked.some((file) => file === path || file.startsWith(path + sep))) return "git tracks it, and brings it";
  if ((await findEntry(destination)) !== undefined) return "it is there already";
  if (found.isDirectory() && (await isInside(source, to))) return "the worktree itself lies in it";
  return undefined;
}

async function findEntry(path: string) {
  return await lstat(path).catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
}

async function shareOne(path: string, { from, to, mode, abort }: ShareRequest): Promise<SharedPath> {
  const destination = join(to, path);
  const place = await ownPlaceKey();
  const temporary = temporaryPathFor(`${destination}.${place}`);
  try {
    await ensureDir(dirname(destination), 0o777);
    await removeAbandoned(destination, place);
    const how = await copyTree(join(from, path), temporary, mode, abort);
    const placed = await nameCopy(temporary, destination);
    return placed ? { path, how } : skipped(path, "it is there already");
  } catch (error) {
    abort.throwIfAborted();
    return skipped(path, `it could not be copied: ${messageOf(error)}`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Gives the copy its name; false when somebody else was faster. */
async function nameCopy(temporary: string, destination: string): Promise<boolean> {
  if ((await lstat(temporary)).isFile()) return await publishFile(temporary, destination);
  if ((await findEntry(destination)) !== undefined) return false;
  try {
    await rename(temporary, destination);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOTEMPTY" || errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes the half copies that killed runs have left. That of a container or another machine, whose processes cannot be
 * seen from here, only when it is so old that nobody works on it.
 */
async function removeAbandoned(destination: string, place: string): Promise<void> {
  const prefix = `.${basename(destination)}.`;
  for (const name of await readdir(dirname(destination))) {
    if (!name.startsWith(prefix)) continue;
    const parts = /^(?:([a-f0-9]{8})\.)?(\d+)\.[a-f0-9]{8}\.tmp$/.exec(name.slice(prefix.length));
    if (parts === null) continue;
    const [, from, pid] = parts;
    const path = join(dirname(destination), name);
    const isDead = from === place ? (await processBirth(Number(pid))) === undefined : await isOld(path);
    if (isDead) await rm(path, { recursive: true, force: true });
  }
}

async function isOld(path: string): Promise<boolean> {
  const found = await findEntry(path);
  return found !== undefined && Date.now() - found.mtimeMs > TEMPORARY_LASTS_MS;
}
