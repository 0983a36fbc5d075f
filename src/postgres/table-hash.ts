/**
 * What tables, large objects and sequences hold, as numbers that can be compared: each row's text is hashed to 64 bits and the
 * hashes are added up, so that the order of the rows does not count. The columns go by name, since a restore may order them anew.
 */
import { listShaded, nameOf, type TableName } from "./catalog.ts";
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import type { Sql } from "./toolbox.ts";

/** The rows of a table. */
export interface TableHash {
  rows: number;
  /** The sum of the rows' hashes, in decimal: it may be longer than any integer of JavaScript's. */
  hash: string;
}

/** Types that are written as the same text on every server; everything else that output depends on is set here. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ["search_path", "pg_catalog"],
  ["datestyle", "ISO, MDY"],
  ["intervalstyle", "postgres"],
  ["timezone", "UTC"],
  ["extra_float_digits", "1"],
  ["bytea_output", "hex"],
  ["lc_monetary", "C"],
  ["xmlbinary", "base64"],
  ["quote_all_identifiers", "off"],
];

/** Gives the rest of the transaction the settings under which values become text. */
export async function fixTextSettings(sql: Sql): Promise<void> {
  const parts = SETTINGS.map(([name, value]) => `set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`);
  await sql.unsafe(`select ${parts.join(", ")}`);
}

/** The value of such a column is an oid, which another server gives anew. */
const OID_TYPES = [
  ...["oid", "regclass", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper", "regoperator"],
  ...["regproc", "regprocedure", "regrole", "regtype"],
];

interface Columns {
  /** As SQL says them, ordered by name. */
  hashed: string[];
  /** By name: those that are left out. */
  leftOut: string[];
}

/** What cannot be compared, by name: columns that hold oids, materialized views, foreign tables. */
export async function listUncompared(sql: Sql): Promise<string[]> {
  const columns = await readColumns(sql);
  const relations = await sql<{ name: string }[]>`
    select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('m', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`;
  const ofColumns = [...columns].flatMap(([table, { leftOut }]) => leftOut.map((column) => `${table}.${column}`));
  return [...relations.map(({ name }) => name), ...ofColumns];
}

/** By `schema.name`, unquoted. */
async function readColumns(sql: Sql): Promise<Map<string, Columns>> {
  const rows = await sql<{ schema: string; name: string; hashed: string[]; left_out: string[] }[]>`
    with columns as (
      select c.oid, n.nspname, c.relname, a.attname,
             coalesce(nullif(base.typelem, 0)::regtype::oid, base.oid) in
               (select oid from pg_type where typnamespace = 'pg_catalog'::regnamespace and typname in ${sql(OID_TYPES)})
               as is_oid
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        join pg_type t on t.oid = a.atttypid
        join pg_type base on base.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
       where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema')
    select nspname as schema, relname as name,
           coalesce(json_agg(attname order by attname collate "C") filter (where not is_oid), '[]'::json) as hashed,
           coalesce(json_agg(attname order by attname collate "C") filter (where is_oid), '[]'::json) as left_out
      from columns group by nspname, relname order by 1, 2`;
  return new Map(
    rows.map(({ schema, name, hashed, left_out: leftOut }) => [
      `${schema}.${name}`,
      { hashed: hashed.map(quoteIdentifier), leftOut },
    ]),
  );
}

const TABLES_PER_QUERY = 100;

/**
 * The hashes of the tables, in their order; undefined where policies keep rows from the login. Within a transaction after
 * `fixTextSettings`.
 */
export async function hashTables(sql: Sql, tables: readonly TableName[]): Promise<(TableHash | undefined)[]> {
  if (tables.length === 0) return [];
  const [columns, shaded] = [await readColumns(sql), await listShaded(sql)];
  const hashes: (TableHash | undefined)[] = [];
  for (let start = 0; start < tables.length; start += TABLES_PER_QUERY) {
    const parts = tables.slice(start, start + TABLES_PER_QUERY).map((table) => {
      if (shaded.has(nameOf(table))) return "null";
      const { hashed = [] } = columns.get(`${table.schema}.${table.name}`) ?? {};
      const hash = `hashtextextended(row(${hashed.join(", ")})::text collate "C", 0)`;
      return `(select json_build_object('rows', count(*), 'hash', coalesce(sum(${hash}), 0)::text) from only ${nameOf(table)})`;
    });
    const [row] = await sql.unsafe<{ found: (TableHash | null)[] }[]>(
      `select json_build_array(${parts.join(", ")}) as found`,
    );
    hashes.push(...(row?.found ?? []).map((each) => each ?? undefined));
  }
  return hashes;
}

/** The large objects, each with its number. Throws where one may not be read, or is of a gigabyte. */
export async function hashLargeObjects(sql: Sql): Promise<TableHash> {
  const [row] = await sql<TableHash[]>`
    select count(*)::float8 as rows, coalesce(sum(hashtextextended(oid::text || ' ' || md5(lo_get(oid)), 0)), 0)::text as hash
      from pg_largeobject_metadata`;
  return row ?? { rows: 0, hash: "0" };
}

/** How much the large objects take, in bytes. */
export async function largeObjectBytes(sql: Sql): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`select pg_table_size('pg_largeobject')::float8 as bytes`;
  return row?.bytes ?? 0;
}

/** Where a sequence stands: `42 true` when 42 was given out. */
export interface SequenceValue extends TableName {
  value: string;
}

/** Where each sequence stands. What the login may not read is left out. */
export async function readSequences(sql: Sql): Promise<SequenceValue[]> {
  const sequences = await sql<TableName[]>`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and has_schema_privilege(n.oid, 'usage') and case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select') end
       and not exists (select 1 from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid
                        and e.deptype = 'e') order by 1, 2`;
  const found: SequenceValue[] = [];
  for (let start = 0; start < sequences.length; start += TABLES_PER_QUERY) {
    const some = sequences.slice(start, start + TABLES_PER_QUERY);
    const parts = some.map((each) => `(select last_value || ' ' || is_called from ${nameOf(each)})`);
    const [row] = await sql.unsafe<{ values: string[] }[]>(`select json_build_array(${parts.join(", ")}) as values`);
    found.push(...some.map(({ schema, name }, place) => ({ schema, name, value: row?.values[place] ?? "" })));
  }
  return found;
}
