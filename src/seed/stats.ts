/** What the tables of a target hold and how they are: rows, sizes, dead rows, last care, and how far sequences are. */
import type { Queries } from "../postgres/schema.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { newRunId } from "../sys/run-id.ts";
import { withSeedSession } from "./sql/seed-session.ts";
import { quoteTable } from "./table-sql.ts";

/** Tables up to this size are counted; of larger ones the last ANALYZE says how many rows they have. */
const COUNT_UP_TO_BYTES = 64 << 20;

export interface TableStats {
  schema: string;
  name: string;
  /** -1 when there was never an ANALYZE of a table that is too large to be counted. */
  rows: number;
  isExact: boolean;
  /** Of the table with its TOAST, without its indexes. */
  sizeBytes: number;
  indexBytes: number;
  deadRows: number;
  lastVacuum: Date | null;
  lastAnalyze: Date | null;
}

export interface SequenceStats {
  schema: string;
  name: string;
  /** The column that takes its values from it: "users.id". */
  column: string | null;
  /** Null before the first use. */
  lastValue: bigint | null;
  /** What it, or the type of its column, can hold at most. */
  maxValue: bigint;
  /** The share that is used up, 0 to 1. */
  used: number;
}

export interface SeedStats {
  database: string;
  /** Largest first. */
  tables: TableStats[];
  /** The fullest first. */
  sequences: SequenceStats[];
}

/** Reads the statistics of the target: all of its database, or its schema alone. */
export async function readStats(tools: Pick<OperationTools, "clock">, live: LiveTarget): Promise<SeedStats> {
  const { schema } = live.target;
  return await withSeedSession(live, newRunId(tools.clock.now()), async (sql) => ({
    database: live.database,
    tables: await countSmall(sql, await readTableStats(sql, schema)),
    sequences: await readSequenceStats(sql, schema),
  }));
}

/** The login may read it, and no policy keeps rows of it from the login. */
const COUNTABLE = `bool_and(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
                            and not row_security_active(c.oid))`;

/** Those of the user's schemas; of a partitioned table the whole, and not its partitions. */
const WANTED = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname = coalesce($1, n.nspname)`;

/** With what the login may not see all of, which cannot be counted. */
async function readTableStats(sql: Queries, schema: string | undefined) {
  return await sql.unsafe<(TableStats & { countable: boolean })[]>(
    `select n.nspname::text as schema, c.relname::text as name, sum(greatest(p.reltuples, -1))::float8 as rows,
            false as "isExact", ${COUNTABLE} as countable, coalesce(sum(pg_table_size(p.oid)), 0)::float8 as "sizeBytes",
            coalesce(sum(pg_indexes_size(p.oid)), 0)::float8 as "indexBytes",
            coalesce(sum(pg_stat_get_dead_tuples(p.oid)), 0)::float8 as "deadRows",
            max(greatest(pg_stat_get_last_vacuum_time(p.oid), pg_stat_get_last_autovacuum_time(p.oid))) as "lastVacuum",
            max(greatest(pg_stat_get_last_analyze_time(p.oid), pg_stat_get_last_autoanalyze_time(p.oid))) as "lastAnalyze"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       cross join lateral (select r.oid, r.reltuples from pg_class r
                            where r.oid = c.oid and c.relkind = 'r'
                               or c.relkind = 'p' and r.relkind = 'r' and r.oid in (select relid from pg_partition_tree(c.oid))) p
      where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and ${WANTED}
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
      group by n.nspname, c.relname
      order by coalesce(sum(pg_total_relation_size(p.oid)), 0) desc, 1, 2`,
    [schema ?? null],
  );
}

async function countSmall(sql: Queries, read: readonly (TableStats & { countable: boolean })[]): Promise<TableStats[]> {
  const tables = read.map(({ countable: _, ...table }) => table);
  const small = tables.filter(({ sizeBytes }, place) => sizeBytes <= COUNT_UP_TO_BYTES && read[place]?.countable);
  if (small.length === 0) return tables;
  const counts = small.map(
    (table, place) => `select ${place} as place, count(*)::float8 as rows from ${quoteTable(table)}`,
  );
  const rows = await sql.unsafe<{ place: number; rows: number }[]>(counts.join(" union all "));
  const counted = new Map(rows.map((row) => [small[row.place], row.rows]));
  return tables.map((table) => {
    const exact = counted.get(table);
    return exact === undefined ? table : { ...table, rows: exact, isExact: true };
  });
}

interface SequenceRow {
  schema: string;
  name: string;
  column: string | null;
  lastValue: string | null;
  maxValue: string;
}

async function readSequenceStats(sql: Queries, schema: string | undefined): Promise<SequenceStats[]> {
  const rows = await sql.unsafe<SequenceRow[]>(
    `select n.nspname::text as schema, c.relname::text as name, t.relname || '.' || a.attname as column,
            case when has_sequence_privilege(c.oid, 'select, usage') then pg_sequence_last_value(c.oid)::text end as "lastValue",
            least(s.seqmax, case a.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647
                                            else 9223372036854775807 end)::text as "maxValue"
       from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
       left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
                            and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
       left join pg_class t on t.oid = d.refobjid
       left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where ${WANTED}`,
    [schema ?? null],
  );
  return rows
    .map(({ lastValue, maxValue, ...row }) => ({
      ...row,
      lastValue: lastValue === null ? null : BigInt(lastValue),
      maxValue: BigInt(maxValue),
      used: lastValue === null ? 0 : Number(lastValue) / Number(maxValue),
    }))
    .sort((a, b) => b.used - a.used || `${a.schema}.${a.name}`.localeCompare(`${b.schema}.${b.name}`));
}
