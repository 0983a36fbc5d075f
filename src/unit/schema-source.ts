/** Copies one schema of a database into another, empty database, as it is in one snapshot. */
import { missingError } from "../errors.ts";
import { countRows, readDatabaseFacts } from "../postgres/catalog.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { chooseSchema, listUserSchemas, schemaExists, schemaPattern } from "../postgres/schema.ts";
import { listDependents, nameSome, requireSelfContained } from "../postgres/schema-dependencies.ts";
import { buildSurroundings, readSurroundings, type Surroundings } from "../postgres/schema-extensions.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { type Version, versionOfNumber } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { inScratch } from "./scratch.ts";
import { streamArchive } from "./stream.ts";
import type { RowCounts } from "./unit.ts";

/** A schema that is being read: its session holds the snapshot that pg_dump reads, too. */
export interface SchemaSource {
  live: LiveTarget;
  schema: string;
  version: Version;
  snapshot: string;
  surroundings: Surroundings;
  sql: Sql;
}

/**
 * The body with the source's schema open for reading: the source's own, else one of the wanted ones, else its only one.
 * Throws (exit 5) when that is ambiguous, or when the schema needs something of another one.
 */
export async function withSource<T>(
  work: Work,
  live: LiveTarget,
  wanted: readonly string[],
  body: (source: SchemaSource) => Promise<T>,
): Promise<T> {
  return await withSession({ ...live, run: work.operation.run }, live.database, async (sql) => {
    await sql`begin isolation level repeatable read read only`;
    await sql`set local idle_in_transaction_session_timeout = 0`;
    await sql`set local row_security = off`;
    const schema = await findSchema(sql, live, wanted);
    await requireSelfContained(sql, schema);
    await noteLeftOut(work, sql, schema);
    const [row] = await sql<{ snapshot: string; version: number }[]>`
      select pg_export_snapshot() as snapshot, current_setting('server_version_num')::int as version`;
    if (row === undefined) throw new Error("the source gave no snapshot");
    const surroundings = await readSurroundings(sql, schema);
    return await body({ ...{ live, schema, surroundings, sql }, ...row, version: versionOfNumber(row.version) });
  });
}

async function findSchema(sql: Sql, { target, database }: LiveTarget, wanted: readonly string[]): Promise<string> {
  if (target.schema === undefined) return chooseSchema(await listUserSchemas(sql), wanted, target.label);
  if (await schemaExists(sql, target.schema)) return target.schema;
  throw missingError(
    "schema_missing",
    `there is no schema ${target.schema} in ${database} of ${target.label}`,
    target.worktree === undefined ? "check database.schema in pgrove.yaml" : `pgrove provision ${target.name}`,
  );
}

/** What needs the schema and lies in none itself is in no dump of it. */
async function noteLeftOut(work: Work, sql: Sql, schema: string): Promise<void> {
  const dependents = await listDependents(sql, schema);
  const left = dependents.filter(({ elsewhere }) => !elsewhere).map(({ object }) => object);
  if (left.length > 0) work.tools.note(`left out, since it lies in no schema: ${nameSome(left)}`);
}

export interface ReadRequest {
  /** Further arguments for pg_dump and pg_restore. */
  dump: readonly string[];
  load: readonly string[];
}

/**
 * Streams the schema into the database, which is empty but for what template0 has. Resolves with the counts of its rows,
 * taken in pg_dump's own snapshot.
 */
export async function readSchemaInto(
  work: Work,
  source: SchemaSource,
  into: LiveTarget,
  request: ReadRequest,
): Promise<RowCounts> {
  const { live, schema, snapshot, version } = source;
  await inScratch(work, into.database, async (sql) => {
    await sql.unsafe(`create schema if not exists ${quoteIdentifier(schema)}`);
    await buildSurroundings(sql, source.surroundings);
  });
  const counting = countSchemaRows(source.sql, schema);
  counting.catch(() => undefined); // awaited below; pg_dump may fail before
  await streamArchive(work, live, into, {
    dump: [`--schema=${schemaPattern(schema)}`, `--snapshot=${snapshot}`, ...request.dump],
    // By its name, so that the schema itself, which extensions may lie in already, is not made once more.
    load: [`--schema=${schema}`, ...request.load],
    version,
  });
  return await counting;
}

/** The exact row counts of the schema's tables. */
export async function countSchemaRows(sql: Sql, schema: string): Promise<RowCounts> {
  const facts = await readDatabaseFacts(sql);
  const tables = facts.tables.filter((table) => table.schema === schema);
  const counts = await countRows(sql, tables);
  return new Map(tables.map(({ name }, index) => [name, counts[index]]));
}
