/** What would be lost with a worktree's folder. */
import type { Runner } from "../sys/process.ts";
import { gitCommand } from "./git.ts";
import { readSubmoduleChanges, type SubmoduleChanges } from "./submodule-changes.ts";
import type { GitWorktree } from "./worktree.ts";
import { readStatusPaths } from "./worktree-status.ts";

export interface WorktreeChanges {
  /** Paths with changes that are in no commit, relative to the worktree; folders end with a slash. */
  uncommitted: string[];
  /** How many commits are on no other branch, here or on a remote. */
  unpushed: number;
  submodules: SubmoduleChanges[];
}

/** Looks at a worktree whose folder is there. Three spawns, and some for each submodule. Throws when git fails (exit 1). */
export async function readChanges(worktree: GitWorktree, runner: Runner): Promise<WorktreeChanges> {
  const ask = async (args: readonly string[]) => (await runner.capture(gitCommand(worktree.root, args))).stdout;
  const [uncommitted, count, submodules] = await Promise.all([
    readStatusPaths(worktree.root, [], runner),
    worktree.commit === undefined ? "0" : ask(["rev-list", "--count", "HEAD", "--not", ...others(worktree.branch)]),
    readSubmoduleChanges(worktree, runner),
  ]);
  return { uncommitted, unpushed: Number(count), submodules };
}

function others(branch: string | undefined): string[] {
  const own = branch === undefined ? [] : [`--exclude=${escapePattern(branch)}`];
  return [...own, "--branches", "--remotes"];
}

/** A branch's name as a pattern that only it fits. */
function escapePattern(branch: string): string {
  return branch.replace(/[\\*?[\]]/g, "\\$&");
}
