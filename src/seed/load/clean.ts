/** Removes rows before seeding: children first, every table by name, never by CASCADE. */

import { messageOf, refusal } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { quoteIdentifier, quoteLiteral } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { plural } from "../../sys/amounts.ts";
import { type ForeignKey, type TableShape, tableKey } from "../entity.ts";
import type { SeedRun } from "../seed-ledger.ts";
import { quoteTable } from "../table-sql.ts";
import { dropIncomingKeys, type Rebuild, rebuild } from "./rebuild.ts";

/** Which rows of a table go: those within ranges of a key, and those whose keys are in another table. */
interface ChosenKeys {
  ranges: readonly NonNullable<SeedRun["keys"]>[];
  listed?: KeyList;
}

/** A temporary table of primary keys. */
export interface KeyList {
  /** Quoted. */
  name: string;
  columns: readonly string[];
}

/** What is to go. */
export interface CleanWish {
  /** Children first. */
  tables: readonly TableShape[];
  /** Every table of the database: those outside may refer to what goes. */
  all: readonly TableShape[];
  /** Only the rows of these runs; left out, every row. */
  runs?: readonly SeedRun[];
  /** The keys of runs' rows that no range tells, by `tableKey`. */
  listed?: ReadonlyMap<string, KeyList>;
}

/** The rows of one table that will go. */
export interface CleanTable {
  table: TableShape;
  rows: number;
  /** Those that go; undefined for every row. */
  keys?: ChosenKeys;
}

export interface CleanPlan {
  /** Children first; TRUNCATE wants those that lose nothing as well. */
  tables: CleanTable[];
  /** The runs that the ledger forgets. */
  runs: readonly Pick<SeedRun, "run" | "entity">[];
  /** Whether one TRUNCATE of all of them is possible: no other table refers to any. */
  truncates: boolean;
}

/**
 * Counts what would go, and changes nothing. Throws (exit 5) when rows of other tables refer to what would go, naming
 * the tables.
 */
export async function planClean(sql: Queries, wish: CleanWish, known: readonly SeedRun[]): Promise<CleanPlan> {
  const { tables, all, runs } = wish;
  const planned: CleanTable[] = [];
  for (const table of tables) {
    const chosen = chooseKeys(table, wish);
    if (chosen?.ranges.length === 0 && chosen.listed === undefined) continue;
    const rows = await countRows(sql, table, chosen);
    planned.push({ table, rows, ...(chosen === undefined ? {} : { keys: chosen }) });
  }
  const keys = new Set(planned.map(({ table }) => tableKey(table)));
  const references = all.flatMap((table) =>
    table.foreignKeys.filter((key) => keys.has(key.table)).map((key) => ({ table, key })),
  );
  await requireUnreferenced(sql, planned, references);
  const forgotten = runs ?? known.filter(({ table }) => keys.has(table));
  const isWhole = runs === undefined && references.every(({ table }) => keys.has(tableKey(table)));
  const truncates = isWhole && (await mayTruncate(sql, tables));
  return { tables: planned, runs: forgotten, truncates };
}

/** A role that may delete rows may not truncate their table by that. */
async function mayTruncate(sql: Queries, tables: readonly TableShape[]): Promise<boolean> {
  const rights = tables.map((table) => `has_table_privilege(${quoteLiteral(quoteTable(table))}, 'TRUNCATE')`);
  const [row] = await sql.unsafe<{ may: boolean }[]>(`select ${["true", ...rights].join(" and ")} as may`);
  return row?.may === true;
}

async function countRows(sql: Queries, table: TableShape, keys: ChosenKeys | undefined): Promise<number> {
  const [row] = await sql.unsafe<{ rows: number }[]>(
    `select count(*)::float8 as rows from ${quoteTable(table)} t where ${within(keys, "t")}`,
  );
  return row?.rows ?? 0;
}

/** The keys that the runs gave to this table's rows; undefined for every row. */
function chooseKeys(table: TableShape, { runs, listed }: CleanWish): ChosenKeys | undefined {
  if (runs === undefined) return undefined;
  const ranges = runs.flatMap(({ table: key, keys }) => (key === tableKey(table) && keys !== null ? [keys] : []));
  const list = listed?.get(tableKey(table));
  return { ranges, ...(list === undefined ? {} : { listed: list }) };
}

/** The condition that a row, by its alias, is among those that go. */
function within(keys: ChosenKeys | undefined, alias: string): string {
  if (keys === undefined) return "true";
  const each = keys.ranges.map(
    ({ column, first, last }) => `${alias}.${quoteIdentifier(column)} between ${first} and ${last}`,
  );
  if (keys.listed !== undefined) {
    const { name, columns } = keys.listed;
    const same = columns.map(quoteIdentifier).map((column) => `l.${column} = ${alias}.${column}`);
    each.push(`exists (select from ${name} l where ${same.join(" and ")})`);
  }
  return `(${each.join(" or ")})`;
}

interface Reference {
  table: TableShape;
  key: ForeignKey;
}

/** Whatever stays must not refer to what goes: not even by a key that would take it along (ON DELETE CASCADE). */
async function requireUnreferenced(
  sql: Queries,
  planned: readonly CleanTable[],
  references: readonly Reference[],
): Promise<void> {
  const blocking: { table: TableShape; rows: number }[] = [];
  for (const { table, key } of references) {
    const gone = planned.find((each) => tableKey(each.table) === key.table);
    const own = planned.find((each) => tableKey(each.table) === tableKey(table));
    if (gone === undefined || gone.rows === 0 || (own !== undefined && own.keys === undefined)) continue;
    const same = key.columns.map(
      (column, place) => `c.${quoteIdentifier(column)} = t.${quoteIdentifier(key.references[place] ?? "")}`,
    );
    const stays = own === undefined ? "true" : `not ${within(own.keys, "c")}`;
    const [row] = await sql.unsafe<{ rows: number }[]>(
      `select count(*)::float8 as rows from ${quoteTable(table)} c
        where ${stays} and exists (select from ${quoteTable(gone.table)} t
                                    where ${same.join(" and ")} and ${within(gone.keys, "t")})`,
    );
    if ((row?.rows ?? 0) > 0) blocking.push({ table, rows: row?.rows ?? 0 });
  }
  if (blocking.length === 0) return;
  const names = [...new Set(blocking.map(({ table }) => tableKey(table)))];
  const counted = blocking.map(({ table, rows }) => `${tableKey(table)} (${plural(rows, "row")})`);
  throw refusal(
    "still_referenced",
    `rows that would go are referred to by ${[...new Set(counted)].join(", ")}; nothing was removed`,
    `clean them as well: add ${names.map((name) => name.replace(/^public\./, "")).join(" ")}`,
  );
}

/** Removes what was planned, in the caller's transaction. Resolves with the rows that went, by table. */
export async function cleanTables(sql: Queries, plan: CleanPlan): Promise<ReadonlyMap<string, number>> {
  const gone = new Map<string, number>();
  if (plan.tables.every(({ rows }) => rows === 0)) return gone;
  if (plan.truncates) {
    await sql.unsafe(`truncate ${plan.tables.map(({ table }) => quoteTable(table)).join(", ")}`);
    for (const { table, rows } of plan.tables) gone.set(tableKey(table), rows);
    return gone;
  }
  // Without an index on the referring columns each row that goes would have the whole referring table read.
  const keys = await dropIncomingKeys(
    sql,
    plan.tables.map(({ table }) => quoteTable(table)),
  );
  for (const { table, keys: chosen } of plan.tables) {
    const { count } = await sql.unsafe(`delete from ${quoteTable(table)} t where ${within(chosen, "t")}`);
    gone.set(tableKey(table), count);
  }
  for (const key of keys) await makeAgain(sql, key);
  return gone;
}

async function makeAgain(sql: Queries, key: Rebuild): Promise<void> {
  try {
    await rebuild(sql, key);
  } catch (error) {
    if (codeOf(error) !== "23503") throw error;
    const said = `${key.table}: ${messageOf(error)}; nothing was removed`;
    throw refusal("still_referenced", said, "somebody has added rows meanwhile: try again");
  }
}
