/**
 * Whether a worktree that is not at its place is gone, or only away: moved, on a disk that is not mounted, on another
 * machine. What cannot be told is not gone.
 */
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type SeenPlace, updateRegistry, type WorktreeRow } from "../repo/registry.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { findWorktreeFolders, type WorktreeFolder } from "../repo/worktree-folders.ts";
import { errorCode, identifyFolder } from "../sys/files.ts";
import { isSameObserver, thisObserver } from "../sys/machine.ts";
import { baseOf, placeOf } from "./create-worktree.ts";
import type { WorktreeTools } from "./tools.ts";

/** Why a worktree may not be gone, and what to type about it. */
export interface Doubt {
  why: string;
  hint: string;
  /** Where it is, when it was moved. */
  movedTo?: string;
}

/** What can be seen of a repository's worktrees. */
export interface Sight {
  worktrees: readonly GitWorktree[];
  folders: readonly WorktreeFolder[];
  /** Real. */
  commonDir: string;
}

/** What a worktree's row is to remember of its place. Nothing of one whose folder is not there. */
export async function seePlace({ root, gitDir }: GitWorktree): Promise<Pick<WorktreeRow, "seen">> {
  const parent = await identifyFolder(dirname(root));
  return parent === undefined ? {} : { seen: { gitName: basename(gitDir), parent, by: thisObserver() } };
}

/** Whether it is where git says, or kept from being judged by `git worktree lock`. */
export function isThere({ missing, strayed, locked }: Pick<GitWorktree, "missing" | "strayed" | "locked">): boolean {
  return locked || !(missing || strayed);
}

/** Looks for the worktrees that the rows tell of, where they are to be and where they may have been moved to. */
export async function lookForWorktrees(tools: WorktreeTools, rows: readonly WorktreeRow[]): Promise<Sight> {
  const { repository, operation } = tools;
  const worktrees = await listWorktrees(repository, operation.runner);
  const places = [
    ...rows.flatMap(({ path, name }) => (path === "" ? [] : [path, placeOf(tools, name)])),
    ...worktrees.map(({ root }) => root),
  ];
  const folders = await findWorktreeFolders([baseOf(repository), ...places.map((place) => dirname(place))]);
  return { worktrees, folders, commonDir: await realpath(repository.commonDir) };
}

/** Writes down where the worktrees are that are there: so it is known later which folder they are missing from. */
export async function rememberPlaces({ stateDir }: WorktreeTools, worktrees: readonly GitWorktree[]): Promise<void> {
  const there = worktrees.filter(({ missing, strayed, isMain }) => !(missing || strayed || isMain));
  const seen = new Map(await Promise.all(there.map(async (each) => [each.id, await placeNow(each)] as const)));
  await updateRegistry(stateDir, (rows) => {
    for (const row of rows) {
      const place = seen.get(row.id);
      if (place === undefined) continue;
      Object.assign(row, place);
      delete row.gone;
    }
  });
}

async function placeNow(worktree: GitWorktree): Promise<Pick<WorktreeRow, "path" | "seen">> {
  return { path: worktree.root, ...(await seePlace(worktree)) };
}

/**
 * Why the worktree that a row tells of may not be gone; undefined when it certainly is. `giveUp` is the command that
 * takes what it has left all the same.
 */
export async function findDoubt(row: WorktreeRow, sight: Sight, giveUp: string): Promise<Doubt | undefined> {
  const known = sight.worktrees.find(({ id }) => id === row.id);
  if (known?.strayed === true) {
    const why = `${known.root} belongs to another repository; this one was moved, or is a copy of that one`;
    return { why, hint: `git worktree repair ${known.root}        if it was moved` };
  }
  const moved = await findMoved(known, row.seen, sight);
  if (moved !== undefined) {
    const hint = known === undefined ? giveUp : `git worktree repair ${moved}`;
    return { why: `${moved} says that it is this worktree: it was moved there`, hint, movedTo: moved };
  }
  if (row.path === "") return { why: "only its marks are known, not where it was", hint: giveUp };
  for (const place of new Set([row.path, known?.root ?? row.path])) {
    if ((await isOccupied(place)) && !isAnothers(place, row, sight)) {
      return {
        why: `${place} is there, and may be it`,
        hint: known === undefined ? giveUp : "git worktree repair",
      };
    }
  }
  return doubtObserver(row, giveUp) ?? (await doubtParent(row, known, giveUp));
}

/** Whoever has not seen it there may not see it now. */
function doubtObserver({ seen }: WorktreeRow, hint: string): Doubt | undefined {
  if (seen === undefined || isSameObserver(seen.by, thisObserver())) return undefined;
  const { machine, user } = seen.by ?? {};
  if (machine === undefined) return { why: "it is not known on which machine it was seen last", hint };
  return { why: `it was seen last on ${machine} by ${user}, who may still see it`, hint };
}

/** Whether the folder that it is missing from is the one that it was in, and not what stands there without a disk. */
async function doubtParent(row: WorktreeRow, known: GitWorktree | undefined, hint: string): Promise<Doubt | undefined> {
  const parent = dirname(known?.root ?? row.path);
  const found = await identifyFolder(parent).catch(() => undefined);
  if (found === undefined) {
    return { why: `the folder ${parent} is not there either: its disk may be away`, hint };
  }
  if (row.seen === undefined || parent !== dirname(row.path)) {
    return { why: `it is not known whether the folder ${parent} is the one that it was in`, hint };
  }
  if (row.seen.parent === found) return undefined;
  return { why: `the folder ${parent} is another one than it was in: its disk may be away`, hint };
}

/** Where the worktree is now, when its folder was moved behind git's back. */
export async function findMoved(
  known: GitWorktree | undefined,
  seen: SeenPlace | undefined,
  { folders, worktrees, commonDir }: Sight,
): Promise<string | undefined> {
  const name = known === undefined ? seen?.gitName : basename(known.gitDir);
  const taken = await Promise.all(worktrees.filter(isThere).map(({ root }) => realpath(root).catch(() => root)));
  const found = folders.find(
    (each) => each.gitName === name && (each.commonDir === commonDir || each.isOrphan) && !taken.includes(each.root),
  );
  return found?.root;
}

/** What cannot be looked at is taken to be there. */
async function isOccupied(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: unknown) => errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTDIR",
  );
}

/** Whether another worktree has taken the place. One without an identity may have lost it. */
function isAnothers(place: string, row: WorktreeRow, { worktrees }: Sight): boolean {
  return worktrees.some(
    ({ root, id, ...each }) => root === place && id !== undefined && id !== row.id && isThere(each),
  );
}
