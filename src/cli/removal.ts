/** What `remove` is about to remove. */
import { missingError } from "../errors.ts";
import type { Belongings } from "../worktree/belongings.ts";
import type { RemovalChoice } from "../worktree/remove.ts";
import type { WorktreeTools } from "../worktree/tools.ts";
import type { Context } from "./context.ts";
import { isTrusted } from "./trust.ts";
import { findRemovable } from "./worktree-tools.ts";

/** What is about to be removed, looked at and checked. */
interface Removal {
  name: string;
  /** null where only marks tell of it. */
  path: string | null;
  branch?: string;
  belongings: Belongings;
  carryOut(): Promise<{ branchDeleted: boolean }>;
}

/** Of a worktree that git knows, or of what one has left that is not there any more. Throws (exit 4) for neither. */
export async function planRemovalOf(
  context: Context,
  tools: WorktreeTools,
  text: string,
  choice: RemovalChoice & { deleteBranch: boolean },
): Promise<Removal> {
  const [{ worktree, leftover }, { findLeftover, removeLeftover }, { planRemoval, removeWorktree }] = await Promise.all(
    [findRemovable(tools, text), import("../worktree/prune.ts"), import("../worktree/remove.ts")],
  );
  const left = leftover === undefined ? undefined : await findLeftover(tools, leftover, choice.keepDatabase);
  if (left !== undefined) {
    const { row, belongings } = left;
    const carryOut = async () => {
      await removeLeftover(tools, left, choice.keepDatabase);
      return { branchDeleted: false };
    };
    return { name: row.name, path: row.path === "" ? null : row.path, belongings, carryOut };
  }
  if (worktree === undefined)
    throw missingError("worktree_missing", `there is no worktree named ${text}`, "pgrove list");
  const { name, belongings } = await planRemoval(tools, worktree, choice);
  const mayTearDown = async () => {
    if (await isTrusted(context, ["worktrees.teardown", "env.set"])) return true;
    context.output.note("the teardown steps are left out: they were not approved (pgrove trust)");
    return false;
  };
  const carryOut = () => removeWorktree(tools, worktree, { ...choice, shown: belongings, mayTearDown });
  const branch = worktree.branch === undefined ? {} : { branch: worktree.branch };
  return { name, path: worktree.root, ...branch, belongings, carryOut };
}
