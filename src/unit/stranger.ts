/** Whether what stands under a worktree's name is the worktree's: names are anybody's, marks are pgrove's. */
import { isAnyWorktrees, isOwnedMark, parseMark } from "../postgres/ownership.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { hasOwnServer } from "../resolve/worktree-target.ts";
import type { Standing } from "./standing.ts";

/**
 * Why what stands there is not the worktree's, in words; undefined where it is, for main and other targets, which carry no
 * marks, and on a server of the worktree's own, where everything is.
 */
export function describeStranger({ target, database }: LiveTarget, { mark }: Standing): string | undefined {
  const { worktree } = target;
  if (worktree === undefined || hasOwnServer(worktree)) return undefined;
  const found = parseMark(mark);
  if (isOwnedMark(found, worktree.id)) return undefined;
  const why = isAnyWorktrees(found) ? `it has the mark of the worktree ${found?.name}` : "it lacks its mark";
  return `the database ${database} is not the one that pgrove made for ${worktree.name}: ${why}`;
}
