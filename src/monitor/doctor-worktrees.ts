/** Worktrees that are not as they should be, each with its fix. */
import type { Repository } from "../repo/git.ts";
import { readRegistry, type WorktreeRow } from "../repo/registry.ts";
import { listWorktrees } from "../repo/worktree.ts";
import type { Runner } from "../sys/process.ts";
import type { Check } from "./check.ts";

const NAME = "worktrees";

/** Looks at git's and pgrove's own books; what lies in servers is for `prune` to see. */
export async function checkWorktrees(repository: Repository, stateDir: string, runner: Runner): Promise<Check> {
  const [worktrees, registry] = await Promise.all([listWorktrees(repository, runner), readRegistry(stateDir)]);
  if (registry.state === "damaged") {
    return {
      ...{ name: NAME, state: "problem", found: "pgrove's registry of them is damaged" },
      fix: "pgrove provision in each worktree finds its database again",
    };
  }
  const problems = registry.rows.flatMap((row) => {
    const worktree = worktrees.find(({ id }) => id === row.id);
    return describe(row, worktree !== undefined && (!worktree.missing || worktree.locked));
  });
  const [first] = problems;
  if (first === undefined) return { name: NAME, state: "ok", found: `${registry.rows.length} with their own data` };
  return { name: NAME, state: "problem", found: problems.map(({ found }) => found).join(", "), fix: first.fix };
}

function describe({ name, state, gone }: WorktreeRow, isThere: boolean): { found: string; fix: string }[] {
  if (!isThere && gone !== undefined) return []; // prune knows, and waits
  if (!isThere) return [{ found: `${name} is gone, its data are not`, fix: "pgrove prune" }];
  if (state === "creating") return [{ found: `${name} is not finished`, fix: `pgrove provision ${name}` }];
  if (state === "removing") return [{ found: `${name} is half removed`, fix: `pgrove remove ${name}` }];
  return [];
}
