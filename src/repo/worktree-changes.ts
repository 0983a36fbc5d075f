/** What would be lost with a worktree's folder. */
import type { Runner } from "../sys/process.ts";
import { gitCommand } from "./git.ts";
import { readSubmoduleChanges, type SubmoduleChanges } from "./submodule-changes.ts";
import type { GitWorktree } from "./worktree.ts";
import { readStatusPaths } from "./worktree-status.ts";

export interface WorktreeChanges {
  /** Paths with changes that are in no commit, relative to the worktree; folders end with a slash. */
  uncommitted: string[];
  /** How many commits are on no branch or tag, here or on a remote: of one that is on a branch none. */
  unpushed: number;
  submodules: SubmoduleChanges[];
}

/** Looks at a worktree whose folder is there. Three spawns, and some for each submodule. Throws when git fails (exit 1). */
export async function readChanges(worktree: GitWorktree, runner: Runner): Promise<WorktreeChanges> {
  const ask = async (args: readonly string[]) => (await runner.capture(gitCommand(worktree.root, args))).stdout;
  const [uncommitted, count, submodules] = await Promise.all([
    readStatusPaths(worktree.root, [], runner),
    worktree.branch === undefined && worktree.commit !== undefined
      ? ask(["rev-list", "--count", "HEAD", "--not", "--branches", "--tags", "--remotes"])
      : "0",
    readSubmoduleChanges(worktree, runner),
  ]);
  return { uncommitted, unpushed: Number(count), submodules };
}
