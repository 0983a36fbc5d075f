/** `migrate force` and `baseline`: ask, write, and tell. */
import type { ForcePlan, ForceRequest } from "../../migrate/ledger/force.ts";
import { describeMigration, type LedgerRow } from "../../migrate/migration.ts";
import { USUAL_LOCK_WAIT_MS } from "../../migrate/request.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import { formatFields } from "../table.ts";
import { readTime } from "../time-words.ts";

/** The command's words and options. */
export interface ForceWords {
  action: ForceRequest["action"];
  word: string | undefined;
  /** As it was typed. */
  target: string | undefined;
  dryRun: boolean;
  lockTimeout: string | undefined;
}

/** Runs the command. */
export async function forceOnLedger(context: Context, words: ForceWords): Promise<void> {
  const { dryRun, lockTimeout } = words;
  const lockTimeoutMs = readTime("lock-timeout", lockTimeout) ?? context.flags.lockWaitMs ?? USUAL_LOCK_WAIT_MS;
  const { force } = await import("../../migrate/force-ledger.ts");
  const plan = await force(context, {
    ...{ ...words, lockTimeoutMs },
    consent: (target, planned) => {
      const what = `the ledger of ${target.label} would say ${describeGoal(planned)}${describeRows(planned)}`;
      return context.requireConsent({ target, what });
    },
  });
  const said = dryRun ? { dry_run: true, ...toDocument(plan) } : toDocument(plan);
  await context.output.answer(said, () => render(plan, dryRun ? "would be " : ""));
}

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
