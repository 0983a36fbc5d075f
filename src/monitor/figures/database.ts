/** What a database and its server say of themselves: one short query each, of the catalog and of what PostgreSQL counts. */

import type { Measure } from "../../config/measures.ts";
import { messageOf } from "../../errors.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import { figure, type Measured, none, unknown } from "./figure.ts";

/** Where it is asked. */
export interface Inside {
  sql: Sql;
  /** The only schema that counts; null for the whole database. */
  schema: string | null;
}

/** A query that takes longer gives no figure: a check must not be what a busy server waits for. */
const MOST_MS = 5000;

/** Bounds the session's queries. */
export async function boundQueries(sql: Sql): Promise<void> {
  await sql`select pg_catalog.set_config('statement_timeout', ${String(MOST_MS)}, false),
                   pg_catalog.set_config('lock_timeout', ${String(MOST_MS)}, false)`;
}

type DatabaseMeasure = keyof typeof QUERIES;

/** The measures that are asked for in a session. */
export function isAskedInside(measure: Measure): measure is DatabaseMeasure {
  return Object.hasOwn(QUERIES, measure);
}

/** One figure. What the server refuses to say is unknown. */
export async function askInside(inside: Inside, measure: DatabaseMeasure): Promise<Measured> {
  try {
    return await QUERIES[measure](inside);
  } catch (error) {
    return unknown(messageOf(error).split("\n")[0] ?? "");
  }
}

interface Row {
  value: number | null;
  subject?: string | null;
}

/** The figure of a row; without one, or without a value, there is none. */
function read([row]: readonly Row[], why: string): Measured {
  return row === undefined || row.value === null ? none(why) : figure(row.value, row.subject);
}

const QUERIES = {
  database_size: async ({ sql, schema }: Inside) =>
    read(
      await sql<Row[]>`
        select case when ${schema}::text is null
               then pg_catalog.pg_database_size(pg_catalog.current_database())::float8
               else (select coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::float8
                       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                      where n.nspname = ${schema} and c.relkind in ('r', 'm', 'S')) end as value`,
      "",
    ),
  longest_transaction: async ({ sql }: Inside) =>
    read(
      await sql<Row[]>`
        select coalesce(extract(epoch from pg_catalog.clock_timestamp() - min(xact_start)) * 1000, 0)::float8 as value,
               'pid ' || (pg_catalog.array_agg(pid order by xact_start))[1] as subject
          from pg_catalog.pg_stat_activity
         where datname = pg_catalog.current_database() and backend_type = 'client backend' and xact_start is not null
           and pid <> pg_catalog.pg_backend_pid()`,
      "",
    ),
  longest_idle_in_transaction: async ({ sql }: Inside) =>
    read(
      await sql<Row[]>`
        select coalesce(extract(epoch from pg_catalog.clock_timestamp() - min(state_change)) * 1000, 0)::float8 as value,
               'pid ' || (pg_catalog.array_agg(pid order by state_change))[1] as subject
          from pg_catalog.pg_stat_activity
         where datname = pg_catalog.current_database() and state like 'idle in transaction%'`,
      "",
    ),
  invalid_indexes: async ({ sql, schema }: Inside) =>
    read(
      await sql<Row[]>`
        select count(*)::float8 as value,
               pg_catalog.array_to_string((pg_catalog.array_agg(n.nspname || '.' || c.relname order by 1))[1:3], ', ') as subject
          from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where not i.indisvalid and c.relkind = 'i' and n.nspname = coalesce(${schema}, n.nspname)
           and i.indexrelid not in (select index_relid from pg_catalog.pg_stat_progress_create_index)`,
      "",
    ),
  sequences_used: askSequences,
  dead_rows: async ({ sql, schema }: Inside) =>
    read(
      await sql<Row[]>`
        select coalesce(sum(n_dead_tup), 0)::float8 as value from pg_catalog.pg_stat_user_tables
         where schemaname = coalesce(${schema}, schemaname)`,
      "",
    ),
  dead_rows_share: async ({ sql, schema }: Inside) =>
    read(
      await sql<Row[]>`
        select n_dead_tup::float8 / (n_live_tup + n_dead_tup) as value, schemaname || '.' || relname as subject
          from pg_catalog.pg_stat_user_tables
         where n_dead_tup >= 10000 and schemaname = coalesce(${schema}, schemaname)
         order by 1 desc limit 1`,
      "no table has 10,000 dead rows",
    ),
  cache_hit_ratio: async ({ sql }: Inside) =>
    read(
      await sql<Row[]>`
        select case when blks_hit + blks_read >= 1000 then blks_hit::float8 / (blks_hit + blks_read) end as value
          from pg_catalog.pg_stat_database where datname = pg_catalog.current_database()`,
      "too little was read yet",
    ),
  slowest_statement: askStatements,
  connections_used: async ({ sql }: Inside) =>
    read(
      await sql<Row[]>`
        select count(*)::float8 / pg_catalog.current_setting('max_connections')::float8 as value,
               count(*) || ' of ' || pg_catalog.current_setting('max_connections') as subject
          from pg_catalog.pg_stat_activity
         where backend_type = 'client backend' and pid <> pg_catalog.pg_backend_pid()`,
      "",
    ),
  transaction_ids_used: async ({ sql }: Inside) =>
    read(
      await sql<Row[]>`
        select greatest(pg_catalog.age(datfrozenxid), pg_catalog.mxid_age(datminmxid))::float8 / 2147483648 as value,
               datname::text as subject
          from pg_catalog.pg_database order by 1 desc limit 1`,
      "",
    ),
  slots_retained_wal: async ({ sql }: Inside) =>
    read(
      await sql<Row[]>`
        select pg_catalog.pg_wal_lsn_diff(
                 case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn()
                      else pg_catalog.pg_current_wal_lsn() end, restart_lsn)::float8 as value,
               slot_name::text as subject
          from pg_catalog.pg_replication_slots where restart_lsn is not null order by 1 desc nulls last limit 1`,
      "there are no replication slots",
    ),
} as const satisfies Partial<Record<Measure, (inside: Inside) => Promise<Measured>>>;

/** The extension may lie in any schema, and is of use only where its library was loaded. What a statement says is nobody's business here. */
async function askStatements({ sql }: Inside): Promise<Measured> {
  const [place] = await sql<{ schema: string }[]>`
    select n.nspname::text as schema from pg_catalog.pg_extension e
      join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`;
  if (place === undefined) return none("pg_stat_statements is not there");
  const rows = await sql.unsafe<Row[]>(
    `select mean_exec_time as value, 'query ' || queryid as subject
       from ${quoteIdentifier(place.schema)}.pg_stat_statements
      where calls >= 5 and dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      order by mean_exec_time desc limit 1`,
  );
  return read(rows, "no statement was run five times yet");
}

/** One that the login may not read has no value here; where that is so of all of them, how full they are is not known. */
async function askSequences({ sql, schema }: Inside): Promise<Measured> {
  const [fullest] = await sql<Row[]>`
    select case when pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT')
                then greatest((pg_catalog.pg_sequence_last_value(c.oid)::float8 - s.seqmin)
                     / nullif(least(s.seqmax, case a.atttypid when 'pg_catalog.int2'::pg_catalog.regtype then 32767
                                                 when 'pg_catalog.int4'::pg_catalog.regtype then 2147483647
                                                 else 9223372036854775807 end)::float8 - s.seqmin, 0), 0) end as value,
           n.nspname || '.' || c.relname as subject
      from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
            and d.deptype in ('a', 'i') and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
      left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where s.seqincrement > 0 and not s.seqcycle and n.nspname = coalesce(${schema}, n.nspname)
     order by 1 desc nulls last limit 1`;
  if (fullest?.value === null) return unknown("the login may not read the sequences");
  return read(fullest === undefined ? [] : [fullest], "there are no sequences");
}
