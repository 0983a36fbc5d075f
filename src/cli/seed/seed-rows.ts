/** `seed` with factories: the request, the questions, and how the outcome is told. */

import type { LiveTarget, Target } from "../../resolve/target.ts";
import type { Factories } from "../../seed/factory/factory.ts";
import type { CleanPlan } from "../../seed/load/clean.ts";
import type { CleanChoice } from "../../seed/load/clean-choice.ts";
import type { LoadedEntity } from "../../seed/load/load.ts";
import type { RowsRequest, RowsResult } from "../../seed/load/rows.ts";
import type { Validation } from "../../seed/load/validate.ts";
import { tableKey } from "../../seed/model.ts";
import type { Context } from "../context.ts";
import { formatCount, formatDuration, plural } from "../format.ts";
import type { AnswerPart } from "./seed-answer.ts";
import type { Seeding } from "./seeding.ts";

export interface RowsChoice {
  only: readonly string[] | undefined;
  count: number | undefined;
  scenario: { name: string; params: ReadonlyMap<string, string> } | undefined;
  seed: number | undefined;
  upsert: boolean;
  skipTriggers: boolean;
  clean: CleanChoice | undefined;
  /** Nobody is asked before rows of an unprotected target go. */
  cleanForce: boolean;
  loads: boolean;
  dryRun: boolean;
  remember?: RowsRequest["remember"];
}

/** Cleans and makes rows, or says what would be done. */
export async function makeRows(
  context: Context,
  { target, defaultCount, maxCount }: Seeding,
  live: LiveTarget,
  factories: Factories,
  choice: RowsChoice,
): Promise<AnswerPart> {
  const { planRows, seedRows } = await import("../../seed/load/rows.ts");
  const { only, count, scenario, seed, upsert, skipTriggers, clean, loads, remember } = choice;
  const request: Omit<RowsRequest, "consent"> = {
    ...{ factories, upsert, skipTriggers, loads },
    wish: {
      ...{ counts: new Map(), defaultCount },
      ...(maxCount === undefined ? {} : { maxCount }),
      ...(only === undefined ? {} : { only }),
      ...(count === undefined ? {} : { count }),
      ...(scenario === undefined ? {} : { scenario }),
      ...(seed === undefined ? {} : { seed }),
    },
    ...(clean === undefined ? {} : { clean }),
    ...(remember === undefined ? {} : { remember }),
  };
  const tools = await context.operationTools();
  if (choice.dryRun) {
    const { cleaning, plan } = await planRows(tools, live, request);
    const { describePlan, renderPlan } = await import("./seed-plan.ts");
    const described = plan === undefined ? undefined : await describePlan(plan);
    const goes = cleaning === undefined ? {} : { clean: cleanDocument(cleaning) };
    return {
      document: { dry_run: true, ...goes, ...(described === undefined ? {} : { plan: described }) },
      lines: cleaning === undefined ? [] : [["would remove", describeLoss(cleaning) ?? "nothing"]],
      ...(described === undefined ? {} : { text: renderPlan(described) }),
    };
  }
  const consent = (cleaning: CleanPlan | undefined) => agree(context, target, cleaning, choice);
  return describeResult(await seedRows(tools, live, { ...request, consent }));
}

async function agree(
  context: Context,
  target: Target,
  cleaning: CleanPlan | undefined,
  { cleanForce, loads }: RowsChoice,
): Promise<void> {
  const loss = cleaning === undefined ? undefined : describeLoss(cleaning);
  if (loss !== undefined && (target.protected || !cleanForce)) {
    const instead = "pgrove snapshot        saves what is there first";
    return await context.requireConsent({ target, what: `${loss} of ${target.label} will be removed`, instead });
  }
  if (target.protected && loads) await context.requireConsent({ target, what: `rows will be made in ${target.label}` });
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

function describeResult({ cleaned, loaded, seed }: RowsResult): AnswerPart {
  const gone = [...cleaned].map(([table, rows]) => ({ table, rows }));
  const entities = loaded?.entities ?? [];
  return {
    document: {
      ...(gone.length === 0 ? {} : { cleaned: gone }),
      ...(loaded === undefined
        ? {}
        : { seed, entities: entities.map(entityDocument), checked: checkDocument(loaded.validation) }),
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
      ...(loaded === undefined ? [] : ([["checked", describeChecks(loaded.validation)]] as const)),
    ],
  };
}

function entityDocument({ entity, table, rows, inserted, updated, unchanged, durationMs }: LoadedEntity) {
  return { entity, table, rows, inserted, updated, unchanged, duration_ms: Math.round(durationMs) };
}

function checkDocument({ foreignKeys, uniqueKeys, sequences }: Validation) {
  return { foreign_keys: foreignKeys, unique_keys: uniqueKeys, sequences };
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
