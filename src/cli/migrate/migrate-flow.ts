/** `migrate up`, `down` and `goto`: asked for, done, told. */
import { migrate as migrateTarget } from "../../migrate/migrate.ts";
import type { MigrateRequest } from "../../migrate/request.ts";
import { ownConnection } from "../../resolve/reach.ts";
import { reachTarget } from "../../resolve/target.ts";
import { warnOfStrays } from "../answers/status.ts";
import type { Context } from "../context.ts";
import { findEnvCheck } from "../env-check.ts";
import { createDialogue } from "./migrate-dialogue.ts";
import { answerOutcome } from "./migrate-report.ts";

/** Runs the command. */
export async function migrate(context: Context, request: MigrateRequest): Promise<void> {
  await warnOfMain(context, request);
  await answerOutcome(context, await migrateTarget(context, request, createDialogue(context)));
}

/** Before a worktree's database is migrated: what in its env files leads the application to main's all the same. */
async function warnOfMain(context: Context, request: MigrateRequest): Promise<void> {
  const target = await context.resolveTarget(request.target);
  if (target.worktree === undefined) return;
  const reached = await reachTarget(target, await context.serverTools()).catch(() => undefined); // said by the work itself
  const connection = reached === undefined ? undefined : ownConnection(reached, target);
  const check = await findEnvCheck(context, target, connection);
  for (const warning of warnOfStrays(target.label, check?.strays ?? [], check?.isHidden === true))
    context.output.warn(warning);
}
