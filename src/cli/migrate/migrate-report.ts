/** What `migrate up`, `down` and `goto` answer. */
import type { Migrated, MigrateOutcome } from "../../migrate/migrate.ts";
import { describeMigration, type Step } from "../../migrate/migration.ts";
import type { BackedUp } from "../../migrate/run/backup-first.ts";
import type { PreparedRun } from "../../migrate/run/prepare.ts";
import type { ToolMigrated } from "../../migrate/tool-commands.ts";
import type { Context } from "../context.ts";
import { formatDuration, plural } from "../format.ts";
import { formatTable } from "../table.ts";
import { rehearsalDocument } from "./rehearsal.ts";

/** So many files that were passed over are named. */
const MOST_WARNED = 3;

/** So many migrations are told one by one under --quiet. */
const MOST_QUIET = 3;

/** Answers with what came of it. */
export async function answerOutcome(context: Context, outcome: MigrateOutcome): Promise<void> {
  if ("run" in outcome) warnOfPassedOver(context, outcome.run);
  if (outcome.kind === "nothing") return await answerNothing(context, outcome.run);
  if (outcome.kind === "planned") return await answerPlan(context, outcome.run);
  if (outcome.kind === "done") return await answerDone(context, outcome.run, outcome.done);
  if (outcome.kind === "tool-done") return await answerTool(context, outcome.done);
  const { command, words } = outcome;
  const document = { dry_run: true, command, arguments: words };
  await context.output.answer(document, () => `would run: ${[command, ...words].join(" ")}`);
}

/** Files among the migrations that were not run: some of them may have been meant to be. */
function warnOfPassedOver({ output }: Context, { wished }: PreparedRun): void {
  const passed = wished.files.findings.filter(({ rule }) => rule === "wrong_name");
  for (const { file, message } of passed.slice(0, MOST_WARNED)) output.warn(`${file} ${message}`);
  const more = passed.length - MOST_WARNED;
  if (more > 0) output.warn(`${plural(more, "more file")} like this: pgrove migrate status`);
}

/** There was nothing to do. */
async function answerNothing(context: Context, run: PreparedRun): Promise<void> {
  const { to } = run.planned.plan;
  const document = { ...whereDocument(run), migrations: [], from: versionText(to), to: versionText(to) };
  await context.output.answer(document, () => "no change");
}

/** What would be run, and what it does to the data. */
async function answerPlan(context: Context, run: PreparedRun): Promise<void> {
  const { from, to } = run.planned.plan;
  const { renderImpact, toImpactDocument } = await import("./render-impact.ts");
  const document = {
    ...{ dry_run: true, ...whereDocument(run), from: versionText(from), to: versionText(to) },
    migrations: toImpactDocument(run.impacts),
  };
  await context.output.answer(document, () => renderImpact(run.impacts));
}

/** What was run. */
async function answerDone(context: Context, run: PreparedRun, done: Migrated): Promise<void> {
  const { applied, durationMs, backup, rehearsal } = done;
  if (applied.length === 0) {
    context.output.note("another run was quicker");
    return await answerNothing(context, run);
  }
  const { from, to } = run.planned.plan;
  const document = {
    ...whereDocument(run),
    ...{ from: versionText(from), to: versionText(to), duration_ms: Math.round(durationMs) },
    migrations: applied.map(({ step, durationMs: ms }) => ({ ...stepDocument(step), duration_ms: Math.round(ms) })),
    backup: backupDocument(backup),
    ...(rehearsal === undefined ? {} : { rehearsal: rehearsalDocument(rehearsal) }),
  };
  await context.output.answer(document, () => render(run, done, context.flags.quiet));
}

async function answerTool(context: Context, done: ToolMigrated): Promise<void> {
  const { target, command, durationMs, backup, rehearsal } = done;
  const document = {
    ...{ target: target.name, command, duration_ms: durationMs },
    backup: backupDocument(backup),
    rehearsal: rehearsal === undefined ? null : rehearsalDocument(rehearsal),
  };
  const said = `${target.label}: ${command}, done in ${formatDuration(durationMs)}`;
  await context.output.answer(document, () => said);
}

/** The migrations, a line each, and what they come to; of many of them --quiet leaves the latter. */
function render({ planned, live }: PreparedRun, { applied, durationMs }: Migrated, isQuiet: boolean): string {
  const rows = applied.map(({ step, durationMs: ms }) => [step.direction, describeMigration(step), formatDuration(ms)]);
  const newest = planned.plan.to === null ? "nothing applied" : `at ${planned.plan.to}`;
  const what = `${plural(applied.length, "migration")} in ${formatDuration(durationMs)}`;
  const summary = `${live.target.label} is ${newest}: ${what}`;
  return isQuiet && rows.length > MOST_QUIET
    ? summary
    : `${formatTable(rows, { indent: "  ", right: [2] })}\n${summary}`;
}

function whereDocument({ live: { target, database } }: PreparedRun) {
  return { target: target.name, database, schema: target.schema ?? null };
}

/** Versions are larger than what JSON's numbers hold exactly. */
function versionText(version: bigint | null): string | null {
  return version === null ? null : String(version);
}

function stepDocument({ direction, version, name, script }: Step) {
  return { direction, version: String(version), name, file: script.file };
}

/** The backup's part of a JSON document. */
function backupDocument(backup: BackedUp | undefined) {
  return backup === undefined ? null : { kind: backup.kind, name: backup.name, restore: backup.restoreCommand };
}
