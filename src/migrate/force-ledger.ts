/** `migrate force` and `baseline` on the target that is meant: planned, agreed to, written. */

import type { Target } from "../resolve/target.ts";
import { requireOwnMigrations } from "./command-tool.ts";
import { type ForcePlan, type ForceRequest, forceLedger, planForce } from "./ledger/force.ts";
import { ledgerWhere, withLedgerSession } from "./ledger/ledger-session.ts";
import { readRunFacts } from "./ledger/run-facts.ts";
import type { MigrateTools } from "./tools.ts";
import { openLive, openMigrations } from "./worktree-migrations.ts";

export interface ForceCommand extends Pick<ForceRequest, "action" | "word" | "lockTimeoutMs"> {
  /** As it was typed. */
  target: string | undefined;
  dryRun: boolean;
  /** Asked for what is forgotten, and for everything in a protected place; throws when it is not agreed to. */
  consent(target: Target, plan: ForcePlan): Promise<void>;
}

/** Resolves with what was written, or would be. Throws (exit 2) where another tool migrates. */
export async function force(tools: MigrateTools, command: ForceCommand): Promise<ForcePlan> {
  const { action, word, lockTimeoutMs, dryRun } = command;
  const migrations = await openMigrations(tools, command.target);
  requireOwnMigrations(migrations.settings, action);
  const { target, root } = migrations;
  const request: ForceRequest = {
    ...{ action, word, lockTimeoutMs, files: await migrations.files(), where: await ledgerWhere(migrations, target) },
    facts: await readRunFacts(tools, root),
    consent: async (plan) => {
      // What is only added can be taken back by another `force`.
      if (plan.remove.length > 0 || target.protected) await command.consent(target, plan);
    },
  };
  if (dryRun) return await withLedgerSession(tools, migrations, (sql) => planForce(sql, request));
  return await forceLedger(await tools.sessionTools(), await openLive(tools, migrations), request);
}
