/** Worktrees that are not as they should be, each with its fix. */
import type { Repository } from "../repo/git.ts";
import { readRegistry, type WorktreeRow } from "../repo/registry.ts";
import { listWorktrees } from "../repo/worktree.ts";
import type { Runner } from "../sys/process.ts";
import type { Check, Mend } from "./check.ts";

const NAME = "worktrees";

/** Gives the worktree of that name or folder what it lacks. */
export type Provision = (worktree: string) => Promise<void>;

/** Looks at git's and pgrove's own books; what lies in servers is for `prune` to see. */
export async function checkWorktrees(
  repository: Repository,
  stateDir: string,
  runner: Runner,
  provision: Provision,
): Promise<Check> {
  const [worktrees, registry] = await Promise.all([listWorktrees(repository, runner), readRegistry(stateDir)]);
  if (registry.state === "damaged") {
    return {
      ...{ name: NAME, state: "problem", found: "pgrove's registry of them is damaged" },
      fix: "pgrove provision in each worktree finds its database again",
      mends: worktrees
        .filter(({ isMain, missing }) => !isMain && !missing)
        .map(({ root }) => mendOf(`${root} will be provisioned, which finds its database again`, root, provision)),
    };
  }
  const problems = registry.rows.flatMap((row) => {
    const worktree = worktrees.find(({ id }) => id === row.id);
    return describe(row, worktree !== undefined && (!worktree.missing || worktree.locked));
  });
  const [first] = problems;
  if (first === undefined) return { name: NAME, state: "ok", found: `${registry.rows.length} with their own data` };
  const found = problems.map((each) => each.found).join(", ");
  const mends = registry.rows
    .filter(({ id, state }) => state === "creating" && worktrees.some((each) => each.id === id && !each.missing))
    .map(({ name }) => mendOf(`${name}, which is not finished, will be provisioned`, name, provision));
  return { name: NAME, state: "problem", found, fix: first.fix, mends };
}

function mendOf(what: string, worktree: string, provision: Provision): Mend {
  return { what, run: () => provision(worktree) };
}

function describe({ name, state, gone }: WorktreeRow, isThere: boolean): { found: string; fix: string }[] {
  if (!isThere && gone !== undefined) return []; // prune knows, and waits
  if (!isThere) return [{ found: `${name} is gone, its data are not`, fix: "pgrove prune" }];
  if (state === "creating") return [{ found: `${name} is not finished`, fix: `pgrove provision ${name}` }];
  if (state === "removing") return [{ found: `${name} is half removed`, fix: `pgrove remove ${name}` }];
  return [];
}
