/** What `migrate up`, `down` and `goto` answer. */

import { describeMigration, type Step } from "../../migrate/model.ts";
import type { AppliedStep } from "../../migrate/run/apply.ts";
import type { Rehearsal } from "../../migrate/run/rehearse.ts";
import type { Context } from "../context.ts";
import { formatDuration, plural } from "../format.ts";
import { formatTable } from "../table.ts";
import type { BackedUp } from "./backup.ts";
import type { Course } from "./migrate-course.ts";
import { rehearsalDocument } from "./rehearsal.ts";
import { backupDocument } from "./way-back.ts";

export interface Done {
  applied: readonly AppliedStep[];
  durationMs: number;
  backup: BackedUp | undefined;
  rehearsal: Rehearsal | undefined;
}

/** There was nothing to do. */
export async function answerNothing(context: Context, course: Course): Promise<void> {
  const { to } = course.planned.plan;
  const document = { ...whereDocument(course), migrations: [], from: versionText(to), to: versionText(to) };
  await context.output.answer(document, () => "no change");
}

/** What would be run, and what it does to the data. */
export async function answerPlan(context: Context, course: Course): Promise<void> {
  const { from, to } = course.planned.plan;
  const { renderImpact, toImpactDocument } = await import("./impact.ts");
  const document = {
    ...{ dry_run: true, ...whereDocument(course), from: versionText(from), to: versionText(to) },
    migrations: toImpactDocument(course.impacts),
  };
  await context.output.answer(document, () => renderImpact(course.impacts));
}

/** What was run. */
export async function answerDone(context: Context, course: Course, done: Done): Promise<void> {
  const { applied, durationMs, backup, rehearsal } = done;
  if (applied.length === 0) {
    context.output.note("another run was quicker");
    return await answerNothing(context, course);
  }
  const { from, to } = course.planned.plan;
  const document = {
    ...whereDocument(course),
    ...{ from: versionText(from), to: versionText(to), duration_ms: Math.round(durationMs) },
    migrations: applied.map(({ step, durationMs: ms }) => ({ ...stepDocument(step), duration_ms: Math.round(ms) })),
    backup: backupDocument(backup),
    ...(rehearsal === undefined ? {} : { rehearsal: rehearsalDocument(rehearsal) }),
  };
  await context.output.answer(document, () => render(course, done));
}

function render({ planned, live }: Course, { applied, durationMs }: Done): string {
  const rows = applied.map(({ step, durationMs: ms }) => [step.direction, describeMigration(step), formatDuration(ms)]);
  const newest = planned.plan.to === null ? "nothing applied" : `at ${planned.plan.to}`;
  const what = `${plural(applied.length, "migration")} in ${formatDuration(durationMs)}`;
  return `${formatTable(rows, { indent: "  ", right: [2] })}\n${live.target.label} is ${newest}: ${what}`;
}

function whereDocument({ live: { target, database } }: Course) {
  return { target: target.name, database, schema: target.schema ?? null };
}

/** Versions are larger than what JSON's numbers hold exactly. */
function versionText(version: bigint | null): string | null {
  return version === null ? null : String(version);
}

function stepDocument({ direction, version, name, script }: Step) {
  return { direction, version: String(version), name, file: script.file };
}
