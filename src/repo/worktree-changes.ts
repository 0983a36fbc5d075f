/** What would be lost with a worktree's folder. */
import type { Runner } from "../sys/process.ts";
import { gitCommand } from "./git.ts";
import type { GitWorktree } from "./worktree.ts";

export interface WorktreeChanges {
  /** Paths with changes that are in no commit, relative to the worktree; folders end with a slash. */
  uncommitted: string[];
  /** How many commits are on no other branch, here or on a remote. */
  unpushed: number;
}

/** Looks at a worktree whose folder is there. Two spawns. Throws when git fails (exit 1). */
export async function readChanges(worktree: GitWorktree, runner: Runner): Promise<WorktreeChanges> {
  const ask = async (args: readonly string[]) => (await runner.capture(gitCommand(worktree.root, args))).stdout;
  const [status, count] = await Promise.all([
    ask(["status", "--porcelain", "-z", "--untracked-files=normal"]),
    worktree.commit === undefined ? "0" : ask(["rev-list", "--count", "HEAD", "--not", ...others(worktree.branch)]),
  ]);
  return { uncommitted: readPaths(status), unpushed: Number(count) };
}

function others(branch: string | undefined): string[] {
  const own = branch === undefined ? [] : [`--exclude=${escapePattern(branch)}`];
  return [...own, "--branches", "--remotes"];
}

/** A branch's name as a pattern that only it fits. */
function escapePattern(branch: string): string {
  return branch.replace(/[\\*?[\]]/g, "\\$&");
}

/** `XY path`, NUL; after a rename or copy the old path follows. */
function readPaths(status: string): string[] {
  const fields = status.split("\0").filter((field) => field !== "");
  const paths: string[] = [];
  for (let place = 0; place < fields.length; place++) {
    const field = fields[place] ?? "";
    paths.push(field.slice(3));
    if (/^[RC]|^.[RC]/.test(field)) place++;
  }
  return paths;
}
