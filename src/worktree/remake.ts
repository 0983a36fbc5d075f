/** A worktree made anew whose folder was deleted, and whose data is parked. */

import { refusal } from "../errors.ts";
import { type ParkedWorktree, readRegistry } from "../repo/registry.ts";
import { adoptIdentity, type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { nameTaken } from "./allocate.ts";
import { createWorktree } from "./create-worktree.ts";
import { isThere } from "./gone.ts";
import { forgetByGit } from "./prune.ts";
import type { WorktreeTools } from "./tools.ts";

/** What is parked of a worktree, by its name, branch or identity; undefined when there is nothing. */
export async function findParkedWorktree(
  { stateDir }: WorktreeTools,
  text: string,
): Promise<ParkedWorktree | undefined> {
  const { parked } = await readRegistry(stateDir);
  const by = (isMeant: (each: ParkedWorktree) => boolean) => parked.find(isMeant);
  return by(({ row }) => row.id === text) ?? by(({ row }) => row.name === text) ?? by(({ row }) => row.branch === text);
}

/** Whether another worktree has a parked one's name by now. */
export async function isNameTaken({ stateDir }: WorktreeTools, name: string): Promise<boolean> {
  return (await readRegistry(stateDir)).rows.some((row) => row.name === name);
}

/**
 * Makes the folder of a parked worktree again, on its branch; one that was detached gets a branch of its name. Provisioned,
 * it has its data again. Throws (exit 5) when the folder is there, or the name or branch are taken.
 */
export async function remakeWorktree(
  tools: WorktreeTools,
  { row }: ParkedWorktree,
  name: string,
): Promise<GitWorktree> {
  const { repository, operation } = tools;
  const worktrees = await listWorktrees(repository, operation.runner);
  const known = worktrees.find(({ id }) => id === row.id);
  if (known !== undefined && isThere(known)) {
    throw refusal(
      "worktree_there",
      `the worktree is there: ${known.root}`,
      `cd ${quoteWord(known.root)} && pgrove provision`,
    );
  }
  if (await isNameTaken(tools, name)) throw nameTaken(row.name, name);
  await forgetByGit(tools, row.id);
  const { worktree } = await createWorktree(tools, { branch: row.branch ?? row.name, name });
  await adoptIdentity(worktree.gitDir, row.id);
  return { ...worktree, id: row.id };
}
