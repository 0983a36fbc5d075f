/** An emptied worktree is given its schema: by its migrations. */
import type { AppliedStep } from "../../migrate/run/apply.ts";
import type { Context } from "../context.ts";
import { openMigrations } from "./migrations.ts";

/**
 * Applies all migrations of the target's own worktree to it, unasked: there is nothing to lose. Resolves with what was
 * run; undefined where the worktree has no migrations, or another tool's.
 */
export async function migrateEmpty(
  context: Context,
  target: string | undefined,
): Promise<readonly AppliedStep[] | undefined> {
  const place = await openMigrations(context, target);
  if (place.settings.command !== undefined) {
    context.output.note("the migrations are another tool's; next: pgrove migrate up");
    return undefined;
  }
  const { migrations, findings } = await place.files();
  if (migrations.length === 0 && findings.every(({ rule }) => rule === "folder_missing")) return undefined;
  const [{ completeRequest, openCourse }, { readRunOptions }, { runMigrations }] = await Promise.all([
    import("./migrate-course.ts"),
    import("./migrate-options.ts"),
    import("../../migrate/run/run.ts"),
  ]);
  const options = readRunOptions({});
  const wish = () => ({ kind: "head" }) as const;
  const command = { verb: "up" as const, target, wish, options, word: undefined, toolWords: [] };
  const course = await openCourse(context, command, place);
  const { plan, ledger } = course.planned;
  if (plan.steps.length === 0) return [];
  return await runMigrations(await context.operationTools(), course.live, {
    ...(await completeRequest(context, course)),
    ...{ operation: "migrate up", place: ledger.place, lockWaitMs: options.lockWaitMs },
  });
}
