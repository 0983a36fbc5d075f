/**
 * What pgrove writes on the databases, schemas and roles that it makes, as their COMMENT: they are found again by it,
 * and nothing without it is ever dropped.
 */
import { parseJson } from "../sys/untyped.ts";

/** Whose something is. Further fields say more of it. */
export interface Mark {
  /** `parked` hides another one: what a worktree that is gone has left, renamed, with the comment that it had. */
  kind: "worktree" | "snapshot" | "parked";
  [field: string]: string;
}

const PREFIX = "pgrove ";

/** The comment that carries a mark. */
export function formatMark(mark: Mark): string {
  return PREFIX + JSON.stringify(mark);
}

/** The mark that a comment carries; undefined when it is none of pgrove's. */
export function parseMark(comment: string | null | undefined): Mark | undefined {
  if (!comment?.startsWith(`${PREFIX}{`)) return undefined;
  const mark = parseJson(comment.slice(PREFIX.length));
  return isMark(mark) ? mark : undefined;
}

/** Whether something is the worktree's with that identity, and in its place. */
export function isWorktreeMark(mark: Mark | undefined, worktree: string | undefined): boolean {
  return worktree !== undefined && mark?.kind === "worktree" && mark.worktree === worktree;
}

/** Whether something is the worktree's with that identity, in its place or parked. */
export function isOwnedMark(mark: Mark | undefined, worktree: string | undefined): boolean {
  return isWorktreeMark(mark, worktree) || isParkedMark(mark, worktree);
}

/** Whether something was put aside for the worktree with that identity. */
export function isParkedMark(mark: Mark | undefined, worktree: string | undefined): boolean {
  return worktree !== undefined && mark?.kind === "parked" && mark.worktree === worktree;
}

/** Whether something is any worktree's, in its place or parked. */
export function isAnyWorktrees(mark: Mark | undefined): boolean {
  return mark?.kind === "worktree" || mark?.kind === "parked";
}

function isMark(value: unknown): value is Mark {
  if (typeof value !== "object" || value === null) return false;
  const kind: unknown = Reflect.get(value, "kind");
  if (kind !== "worktree" && kind !== "snapshot" && kind !== "parked") return false;
  return Object.values(value).every((field) => typeof field === "string");
}
