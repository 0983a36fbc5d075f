/**
 * What pgrove remembers in the target of its seeding: which files ran, and which rows were made. The tables are made
 * when they are first written to, and written in the same transaction as what they tell of.
 */
import { messageOf, refusal } from "../errors.ts";
import { codeOf } from "../postgres/connect.ts";
import { quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import type { Queries } from "../postgres/schema.ts";

/** The ledger's tables, quoted and qualified, and the SQL that makes them. */
export interface SeedLedger {
  files: string;
  runs: string;
  create: string;
  /** The schema that is made for it; undefined where it lives in the target's own. */
  own: string | undefined;
}

const SCHEMA = "pgrove";

/** The ledger of a database, or of a schema where that is the target. */
export function placeSeedLedger(schema: string | undefined): SeedLedger {
  const [home, prefix, own] = schema ? [schema, "pgrove_", undefined] : [SCHEMA, "", SCHEMA];
  const nameOf = (table: string) => `${quoteIdentifier(home)}.${prefix}${table}`;
  const [files, runs] = [nameOf("seed_files"), nameOf("seed_runs")];
  const create = `create table if not exists ${files} (
      file text primary key, hash text not null, applied_at timestamptz not null default clock_timestamp(),
      "by" text not null, run text not null);
    create table if not exists ${runs} (
      run text not null, entity text not null, table_name text not null, seed bigint not null,
      generator_version int not null, first_row bigint not null, rows bigint not null,
      key_column text, first_key bigint, last_key bigint, recipe text,
      started_at timestamptz not null, finished_at timestamptz not null default clock_timestamp(), "by" text not null,
      primary key (run, entity))`;
  return { files, runs, create, own };
}

/** Makes the ledger's tables where they are missing, in the caller's transaction. Throws (exit 5) where it may not. */
export async function createSeedLedger(sql: Queries, ledger: SeedLedger): Promise<void> {
  const missing = await describeMissing(sql, ledger);
  try {
    if (missing !== "") await sql.unsafe(missing);
  } catch (error) {
    if (codeOf(error) !== "42501") throw error;
    const { runs, own } = ledger;
    throw refusal(
      "ledger_denied",
      `this role may not make ${runs}, where pgrove remembers what it has seeded: ${messageOf(error)}`,
      own === undefined
        ? "the schema's owner may let it: GRANT CREATE ON SCHEMA … TO …"
        : `the database's owner may let it: CREATE SCHEMA ${own} AUTHORIZATION …`,
    );
  }
}

/** The SQL that makes what is missing of the ledger; empty where nothing is. */
export async function describeMissing(sql: Queries, ledger: SeedLedger): Promise<string> {
  const { files, runs, create, own } = ledger;
  // CREATE … IF NOT EXISTS wants the right to create even where nothing is to be made, and tells everybody of it.
  const [there] = await sql<{ complete: boolean; schema: boolean }[]>`
    select to_regclass(${files}) is not null and to_regclass(${runs}) is not null as complete,
           exists (select from pg_namespace where nspname = ${own ?? null}::text) as schema`;
  if (there?.complete === true) return "";
  const makesSchema = own !== undefined && there?.schema !== true;
  return `${makesSchema ? `create schema if not exists ${quoteIdentifier(own)};` : ""}${create};`;
}

/** The hashes of the files that ran on the target, by file. One round trip; none before the first run. */
export async function readAppliedFiles(sql: Queries, ledger: SeedLedger): Promise<ReadonlyMap<string, string>> {
  const rows = await orNone(sql.unsafe<{ file: string; hash: string }[]>(`select file, hash from ${ledger.files}`));
  return new Map(rows.map(({ file, hash }) => [file, hash]));
}

/** A file that ran, for the ledger. */
export interface AppliedFile {
  file: string;
  hash: string;
  by: string;
  run: string;
}

/** The SQL that remembers a file that ran, in place of what was known of it. */
export function recordFile({ files }: SeedLedger, { file, hash, by, run }: AppliedFile): string {
  const values = [file, hash, by, run].map(quoteLiteral).join(", ");
  return `insert into ${files} (file, hash, "by", run) values (${values})
    on conflict (file) do update set hash = excluded.hash, applied_at = excluded.applied_at, "by" = excluded."by", run = excluded.run`;
}

/** Rows of one entity that one run has made. */
export interface SeedRun {
  run: string;
  entity: string;
  /** `tableKey` of its table. */
  table: string;
  seed: number;
  generatorVersion: number;
  firstRow: number;
  rows: number;
  /** The integer key of those rows, where they have one: a column and its range. */
  keys: { column: string; first: bigint; last: bigint } | null;
  startedAt: Date;
  finishedAt: Date;
  by: string;
}

/** What runs have made on the target, oldest first; nothing before the first run. */
export async function readSeedRuns(sql: Queries, ledger: SeedLedger): Promise<SeedRun[]> {
  const rows = await orNone(
    sql.unsafe<(Omit<SeedRun, "keys"> & { column: string | null; firstKey: string | null; lastKey: string | null })[]>(
      `select run, entity, table_name as "table", seed::float8 as seed, generator_version as "generatorVersion",
              first_row::float8 as "firstRow", rows::float8 as rows, key_column as "column", first_key::text as "firstKey",
              last_key::text as "lastKey", started_at as "startedAt", finished_at as "finishedAt", "by"
         from ${ledger.runs} order by finished_at, run, entity`,
    ),
  );
  return rows.map(({ column, firstKey, lastKey, ...row }) => ({
    ...row,
    keys:
      column === null || firstKey === null || lastKey === null
        ? null
        : { column, first: BigInt(firstKey), last: BigInt(lastKey) },
  }));
}

/** Remembers the rows of a run, entity by entity, in one statement. */
export async function recordSeedRuns(
  sql: Queries,
  ledger: SeedLedger,
  all: readonly (Omit<SeedRun, "finishedAt"> & { recipe: string | null })[],
): Promise<void> {
  if (all.length === 0) return;
  const rows = all.map(({ keys, startedAt, firstRow, generatorVersion, table, ...made }) => ({
    ...{ run: made.run, entity: made.entity, table_name: table, seed: made.seed, generator_version: generatorVersion },
    ...{ first_row: firstRow, rows: made.rows, key_column: keys?.column ?? null },
    ...{ first_key: keys?.first.toString() ?? null, last_key: keys?.last.toString() ?? null, recipe: made.recipe },
    ...{ started_at: startedAt.toISOString(), by: made.by },
  }));
  const columns = `run, entity, table_name, seed, generator_version, first_row, rows, key_column, first_key, last_key,
    recipe, started_at, "by"`;
  await sql.unsafe(
    `insert into ${ledger.runs} (${columns})
     select ${columns} from json_to_recordset($1::text::json) as made (
       run text, entity text, table_name text, seed bigint, generator_version int, first_row bigint, rows bigint,
       key_column text, first_key bigint, last_key bigint, recipe text, started_at timestamptz, "by" text)`,
    [JSON.stringify(rows)],
  );
}

/** What the keys of a run's rows are made again from, where the ledger has it. */
export async function readKeyRecipe(
  sql: Queries,
  { runs }: SeedLedger,
  { run, entity }: Pick<SeedRun, "run" | "entity">,
): Promise<string | undefined> {
  const [row] = await sql.unsafe<{ recipe: string | null }[]>(
    `select recipe from ${runs} where run = $1 and entity = $2`,
    [run, entity],
  );
  return row?.recipe ?? undefined;
}

/** Forgets runs' rows of these tables, which are gone. */
export async function forgetSeedRuns(
  sql: Queries,
  ledger: SeedLedger,
  gone: readonly Pick<SeedRun, "run" | "entity">[],
): Promise<void> {
  for (const { run, entity } of gone) {
    await sql.unsafe(`delete from ${ledger.runs} where run = $1 and entity = $2`, [run, entity]);
  }
}

/** Where each entity's next row is: behind all that runs have made. */
export function nextRows(runs: readonly SeedRun[]): Map<string, number> {
  const next = new Map<string, number>();
  for (const { entity, firstRow, rows } of runs) {
    next.set(entity, Math.max(next.get(entity) ?? 0, firstRow + rows));
  }
  return next;
}

const MISSING = new Set(["42P01", "3F000"]); // no such table, no such schema

async function orNone<T>(rows: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await rows;
  } catch (error) {
    if (MISSING.has(codeOf(error) ?? "")) return [];
    throw error;
  }
}
