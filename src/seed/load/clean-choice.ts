/** What `--clean` means: whose rows, and which of them. */
import { type PgroveError, refusal } from "../../errors.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { type TableShape, tableKey } from "../entity.ts";
import type { Factories } from "../factory/factory.ts";
import { readScenario } from "../factory/scenario.ts";
import { chooseEntities, type Tables } from "../plan/plan-entities.ts";
import type { ExistingRows } from "../plan/plan-keys.ts";
import { cleaningOrder } from "../plan/plan-order.ts";
import type { SeedWish } from "../plan/plan-rows.ts";
import { readKeyRecipe, type SeedLedger, type SeedRun } from "../seed-ledger.ts";
import { quoteColumns, quoteTable } from "../table-sql.ts";
import { type CleanPlan, type KeyList, planClean } from "./clean.ts";
import { fillKeys } from "./recipe.ts";

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
  ledger: SeedLedger;
}

/**
 * Plans the cleaning of the chosen entities' tables, children first. Nothing is changed; temporary tables of the session
 * hold keys that no range tells. Throws (exit 5) when the ledger does not know which rows a run has made.
 */
export async function planCleaning(
  sql: Queries,
  question: CleanQuestion,
  { clock, abort }: Pick<OperationTools, "clock" | "abort">,
): Promise<CleanPlan> {
  const { tables, runs, ledger } = question;
  const chosen = chooseTables(question);
  const all = [...tables.values()];
  if (!question.generated && question.olderThanMs === undefined) {
    return await planClean(sql, { tables: chosen, all }, runs);
  }
  const before = clock.now().getTime() - (question.olderThanMs ?? 0);
  const isOld = ({ finishedAt }: SeedRun) => finishedAt.getTime() <= before;
  const old = chosen.flatMap((table) => runs.filter((run) => run.table === tableKey(table) && isOld(run)));
  const listed = new Map<string, KeyList>();
  for (const table of chosen) {
    const uncounted = old.filter((run) => run.table === tableKey(table) && run.keys === null);
    const name = `pg_temp.pgrove_keys_${listed.size}`;
    if (uncounted.length > 0)
      listed.set(tableKey(table), await listKeys(sql, ledger, table, uncounted, { name, abort }));
  }
  return await planClean(sql, { tables: chosen, all, runs: old, listed }, runs);
}

/** Makes a temporary table of the primary keys that the runs have given to the table's rows. */
async function listKeys(
  sql: Queries,
  ledger: SeedLedger,
  table: TableShape,
  runs: readonly SeedRun[],
  { name, abort }: Pick<KeyList, "name"> & { abort: AbortSignal },
): Promise<KeyList> {
  const columns = table.primaryKey;
  if (columns.length === 0) throw unknownRows(table);
  await sql.unsafe(
    `create temporary table ${name} as select ${quoteColumns(columns)} from ${quoteTable(table)} with no data`,
  );
  for (const run of runs) {
    const recipe = await readKeyRecipe(sql, ledger, run);
    const isListed =
      recipe !== undefined && (await fillKeys(sql, { ...run, recipe }, name, { abort, made: () => undefined }));
    if (!isListed) throw unknownRows(table);
  }
  await sql.unsafe(`analyze ${name}`);
  return { name, columns };
}

function unknownRows(table: TableShape): PgroveError {
  return refusal(
    "rows_unknown",
    `which rows of ${tableKey(table)} were generated cannot be told: their keys are neither counted nor computed from their numbers alone`,
    "pgrove seed --clean NAME        removes all rows of an entity",
  );
}

function chooseTables({ factories, tables, wish }: CleanQuestion): TableShape[] {
  const only = wish.only ?? (wish.scenario === undefined ? undefined : readScenario(factories, wish.scenario).only);
  return cleaningOrder([...new Set(chooseEntities(factories, tables, only).map(({ table }) => table))]);
}

/** The rows that are there once the cleaning is done. */
export function withoutCleaned(existing: ExistingRows, cleaning: CleanPlan | undefined): ExistingRows {
  const emptied = new Set(
    cleaning?.tables.flatMap(({ table, keys }) => (keys === undefined ? [tableKey(table)] : [])) ?? [],
  );
  return {
    hasRows: async (table) => !emptied.has(tableKey(table)) && (await existing.hasRows(table)),
    readKeys: async (table, columns) =>
      emptied.has(tableKey(table)) ? columns.map(() => []) : await existing.readKeys(table, columns),
    holds: async (table, column, expression) =>
      !emptied.has(tableKey(table)) && (await existing.holds(table, column, expression)),
    readHighest: async (table, column) =>
      emptied.has(tableKey(table)) ? undefined : await existing.readHighest(table, column),
  };
}
