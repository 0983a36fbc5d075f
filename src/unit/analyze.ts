/**
 * The planner's statistics of what was loaded. To sample a table, PostgreSQL asks the servers of the foreign tables that are its
 * parts: such a table is passed over, since nothing that is loaded or copied may reach another server.
 */
import { quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import type { Queries } from "../postgres/schema.ts";

/** Tables with a foreign one among those that inherit from them, and so all partitioned ones above it. */
const REACHING = `
  with recursive reaching(oid) as (
    select i.inhparent from pg_inherits i join pg_class f on f.oid = i.inhrelid and f.relkind = 'f'
    union
    select i.inhparent from pg_inherits i join reaching r on r.oid = i.inhrelid)
  select oid from reaching`;

/** Brings the statistics of a whole database up to date. */
export async function analyzeDatabase(sql: Queries): Promise<void> {
  const [row] = await sql.unsafe<{ reaches: boolean }[]>(`select exists (${REACHING}) as reaches`);
  if (row?.reaches === true) await analyzeThose(sql, "c.relpersistence <> 't'");
  else await sql.unsafe("analyze");
}

/** Brings those of a schema's tables up to date. */
export async function analyzeSchema(sql: Queries, schema: string): Promise<void> {
  await analyzeThose(sql, `c.relnamespace = to_regnamespace(${quoteLiteral(quoteIdentifier(schema))})`);
}

/** Brings those of some tables, named as SQL names them, up to date. */
export async function analyzeTables(sql: Queries, tables: readonly string[]): Promise<void> {
  const names = tables.map((name) => `to_regclass(${quoteLiteral(name)})`);
  if (names.length > 0) await analyzeThose(sql, `c.oid in (${names.join(", ")})`);
}

async function analyzeThose(sql: Queries, which: string): Promise<void> {
  const tables = await sql.unsafe<{ name: string }[]>(
    `select c.oid::regclass::text as name from pg_class c
      where ${which} and c.relkind in ('r', 'p', 'm') and c.oid not in (${REACHING})`,
  );
  if (tables.length > 0) await sql.unsafe(`analyze ${tables.map(({ name }) => name).join(", ")}`);
}
