/** The labels by which a worktree's containers, volumes and networks are found again, and known as pgrove's. */

/** Whose something is: two UUIDs. */
export interface Owner {
  repository: string;
  worktree: string;
}

export const REPOSITORY_LABEL = "dev.pgrove.repository";
export const WORKTREE_LABEL = "dev.pgrove.worktree";

/** The owner as labels. */
export function formatOwnerLabels({ repository, worktree }: Owner): Record<string, string> {
  return { [REPOSITORY_LABEL]: repository, [WORKTREE_LABEL]: worktree };
}
