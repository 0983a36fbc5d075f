/** What `--clean` means: whose rows, and which of them. */
import { refusal } from "../errors.ts";
import type { Queries } from "../postgres/schema.ts";
import type { Clock } from "../sys/clock.ts";
import { type CleanPlan, planClean } from "./clean.ts";
import type { Factories } from "./factory.ts";
import type { SeedRun } from "./ledger.ts";
import { type TableShape, tableKey } from "./model.ts";
import type { SeedWish } from "./plan.ts";
import { chooseEntities, type Tables } from "./plan-entities.ts";
import type { ExistingRows } from "./plan-keys.ts";
import { cleaningOrder } from "./plan-order.ts";
import { readScenario } from "./scenario.ts";

export interface CleanChoice {
  /** Only rows that runs of pgrove have made. */
  generated: boolean;
  /** Only those of runs that ended so long ago. */
  olderThanMs?: number;
}

export interface CleanQuestion extends CleanChoice {
  factories: Factories;
  tables: Tables;
  wish: Pick<SeedWish, "only" | "scenario">;
  runs: readonly SeedRun[];
}

/** Plans the cleaning of the chosen entities' tables, children first. Nothing is changed. */
export async function planCleaning(sql: Queries, question: CleanQuestion, clock: Clock): Promise<CleanPlan> {
  const { tables, runs } = question;
  const chosen = chooseTables(question);
  const all = [...tables.values()];
  if (!question.generated && question.olderThanMs === undefined) {
    return await planClean(sql, { tables: chosen, all }, runs);
  }
  const before = clock.now().getTime() - (question.olderThanMs ?? 0);
  const keys = new Set(chosen.map(tableKey));
  const old = runs.filter(({ table, finishedAt }) => keys.has(table) && finishedAt.getTime() <= before);
  requireCounted(old);
  return await planClean(sql, { tables: chosen, all, runs: old }, runs);
}

function chooseTables({ factories, tables, wish }: CleanQuestion): TableShape[] {
  const only = wish.only ?? (wish.scenario === undefined ? undefined : readScenario(factories, wish.scenario).only);
  return cleaningOrder([...new Set(chooseEntities(factories, tables, only).map(({ table }) => table))]);
}

function requireCounted(runs: readonly SeedRun[]): void {
  const without = [...new Set(runs.filter(({ keys }) => keys === null).map(({ table }) => table))];
  if (without.length === 0) return;
  throw refusal(
    "rows_unknown",
    `which rows of ${without.join(", ")} were generated cannot be told: their primary key is not one counted number`,
    "pgrove seed --clean NAME        removes all rows of an entity",
  );
}

/** The rows that are there once the cleaning is done. */
export function withoutCleaned(existing: ExistingRows, cleaning: CleanPlan | undefined): ExistingRows {
  const emptied = new Set(
    cleaning?.tables.flatMap(({ table, ranges }) => (ranges === undefined ? [tableKey(table)] : [])) ?? [],
  );
  return {
    hasRows: async (table) => !emptied.has(tableKey(table)) && (await existing.hasRows(table)),
    readKeys: async (table, columns) =>
      emptied.has(tableKey(table)) ? columns.map(() => []) : await existing.readKeys(table, columns),
    readHighest: async (table, column) =>
      emptied.has(tableKey(table)) ? undefined : await existing.readHighest(table, column),
  };
}
