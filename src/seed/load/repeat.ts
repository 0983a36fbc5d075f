/** The same rows again: which numbers and keys earlier runs have given to an entity's rows, and what is new of them. */
import { refusal } from "../../errors.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { type EntityPlan, type SeedPlan, tableKey } from "../entity.ts";
import { type AppliedFile, recordSeedRuns, type SeedLedger, type SeedRun } from "../seed-ledger.ts";
import { quoteTable } from "../table-sql.ts";
import { writeRecipe } from "./recipe.ts";

/** The key of each entity's first row, by its column. */
export function repeatedKeys(runs: readonly SeedRun[]): Map<string, ReadonlyMap<string, bigint>> {
  const first = new Map<string, ReadonlyMap<string, bigint>>();
  for (const { entity, firstRow, keys } of runs) {
    if (keys !== null && !first.has(entity)) first.set(entity, new Map([[keys.column, keys.first - BigInt(firstRow)]]));
  }
  return first;
}

/** How many of the entity's rows, from the first on, earlier runs have made without a gap in their keys. */
function knownRows({ entity, firstKeys, table }: EntityPlan, runs: readonly SeedRun[]): number {
  const column = countedKey(table.primaryKey, firstKeys);
  const begins = column === undefined ? undefined : firstKeys.get(column);
  let known = 0;
  for (const run of runs.filter((each) => each.entity === entity).sort((a, b) => a.firstRow - b.firstRow)) {
    const fits = begins === undefined || run.keys === null || run.keys.first === begins + BigInt(run.firstRow);
    if (run.firstRow > known || !fits) break;
    known = Math.max(known, run.firstRow + run.rows);
  }
  return known;
}

function countedKey(primaryKey: readonly string[], firstKeys: EntityPlan["firstKeys"]): string | undefined {
  const [column, more] = primaryKey;
  return column !== undefined && more === undefined && firstKeys.has(column) ? column : undefined;
}

/** Throws (exit 5) when rows beyond the known ones would get keys that others have: they would overwrite those. */
export async function requireFreeKeys(sql: Queries, plan: SeedPlan, runs: readonly SeedRun[]): Promise<void> {
  for (const entity of plan.entities) {
    const column = countedKey(entity.table.primaryKey, entity.firstKeys);
    const begins = column === undefined ? undefined : entity.firstKeys.get(column);
    const known = knownRows(entity, runs);
    if (column === undefined || begins === undefined || known >= entity.rows) continue;
    const [from, to] = [begins + BigInt(known), begins + BigInt(entity.rows - 1)];
    const taken = await sql.unsafe(
      `select 1 from ${quoteTable(entity.table)} where ${quoteIdentifier(column)} between ${from} and ${to} limit 1`,
    );
    if (taken.length === 0) continue;
    throw refusal(
      "keys_taken",
      `${entity.entity}: the rows beyond the first ${known} would get the keys ${from} to ${to}, and other rows have some of them`,
      `pgrove seed ${entity.entity} ${entity.rows - known}        adds rows with keys of their own`,
    );
  }
}

export interface MadeRows {
  plan: SeedPlan;
  /** What is known of the rows already: of it nothing is remembered again. */
  runs: readonly SeedRun[];
  /** How many rows of each entity were new. */
  inserted: ReadonlyMap<string, number>;
  startedAt: Date;
  facts: Pick<AppliedFile, "by" | "run">;
}

/** Remembers the rows that a plan has made. */
export async function recordMadeRows(sql: Queries, ledger: SeedLedger, rows: MadeRows): Promise<void> {
  const { plan, runs, inserted, startedAt, facts } = rows;
  const made = plan.entities.flatMap((entity) => {
    const known = Math.max(0, knownRows(entity, runs) - entity.firstRow);
    if (known >= entity.rows) return [];
    const column = countedKey(entity.table.primaryKey, entity.firstKeys);
    const begins = column === undefined ? undefined : entity.firstKeys.get(column);
    const keys =
      column === undefined || begins === undefined
        ? null
        : { column, first: begins + BigInt(known), last: begins + BigInt(entity.rows - 1) };
    const isOwn = (inserted.get(entity.entity) ?? 0) >= entity.rows - known; // else rows that others have made were taken as changes
    return {
      ...{ entity: entity.entity, table: tableKey(entity.table), keys, startedAt, ...facts },
      recipe: keys === null && isOwn ? writeRecipe(plan, entity) : null,
      ...{ seed: plan.seed, generatorVersion: plan.generatorVersion },
      ...{ firstRow: entity.firstRow + known, rows: entity.rows - known },
    };
  });
  await recordSeedRuns(sql, ledger, made);
}
