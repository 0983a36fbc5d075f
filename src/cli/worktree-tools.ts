/** What the commands on worktrees have in common: their tools, and how a worktree is named. */
import { basename } from "node:path";
import { missingError, usageError } from "../errors.ts";
import type { WorktreeRow } from "../repo/registry.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import type { WorktreeTools } from "../worktree/tools.ts";
import type { Context } from "./context.ts";

/** The tools for work on the worktrees of this repository. Throws without a git repository (exit 2) or pgrove.yaml (exit 3). */
export async function requireWorktreeTools(context: Context): Promise<WorktreeTools> {
  const loading = context.config();
  loading.catch(() => undefined); // read while git is asked, and thrown below
  const repository = await context.repository();
  if (repository === undefined) {
    throw usageError("there is no git repository here, and so no worktrees", "go to one, or: -C PATH");
  }
  return {
    repository,
    loaded: await context.requireConfig(),
    place: context.targetPlace,
    stateDir: await context.stateDir(),
    server: await context.serverTools(),
    operation: await context.operationTools(),
  };
}

/**
 * The worktree of that name, branch or folder; left out, the one that one stands in. Throws (exit 4) when there is none.
 */
export async function requireWorktree(tools: WorktreeTools, text: string | undefined): Promise<GitWorktree> {
  const { repository, stateDir, operation } = tools;
  const worktrees = await listWorktrees(repository, operation.runner);
  const found = text === undefined ? worktrees.find(isHere(tools)) : await findNamed(worktrees, text, stateDir);
  if (found !== undefined) return found;
  const isLeft = text !== undefined && (await findRow(stateDir, text)) !== undefined;
  throw missingError(
    "worktree_missing",
    `there is no worktree named ${text ?? repository.root}${isLeft ? " any more" : ""}`,
    isLeft ? "pgrove prune        takes away what is left of it" : "pgrove list",
  );
}

function isHere({ repository }: WorktreeTools) {
  return (worktree: GitWorktree) => worktree.gitDir === repository.gitDir;
}

async function findNamed(
  worktrees: readonly GitWorktree[],
  text: string,
  stateDir: string,
): Promise<GitWorktree | undefined> {
  if (text === "main") return worktrees.find(({ isMain }) => isMain);
  const row = await findRow(stateDir, text);
  const linked = worktrees.filter(({ isMain }) => !isMain);
  return (
    linked.find(({ id }) => id !== undefined && id === row?.id) ??
    linked.find(({ branch }) => branch === text) ??
    linked.find(({ root }) => basename(root) === text)
  );
}

async function findRow(stateDir: string, text: string): Promise<WorktreeRow | undefined> {
  const { readRegistry } = await import("../repo/registry.ts");
  const { rows } = await readRegistry(stateDir);
  return rows.find(({ name }) => name === text);
}
