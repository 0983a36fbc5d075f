/** What is nowhere but in a worktree's folder, and so would be lost with it. */
import { join, relative } from "node:path";
import { pathInWorktree } from "../config/load-config.ts";
import { refusal } from "../errors.ts";
import { gitCommand } from "../repo/git.ts";
import type { SubmoduleChanges } from "../repo/submodule-changes.ts";
import type { GitWorktree } from "../repo/worktree.ts";
import { readChanges } from "../repo/worktree-changes.ts";
import { readStatusPaths } from "../repo/worktree-status.ts";
import { readTextIfExists } from "../sys/files.ts";
import { cutBlock, findBlock } from "./marked-block.ts";
import type { WorktreeTools } from "./tools.ts";

/**
 * Throws (exit 5) when the worktree has what is nowhere else. Its branch stays, and the stashes are the repository's; what
 * its submodules have goes with it.
 */
export async function requireNothingUnsaved(tools: WorktreeTools, worktree: GitWorktree): Promise<void> {
  const { uncommitted, unpushed, submodules } = await readChanges(worktree, tools.operation.runner);
  const [submodule] = submodules;
  if (submodule !== undefined) throw submoduleUnsaved(worktree, submodule, submodules.length - 1);
  const changed = await withoutOwn(tools, worktree, uncommitted);
  if (changed.length > 0) {
    throw refusal(
      "worktree_dirty",
      `${worktree.root} has changes that are in no commit: ${nameFew(changed)}`,
      "commit or stash them; --force removes them with it",
    );
  }
  if (unpushed === 0) return;
  throw refusal(
    "commits_unsaved",
    `${worktree.root} is on no branch, and has ${unpushed} commit${unpushed === 1 ? "" : "s"} that no branch, tag or remote has`,
    `git -C ${worktree.root} branch NAME        keeps them; --force removes the worktree all the same`,
  );
}

/** Paths of a worktree with changes that are in no commit, but for what pgrove has put there. Throws when git fails (exit 1). */
export async function listUncommitted(tools: WorktreeTools, worktree: GitWorktree): Promise<string[]> {
  return await withoutOwn(tools, worktree, await readStatusPaths(worktree.root, [], tools.operation.runner));
}

async function withoutOwn(tools: WorktreeTools, worktree: GitWorktree, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return [];
  const own = await listOwnPaths(tools, worktree);
  return paths.filter((path) => !own.includes(path.replace(/\/$/, "")));
}

function submoduleUnsaved(
  { root }: GitWorktree,
  { path, uncommitted, unpushed, stashed }: SubmoduleChanges,
  others: number,
): Error {
  const what = [
    ...(uncommitted.length === 0 ? [] : [`changes that are in no commit: ${nameFew(uncommitted)}`]),
    ...(unpushed === 0 ? [] : [`${unpushed} commit${unpushed === 1 ? "" : "s"} that no remote has`]),
    ...(stashed ? ["stashed changes"] : []),
  ];
  const more = others === 0 ? "" : `, and ${others} further one${others === 1 ? "" : "s"} like it`;
  return refusal(
    "submodule_unsaved",
    `the submodule ${path} of ${root}, which goes with it, has ${what.join("; ")}${more}`,
    `commit, push or drop them in ${join(root, path)}; --force removes them with it`,
  );
}

function nameFew(paths: readonly string[]): string {
  return paths.slice(0, 3).join(", ") + (paths.length > 3 ? ", …" : "");
}

/** What pgrove has put there: its block in the env file, as long as nothing else is changed there, and what is shared. */
async function listOwnPaths(tools: WorktreeTools, { root }: GitWorktree): Promise<string[]> {
  const { loaded } = tools;
  const { file: first, others = [] } = loaded.config.env;
  const files = [first, ...others.map(({ file }) => file)].map((file) => pathInWorktree(loaded, file, root));
  const own = await Promise.all(
    files.map(async (file) => ((await addsOnlyBlock(tools, root, file)) ? [relative(root, file)] : [])),
  );
  return [...own.flat(), ...loaded.config.worktrees.share.map((path) => path.replace(/\/$/, ""))];
}

/** Whether a file is as git has it, or is not git's and empty, but for pgrove's own block. */
async function addsOnlyBlock({ operation }: WorktreeTools, root: string, file: string): Promise<boolean> {
  const text = (await readTextIfExists(file)) ?? "";
  const block = findBlock(text, file);
  if (block === undefined) return false;
  const command = gitCommand(root, ["cat-file", "blob", `HEAD:./${relative(root, file)}`]);
  const { stdout, exitCode } = await operation.runner.capture(command, { allowFailure: true });
  return cutBlock(text, block).trimEnd() === (exitCode === 0 ? stdout : "").trimEnd();
}
