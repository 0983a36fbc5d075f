/** Compares what a restore brought back with what the manifest says was dumped. */

import { failure } from "../errors.ts";
import { countRows, nameOf } from "../postgres/catalog.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { formatCount, plural } from "../sys/amounts.ts";
import type { InspectedDump } from "./inspect.ts";
import type { Manifest } from "./manifest.ts";

export interface Comparison {
  /** Tables that were compared. */
  tables: number;
  /** Rows of the restored tables: counted where the manifest's count is exact, else estimated. */
  rows: number;
  /** Estimates that are far apart, as sentences. */
  doubts: string[];
}

type ManifestTable = Manifest["tables"][number];

/**
 * Counts the restored tables. Throws (exit 1) when one is missing or an exact count differs; estimates that are far
 * apart are only doubts, since the planner's numbers may have been old when the dump was made.
 */
export async function compareWithManifest(sql: Sql, inspected: InspectedDump): Promise<Comparison | undefined> {
  const { manifest } = inspected;
  if (manifest === undefined || manifest.content !== "all" || manifest.partial || manifest.adopted) return undefined;
  const restored = await readEstimates(sql);
  const missing = manifest.tables.filter((table) => !restored.has(keyOf(table)));
  if (missing.length > 0) {
    throw differs(`the restored database lacks ${missing.map(keyOf).join(", ")}`);
  }
  const exact = manifest.tables.filter((table) => table.exact);
  const counts = await countAll(sql, exact);
  const wrong = exact.filter((table, index) => counts[index] !== undefined && table.rows !== counts[index]);
  if (wrong.length > 0) {
    const [first] = wrong;
    const found = counts[exact.indexOf(first as ManifestTable)];
    throw differs(
      `${first === undefined ? "a table" : keyOf(first)} has ${plural(found ?? 0, "row")}, not ${formatCount(first?.rows ?? 0)}`,
    );
  }
  const estimated = manifest.tables.filter((table) => !table.exact);
  return {
    tables: manifest.tables.length,
    rows: sum(counts.map((count) => count ?? 0)) + sum(estimated.map((table) => restored.get(keyOf(table)) ?? 0)),
    doubts: [
      ...estimated.flatMap((table) => findDoubt(table, restored.get(keyOf(table)) ?? 0)),
      ...exact.filter((_, index) => counts[index] === undefined).map(describeUncounted),
    ],
  };
}

/**
 * The counts of all tables. Where row security is forced on the login, it is taken off for as long as is counted: the scratch
 * database's tables are the login's own.
 */
async function countAll(sql: Sql, tables: readonly ManifestTable[]): Promise<(number | undefined)[]> {
  const counts = await countRows(sql, tables);
  const shaded = tables.filter((_, index) => counts[index] === undefined);
  if (shaded.length === 0) return counts;
  await sql`begin`;
  try {
    for (const table of shaded) await sql.unsafe(`alter table ${nameOf(table)} no force row level security`);
    return await countRows(sql, tables);
  } catch {
    return counts; // somebody else's
  } finally {
    await sql`rollback`;
  }
}

function describeUncounted(table: ManifestTable): string {
  return `${keyOf(table)} was not counted: its row security keeps rows from this login`;
}

function differs(what: string) {
  return failure(
    "rows_differ",
    `the restored rows are not those that were dumped: ${what}; the target was not touched`,
    "restore an older dump: pgrove dumps list",
  );
}

const FAR_APART = 2;

function findDoubt(table: ManifestTable, rows: number): string[] {
  const dumped = table.rows ?? 0;
  if (dumped <= 0 || (rows <= dumped * FAR_APART && rows >= dumped / FAR_APART)) return [];
  return [
    `${keyOf(table)} has about ${plural(Math.round(rows), "row")}; when it was dumped, the planner counted on ${formatCount(dumped)}`,
  ];
}

/** Estimated rows of every ordinary table, after ANALYZE. */
async function readEstimates(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql<{ schema: string; name: string; rows: number }[]>`
    select n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::float8 as rows
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
  return new Map(rows.map((row) => [keyOf(row), row.rows]));
}

function keyOf({ schema, name }: { schema: string; name: string }): string {
  return `${schema}.${name}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
