/** A database in which there is nothing to lose is given its schema: by its migrations. */
import { USUAL_LOCK_WAIT_MS } from "./request.ts";
import type { AppliedStep } from "./run/apply.ts";
import type { MigrateTools } from "./tools.ts";
import { openMigrations } from "./worktree-migrations.ts";

/**
 * Applies all migrations of the target's own worktree to it, unasked. Resolves with what was run; undefined where the
 * worktree has no migrations, or another tool's.
 */
export async function migrateEmpty(
  tools: MigrateTools,
  target: string | undefined,
): Promise<readonly AppliedStep[] | undefined> {
  const migrations = await openMigrations(tools, target);
  if (migrations.settings.command !== undefined) {
    tools.targetPlace.note("the migrations are another tool's; next: pgrove migrate up");
    return undefined;
  }
  const files = await migrations.files();
  if (files.migrations.length === 0 && files.findings.every(({ rule }) => rule === "folder_missing")) return undefined;
  const [{ completeRequest, prepareRun }, { runMigrations }] = await Promise.all([
    import("./run/prepare.ts"),
    import("./run/run-migrations.ts"),
  ]);
  const request = {
    ...{ verb: "up" as const, target, toolWords: [], wish: () => ({ kind: "head" as const }) },
    options: {
      ...{ dryRun: false, rehearse: false, backup: { skip: true }, allowOutOfOrder: false },
      ...{ lockWaitMs: USUAL_LOCK_WAIT_MS, statementTimeoutMs: undefined, waitMs: 0 },
    },
  };
  const run = await prepareRun(tools, request, migrations, { readsImpact: false, tellSchemaStart: () => undefined });
  const { plan, ledger } = run.planned;
  if (plan.steps.length === 0) return [];
  return await runMigrations(await tools.operationTools(), run.live, {
    ...(await completeRequest(tools, run)),
    ...{ operation: "migrate up", place: ledger.place, lockWaitMs: USUAL_LOCK_WAIT_MS },
  });
}
