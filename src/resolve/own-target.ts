import type { Target } from "./target.ts";

/** Whether the target is a worktree's own database or main's, and not an environment's or one that a URL names. */
export function isOwnTarget({ worktree, label }: Target): boolean {
  return worktree !== undefined || label === "main"; // the other labels say where they are, too
}
