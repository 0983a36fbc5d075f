/** A look at a target's ledger, for what only reads it. */
import type { LedgerWhere } from "../../migrate/ledger/ledger-place.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { Target } from "../../resolve/target.ts";
import { withTargetSession } from "../../resolve/target-session.ts";
import { newRunId } from "../../sys/run-id.ts";
import type { Context } from "../context.ts";
import { type Migrations, openLive } from "./migrations.ts";

/** Runs the body with a session in the target's schema, and where its ledger is to be found. */
export async function withLedgerSession<T>(
  context: Context,
  migrations: Migrations,
  body: (sql: Sql, where: LedgerWhere) => Promise<T>,
): Promise<T> {
  const live = await openLive(context, migrations);
  const where = await ledgerWhere(migrations, live.target);
  return await withTargetSession(live, newRunId(context.clock.now()), (sql) => body(sql, where));
}

/** Where the ledger of a target is, by its files' layout and pgrove.yaml. */
export async function ledgerWhere({ files, settings }: Migrations, { schema }: Target): Promise<LedgerWhere> {
  const { layout } = await files();
  const { table } = settings;
  return { layout, ...(schema === undefined ? {} : { schema }), ...(table === undefined ? {} : { table }) };
}
