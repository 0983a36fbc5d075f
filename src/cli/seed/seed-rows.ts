/** What the steps of `seed` ask, and how their outcome is told. */

import { tableKey } from "../../seed/entity.ts";
import type { CleanPlan } from "../../seed/load/clean.ts";
import type { LoadedEntity } from "../../seed/load/load-rows.ts";
import type { RowsPlan, RowsResult } from "../../seed/load/rows.ts";
import type { SeedPart, SeedTimes } from "../../seed/load/stopwatch.ts";
import type { Validation } from "../../seed/load/validate-rows.ts";
import type { LeftOut } from "../../seed/plan/plan-left.ts";
import type { SeedDialogue, SeedStep } from "../../seed/seed.ts";
import type { FilesResult } from "../../seed/sql/run-files.ts";
import type { Context } from "../context.ts";
import { formatCount, formatDuration, plural } from "../format.ts";
import type { AnswerPart } from "./seed-answer.ts";

export function createSeedDialogue(context: Context): SeedDialogue {
  return {
    consentToFiles: (target, files) =>
      context.requireConsent({ target, what: `${files.join(", ")} will run on ${target.label}` }),
    consentToCleaning: (target, cleaning) => {
      const instead = "pgrove snapshot        saves what is there first";
      const what = `${describeLoss(cleaning)} of ${target.label} will be removed`;
      return context.requireConsent({ target, what, instead });
    },
    consentToRows: (target) => context.requireConsent({ target, what: `rows will be made in ${target.label}` }),
  };
}

/** What a step has to tell. */
export async function describeStep(step: SeedStep): Promise<AnswerPart> {
  if (step.kind === "rows") return describeResult(step.result);
  if (step.kind === "rows-planned") return await describeRowsPlan(step.plan);
  if (step.kind === "files") {
    const { planned, files } = step;
    return {
      document: { ...(planned ? { dry_run: true } : {}), files },
      lines: describeFiles(planned ? "would run" : "ran", files),
    };
  }
  return {
    document: { files: { applied: [], unchanged: [step.file] } },
    lines: [["made", "nothing: the factories are as they were run before (pgrove seed all 10 makes more)"]],
  };
}

function describeFiles(verb: string, { applied, unchanged }: FilesResult): [string, string | undefined][] {
  if (applied.length === 0) return [[verb, "nothing: all is as it was run before (--force runs it again)"]];
  return [
    [verb, applied.join(", ")],
    ["unchanged", unchanged.length === 0 ? undefined : plural(unchanged.length, "file")],
  ];
}

async function describeRowsPlan({ cleaning, plan }: RowsPlan): Promise<AnswerPart> {
  const { describePlan, renderPlan } = await import("./seed-plan.ts");
  const described = plan === undefined ? undefined : await describePlan(plan);
  const goes = cleaning === undefined ? {} : { clean: cleanDocument(cleaning) };
  return {
    document: { dry_run: true, ...goes, ...(described === undefined ? {} : { plan: described }) },
    lines: cleaning === undefined ? [] : [["would remove", describeLoss(cleaning) ?? "nothing"]],
    ...(described === undefined ? {} : { text: renderPlan(described) }),
  };
}

/** Every table and row that will go; undefined when none will. */
function describeLoss({ tables }: CleanPlan): string | undefined {
  const losing = tables.filter(({ rows }) => rows > 0);
  if (losing.length === 0) return undefined;
  return losing
    .map(({ table, rows }) => `${tableKey(table).replace(/^public\./, "")} (${plural(rows, "row")})`)
    .join(", ");
}

function cleanDocument({ tables }: CleanPlan) {
  return tables.map(({ table, rows }) => ({ table: tableKey(table), rows }));
}

function describeResult({ cleaned, loaded, leftOut, seed, times }: RowsResult): AnswerPart {
  const gone = [...cleaned].map(([table, rows]) => ({ table, rows }));
  const entities = loaded?.entities ?? [];
  return {
    document: {
      ...(gone.length === 0 ? {} : { cleaned: gone }),
      ...(loaded === undefined
        ? {}
        : {
            ...{ seed, entities: entities.map(entityDocument), checked: checkDocument(loaded.validation) },
            times_ms: Object.fromEntries(Object.entries(times).map(([part, ms]) => [part, Math.round(ms)])),
          }),
      ...(leftOut.length === 0 ? {} : { left_out: leftOut.map(leftOutDocument) }),
    },
    lines: [
      ...gone.map(({ table, rows }): [string, string] => [
        `removed ${table.replace(/^public\./, "")}`,
        plural(rows, "row"),
      ]),
      ...(gone.length === 0 && loaded === undefined
        ? ([["removed", "nothing: there was nothing to remove"]] as const)
        : []),
      ...entities.map((entity): [string, string] => [entity.entity, describeEntity(entity)]),
      ...(leftOut.length === 0
        ? []
        : ([["left out", `${leftOut.map(({ entity }) => entity).join(", ")} (above it says why)`]] as const)),
      ...(loaded === undefined ? [] : ([["checked", describeChecks(loaded.validation)]] as const)),
      ["time", describeTimes(times)],
    ],
  };
}

function entityDocument({ entity, table, rows, inserted, updated, unchanged, durationMs }: LoadedEntity) {
  return { entity, table, rows, inserted, updated, unchanged, duration_ms: Math.round(durationMs) };
}

function leftOutDocument({ entity, table, why }: LeftOut) {
  return { entity, table: tableKey(table), why };
}

function checkDocument({ foreignKeys, uniqueKeys, sequences }: Validation) {
  return { foreign_keys: foreignKeys, unique_keys: uniqueKeys, sequences };
}

const TIMES_FROM_MS = 1_000;

const PARTS: Readonly<Record<SeedPart, string>> = {
  plan: "plan",
  rows: "rows",
  keys: "indexes and keys",
  analyze: "analyze",
  checks: "checks",
  commit: "commit",
};

/** Where the time has gone; undefined where there was little. */
function describeTimes(times: SeedTimes): string | undefined {
  const spent = Object.values(times).reduce((sum, ms) => sum + ms, 0);
  if (spent < TIMES_FROM_MS) return undefined;
  const worth = (Object.keys(PARTS) as SeedPart[]).flatMap((part) => {
    const ms = times[part] ?? 0;
    return ms < spent / 100 ? [] : [`${PARTS[part]} ${formatDuration(ms)}`];
  });
  return worth.join(", ");
}

const RATE_FROM_ROWS = 10_000;

function describeEntity({ rows, inserted, updated, unchanged, durationMs }: LoadedEntity): string {
  if (inserted !== rows) {
    return `${formatCount(inserted)} inserted, ${formatCount(updated)} updated, ${formatCount(unchanged)} unchanged`;
  }
  if (rows < RATE_FROM_ROWS) return plural(rows, "row");
  const rate = formatCount((rows * 1000) / Math.max(durationMs, 1));
  return `${plural(rows, "row")} in ${formatDuration(durationMs)} (${rate} rows/s)`;
}

function describeChecks({ foreignKeys, uniqueKeys, sequences }: Validation): string {
  return `row counts, ${plural(foreignKeys, "foreign key")}, ${plural(uniqueKeys, "unique key")}, ${plural(sequences, "sequence")}`;
}
