/** Takes away what a worktree has of its own. Nothing goes that does not carry the worktree's mark or labels. */
import { rm } from "node:fs/promises";
import { removeRow, type WorktreeRow, worktreeStateDir } from "../repo/registry.ts";
import type { Destruction } from "./home.ts";
import { homeOf } from "./home-of.ts";
import type { WorktreeTools } from "./tools.ts";

/** Whose belongings, and how much of them. */
export interface Removal extends Destruction {
  row: WorktreeRow;
}

/** Throws (exit 5) when something of what belongs to a worktree cannot be taken away, before anything is. */
export async function requireDestroyable(tools: WorktreeTools, { row, ...destruction }: Removal): Promise<void> {
  await homeOf(tools, row).takeAway(destruction, "check");
}

/** The same, and (exit 5) while somebody works with it. */
export async function requirePrunable(tools: WorktreeTools, { row, ...destruction }: Removal): Promise<void> {
  await homeOf(tools, row).takeAway(destruction, "check-unused");
}

/**
 * Drops what belongs to a worktree. Throws (exit 5) when another run works on it, something of it cannot be dropped, or
 * was not shown: all of it is looked at before the first of it goes. A second call goes on where the first one was stopped.
 */
export async function destroyBelongings(tools: WorktreeTools, { row, ...destruction }: Removal): Promise<void> {
  await homeOf(tools, row).takeAway(destruction, "destroy");
}

/** Puts aside what belongs to a worktree, so that it can come back as it was. Throws (exit 5) as dropping it would. */
export async function parkBelongings(tools: WorktreeTools, { row, ...destruction }: Removal): Promise<void> {
  await homeOf(tools, row).takeAway(destruction, "park");
}

/** Throws (exit 2) when the database cannot stay without what goes. */
export function requireSeparable(tools: WorktreeTools, row: WorktreeRow, keepDatabase: boolean): void {
  if (keepDatabase) homeOf(tools, row).requireSeparable();
}

/** Takes a worktree out of pgrove's books: its names and ports are free again. */
export async function forgetWorktree({ stateDir }: WorktreeTools, id: string): Promise<void> {
  await rm(worktreeStateDir(stateDir, id), { recursive: true, force: true });
  await removeRow(stateDir, id);
}
