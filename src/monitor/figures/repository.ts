/** What the repository and its state folder tell: worktrees that are gone, seed runs that have failed, room for dumps. */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Repository } from "../../repo/git.ts";
import { readRegistry, type WorktreeRow } from "../../repo/registry.ts";
import { listWorktrees } from "../../repo/worktree.ts";
import { errorCode } from "../../sys/files.ts";
import { type JournalEntry, wasRefused } from "../../sys/journal.ts";
import type { Runner } from "../../sys/process.ts";
import { figure, type Measured, none, unknown } from "./figure.ts";

const WEEK_MS = 7 * 86_400_000;

/** The share of seed runs that have failed, of those that ended within a week. One that was refused was no run. */
export function measureSeeding(journal: readonly JournalEntry[], now: Date): Measured {
  const since = now.getTime() - WEEK_MS;
  const ended = journal.filter(
    (entry) =>
      entry.event === "end" &&
      /^seed\b/.test(entry.operation) &&
      Date.parse(entry.at) >= since &&
      entry.result !== "interrupted" &&
      !wasRefused(entry),
  );
  if (ended.length === 0) return none("nothing was seeded this week");
  const failed = ended.filter(({ result }) => result === "failed").length;
  return figure(failed / ended.length, `${failed} of ${ended.length}`);
}

/** Room for more dumps, on the disk of the nearest folder that is there. */
export async function measureStoreDisk(folder: string): Promise<Measured> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return figure(bavail * bsize);
  } catch (error) {
    const parent = dirname(folder);
    if (errorCode(error) === "ENOENT" && parent !== folder) return await measureStoreDisk(parent);
    return unknown(`${folder} cannot be asked (${errorCode(error)})`);
  }
}

/** Worktrees that pgrove knows, and those of them that are gone. */
export interface Worktrees {
  /** Git's, main included. */
  count: number;
  gone: readonly WorktreeRow[];
}

/** Looks at git's books and at pgrove's; what lies in servers is for `prune` to see. */
export async function readWorktrees(repository: Repository, stateDir: string, runner: Runner): Promise<Worktrees> {
  const [worktrees, { rows }] = await Promise.all([listWorktrees(repository, runner), readRegistry(stateDir)]);
  const isThere = ({ id }: WorktreeRow) => worktrees.some((each) => each.id === id && (!each.missing || each.locked));
  return { count: worktrees.filter(({ missing }) => !missing).length, gone: rows.filter((row) => !isThere(row)) };
}

/** How many are gone, by name. */
export function measureOrphans({ gone }: Worktrees): Measured {
  return figure(gone.length, gone.map(({ name }) => name).join(", "));
}
