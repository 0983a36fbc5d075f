/** `migrate force` and `baseline`: ask, write, and tell. */
import { durationMs } from "../../config/duration.ts";
import { usageError } from "../../errors.ts";
import { type ForcePlan, type ForceRequest, forceLedger, planForce } from "../../migrate/ledger/force.ts";
import { describeMigration, type LedgerRow } from "../../migrate/model.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import { formatFields } from "../table.ts";
import { ledgerWhere, withLedgerSession } from "./ledger-session.ts";
import { openLive, openMigrations } from "./migrations.ts";
import { readRunFacts } from "./run-facts.ts";

export interface ForceCommand {
  action: ForceRequest["action"];
  word: string | undefined;
  /** As it was typed. */
  target: string | undefined;
  dryRun: boolean;
  lockTimeout: string | undefined;
}

const USUAL_LOCK_TIMEOUT = "1m";

/** Runs the command. */
export async function forceOnLedger(context: Context, command: ForceCommand): Promise<void> {
  const { action, word, dryRun, lockTimeout = USUAL_LOCK_TIMEOUT } = command;
  const lockTimeoutMs = durationMs(lockTimeout);
  if (lockTimeoutMs === undefined) throw usageError(`--lock-timeout takes a time such as 5s or 2m; not ${lockTimeout}`);
  const migrations = await openMigrations(context, command.target);
  const { requireOwnMigrations } = await import("../../migrate/command-tool.ts");
  requireOwnMigrations(migrations.settings, action);
  const { target } = migrations;
  const request: ForceRequest = {
    ...{ action, word, lockTimeoutMs, files: await migrations.files(), where: await ledgerWhere(migrations, target) },
    facts: await readRunFacts(context, migrations),
    consent: (plan) => requireAgreement(context, target, plan),
  };
  if (dryRun) {
    const plan = await withLedgerSession(context, migrations, (sql) => planForce(sql, request));
    return await context.output.answer({ dry_run: true, ...toDocument(plan) }, () => render(plan, "would be "));
  }
  const live = await openLive(context, migrations);
  const plan = await forceLedger(await context.sessionTools(), live, request);
  await context.output.answer(toDocument(plan), () => render(plan, ""));
}

/** What is forgotten needs consent; what is only added can be taken back by another `force`. */
async function requireAgreement(context: Context, target: ForceTarget, plan: ForcePlan): Promise<void> {
  if (plan.remove.length === 0 && !target.protected) return;
  const what = `the ledger of ${target.label} would say ${describeGoal(plan)}${describeRows(plan)}`;
  await context.requireConsent({ target, what });
}

type ForceTarget = Parameters<Context["requireConsent"]>[0]["target"];

function describeGoal({ to }: ForcePlan): string {
  return to === undefined ? "that nothing is applied" : `that ${describeMigration(to)} is the newest`;
}

function describeRows({ add, remove }: ForcePlan): string {
  const parts = [
    ...(add.length === 0 ? [] : [`${plural(add.length, "migration")} more`]),
    ...(remove.length === 0 ? [] : [`${listed(remove)} no longer as now`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

const MOST_SHOWN = 5;

function listed(rows: readonly LedgerRow[]): string {
  const names = rows.slice(0, MOST_SHOWN).map(describeMigration);
  return rows.length > MOST_SHOWN ? `${names.join(", ")} and ${rows.length - MOST_SHOWN} more` : names.join(", ");
}

function toDocument({ from, to, add, remove, settles }: ForcePlan) {
  return {
    from: from?.version.toString() ?? null,
    to: to?.version.toString() ?? null,
    added: add.map(({ version }) => String(version)),
    removed: remove.map(({ version }) => String(version)),
    settles_doubt: settles,
  };
}

function render({ from, to, add, remove, settles }: ForcePlan, verb: string): string {
  const [before, after] = [from, to].map((each) => (each === undefined ? "none" : describeMigration(each)));
  return formatFields([
    ["version", before === after ? `${after}, as before` : `${verb}${after}; before: ${before}`],
    ["recorded", add.length === 0 ? undefined : plural(add.length, "migration")],
    ["forgotten", remove.length === 0 ? undefined : listed(remove)],
    ["doubt", settles ? `${verb}settled` : undefined],
  ]);
}
