/** Which worktree `provision` is to provision: one that is there, or one that was parked and comes back. */
import { basename } from "node:path";
import { missingError, usageError } from "../errors.ts";
import type { GitWorktree } from "../repo/worktree.ts";
import type { WorktreeTools } from "../worktree/tools.ts";
import type { Context } from "./context.ts";
import { findWorktree, requireWorktree } from "./worktree-tools.ts";

export interface Returning {
  worktree: GitWorktree;
  /** The name that a parked one is to have. */
  name?: string;
}

/** The worktree that is meant, its folder made again where it was parked. Asks for another name where its own is taken. */
export async function findReturning(
  context: Context,
  tools: WorktreeTools,
  text: string | undefined,
  wanted: string | undefined,
): Promise<Returning> {
  const found = await findWorktree(tools, text);
  const isPresent = found !== undefined && !found.missing;
  const { findParkedWorktree, isNameTaken, remakeWorktree } = await import("../worktree/remake.ts");
  const parked = isPresent
    ? await findParkedWorktree(tools, found.id ?? "")
    : await findParkedWorktree(tools, found?.id ?? text ?? "");
  if (parked === undefined) {
    if (wanted !== undefined) throw usageError("--name is for what was parked, and nothing is", "pgrove prune --list");
    return { worktree: await requirePresent(tools, text) };
  }
  let name = wanted ?? parked.row.name;
  while (context.prompt.available && (await isNameTaken(tools, name))) {
    name = await context.prompt.word(`There is another worktree named ${name} by now. The name for this one:`);
  }
  if (!isPresent) return { worktree: await remakeWorktree(tools, parked, name), name };
  return { worktree: found, name };
}

/** Throws (exit 4) when there is none, or its folder is gone. */
async function requirePresent(tools: WorktreeTools, text: string | undefined): Promise<GitWorktree> {
  const worktree = await requireWorktree(tools, text);
  if (!worktree.missing) return worktree;
  const hint = `git worktree repair        if it was moved; pgrove remove ${basename(worktree.root)} if it is gone`;
  throw missingError("worktree_gone", `the folder of the worktree is gone: ${worktree.root}`, hint);
}
