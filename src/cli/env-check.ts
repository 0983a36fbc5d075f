/** Whether the env file of a worktree names its database. */
import type { EnvCheck } from "../monitor/env-check.ts";
import type { TargetStatus } from "../monitor/status.ts";
import type { WaysPlace } from "../resolve/stray-variables.ts";
import type { Target } from "../resolve/target.ts";
import type { Context } from "./context.ts";

/** Where a worktree's programs would really go. Asked of main's and the other worktrees' own files. */
export async function findEnvCheck(
  context: Context,
  target: Target,
  connection: TargetStatus["connection"],
): Promise<EnvCheck | undefined> {
  const isWorktree = target.name === "main" || target.worktree !== undefined;
  const loaded = isWorktree ? await context.config() : undefined;
  if (loaded === undefined) return undefined;
  const root = await findRoot(context, target);
  if (root === undefined) return undefined;
  const [{ checkEnvFile }, { findWays }] = await Promise.all([
    import("../monitor/env-check.ts"),
    import("../resolve/stray-variables.ts"),
  ]);
  return await checkEnvFile(target, root, connection, loaded, await findWays(target, connection, waysPlace(context)));
}

function waysPlace({ resolveTarget, serverTools }: Context): WaysPlace {
  return { main: () => resolveTarget("main"), serverTools };
}

/** Where the worktree is now: it may have been moved. */
async function findRoot(context: Context, { worktree: row }: Target): Promise<string | undefined> {
  const repository = await context.repository();
  if (row === undefined || repository === undefined) return repository?.mainRoot;
  const { listWorktrees } = await import("../repo/worktree.ts");
  return (await listWorktrees(repository, context.runner)).find(({ id }) => id === row.id)?.root;
}
