/** A look at a target's ledger, for what only reads it. */
import type { Sql } from "../../postgres/toolbox.ts";
import type { Target } from "../../resolve/target.ts";
import { withTargetSession } from "../../resolve/target-session.ts";
import { newRunId } from "../../sys/run-id.ts";
import type { MigrateTools } from "../tools.ts";
import { openLive, type TargetMigrations } from "../worktree-migrations.ts";
import type { LedgerWhere } from "./ledger-place.ts";

/** Runs the body with a session in the target's schema, and where its ledger is to be found. */
export async function withLedgerSession<T>(
  tools: Pick<MigrateTools, "clock" | "serverTools" | "interruptions">,
  migrations: TargetMigrations,
  body: (sql: Sql, where: LedgerWhere) => Promise<T>,
): Promise<T> {
  const live = await openLive(tools, migrations);
  const where = await ledgerWhere(migrations, live.target);
  return await withTargetSession(live, newRunId(tools.clock.now()), (sql) => body(sql, where));
}

/** Where the ledger of a target is, by its files' layout and pgrove.yaml. */
export async function ledgerWhere({ layout, settings }: TargetMigrations, { schema }: Target): Promise<LedgerWhere> {
  return { layout: await layout(), schema, table: settings.table };
}
