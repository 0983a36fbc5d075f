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
  const { repository, stateDir } = tools;
  const found = await findWorktree(tools, text);
  if (found !== undefined) return found;
  const isLeft = text !== undefined && (await findRow(stateDir, text)) !== undefined;
  throw missingError(
    "worktree_missing",
    `there is no worktree named ${text ?? repository.root}${isLeft ? " any more" : ""}`,
    isLeft ? "pgrove prune        takes away what is left of it" : "pgrove list",
  );
}

/** The same; undefined when there is none. */
export async function findWorktree(tools: WorktreeTools, text: string | undefined): Promise<GitWorktree | undefined> {
  const worktrees = await listWorktrees(tools.repository, tools.operation.runner);
  return text === undefined ? worktrees.find(isHere(tools)) : await findNamed(worktrees, text, tools.stateDir);
}

/** What `remove` is to remove: a worktree, or, looked for first, what one has left that is not there any more. */
export interface Removable {
  worktree?: GitWorktree;
  /** The identity or name that the leftover has. */
  leftover?: string;
}

/** What `remove` means by that text. What is the name of one is never another's branch or folder. */
export async function findRemovable(tools: WorktreeTools, text: string): Promise<Removable> {
  const { repository, stateDir, operation } = tools;
  const { readRegistry } = await import("../repo/registry.ts");
  const [worktrees, { rows }] = await Promise.all([
    listWorktrees(repository, operation.runner),
    readRegistry(stateDir),
  ]);
  const row = rows.find(({ name }) => name === text);
  const worktree =
    row === undefined || text === "main"
      ? await findNamed(worktrees, text, stateDir)
      : worktrees.find(({ id }) => id === row.id);
  if (worktree === undefined) return { leftover: row?.id ?? text };
  const { id, missing } = worktree;
  if (!missing || id === undefined || rows.some((each) => each.id === id)) return { worktree };
  return { worktree, leftover: id };
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
    linked.find(({ root }) => basename(root) === text || root === text)
  );
}

async function findRow(stateDir: string, text: string): Promise<WorktreeRow | undefined> {
  const { readRegistry } = await import("../repo/registry.ts");
  const { rows } = await readRegistry(stateDir);
  return rows.find(({ name }) => name === text);
}
