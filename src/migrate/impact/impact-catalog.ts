/** What the database's catalog says of the tables that migrations name, read in one round trip. */
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { wordsOfKey } from "../../sql/nodes.ts";

export interface CatalogColumn {
  name: string;
  /** As pg_type has it: "int4". */
  type: string;
  /** As it is written: "character varying(20)". */
  written: string;
  /** Whether it is NOT NULL, or a valid CHECK constraint says as much. */
  provedNotNull: boolean;
  /** Whether a valid CHECK constraint looks at it. */
  checked: boolean;
  /** The part that is null, by the last ANALYZE. */
  nullFraction: number | null;
}

export interface CatalogTable {
  /** As it was asked for. */
  key: string;
  /** Quoted and qualified. */
  name: string;
  rows: number;
  sizeBytes: number;
  columns: readonly CatalogColumn[];
  /** Foreign keys of the table, and the key of the table that each points to. */
  foreignKeys: readonly { name: string; to: string }[];
  /** The tables that point to it, by key. */
  referencedBy: readonly string[];
  /** The materialized views that are made from it, by key. */
  views: readonly string[];
}

export interface Catalog {
  findTable(key: string): CatalogTable | undefined;
  /** The table of an index, by key. */
  findTableOfIndex(key: string): string | undefined;
  /** The tables of a schema, by key. */
  tablesOfSchema(schema: string): readonly string[];
  isVolatile(functionName: string): boolean;
  isConstrainedDomain(type: string): boolean;
  /** Whether values of one type are stored as the other's are. */
  isStoredAlike(from: string, to: string): boolean;
}

/** What is looked for: names as statements write them. */
export interface CatalogQuestion {
  relations: ReadonlySet<string>;
  schemas: ReadonlySet<string>;
  functions: ReadonlySet<string>;
}

interface Answer {
  tables: CatalogTable[] | null;
  indexes: { key: string; table: string }[] | null;
  schemas: { schema: string; table: string }[] | null;
  volatile: string[] | null;
  domains: string[] | null;
  casts: string[] | null;
  alike: string[] | null;
  utc: boolean;
}

const WORD = (name: string) =>
  `case when ${name} ~ '[."]' then '"' || replace(${name}, '"', '""') || '"' else ${name} end`;

/** The key of a relation, as keyOfWords makes it of the name that a script would use. */
const KEY = (
  relation: string,
) => `(select case when kn.nspname in ('public', current_schema()) then '' else ${WORD("kn.nspname")} || '.' end || ${WORD("kc.relname")}
  from pg_class kc join pg_namespace kn on kn.oid = kc.relnamespace where kc.oid = ${relation})`;

/** Reads the catalog. Names that are not there are simply unknown. */
export async function readCatalog(sql: Queries, { relations, schemas, functions }: CatalogQuestion): Promise<Catalog> {
  const [row] = await sql.unsafe<{ answer: Answer }[]>(catalogQuery(), [
    JSON.stringify([...relations].map((key) => ({ key, name: quoteKey(key) }))),
    JSON.stringify([...schemas]),
    JSON.stringify([...functions]),
  ]);
  if (row === undefined) throw new Error("the catalog query gave no row");
  return createCatalog(row.answer);
}

/** A key as to_regclass reads it. */
function quoteKey(key: string): string {
  return wordsOfKey(key).map(quoteIdentifier).join(".");
}

/** A catalog of nothing, for what statements say by themselves. */
export const EMPTY_CATALOG: Catalog = createCatalog({
  ...{
    tables: null,
    indexes: null,
    schemas: null,
    volatile: null,
    domains: null,
    casts: null,
    alike: null,
    utc: false,
  },
});

function createCatalog({ tables, indexes, schemas, volatile, domains, casts, alike: bases, utc }: Answer): Catalog {
  const byKey = new Map(tables?.map((table) => [table.key, table]));
  const tableOfIndex = new Map(indexes?.map(({ key, table }) => [key, table]));
  const volatileNames = new Set(volatile);
  const domainNames = new Set(domains);
  // In UTC a time with zone is stored as the one without.
  const times = utc ? ["timestamp>timestamptz", "timestamptz>timestamp"] : [];
  const alike = new Set([...(casts ?? []), ...(bases ?? []), ...times]);
  return {
    findTable: (key) => byKey.get(key),
    findTableOfIndex: (key) => tableOfIndex.get(key),
    tablesOfSchema: (name) => (schemas ?? []).flatMap(({ schema, table }) => (schema === name ? [table] : [])),
    isVolatile: (name) => volatileNames.has(name),
    isConstrainedDomain: (type) => domainNames.has(type),
    isStoredAlike: (from, to) => from === to || alike.has(`${from}>${to}`),
  };
}

function catalogQuery(): string {
  return `
  with wanted as (select e->>'key' as key, to_regclass(e->>'name') as oid from json_array_elements($1::text::json) e
           union
           select ${KEY("c.oid")}, c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and n.nspname in (select json_array_elements_text($2::text::json))),
  dependents as (select distinct d.refobjid as oid, v.oid as view from pg_depend d
                   join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
                   join pg_class v on v.oid = r.ev_class and v.relkind = 'm'
                  where d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid),
  asked as (select distinct key, oid from wanted
           union
           select ${KEY("k.confrelid")}, k.confrelid::regclass from pg_constraint k join wanted w on k.conrelid = w.oid where k.contype = 'f'
           union
           select ${KEY("k.conrelid")}, k.conrelid::regclass from pg_constraint k join wanted w on k.confrelid = w.oid where k.contype = 'f'
           union
           select ${KEY("d.view")}, d.view::regclass from dependents d join wanted w on d.oid = w.oid
           union
           select ${KEY("i.indrelid")}, i.indrelid::regclass from pg_index i join wanted w on i.indexrelid = w.oid),
  leaves as (select a.oid, l.relid from asked a cross join lateral (
              select a.oid::oid as relid union select p.relid from pg_partition_tree(a.oid) p) l)
  select json_build_object(
    'tables', (select json_agg(json_build_object(
        'key', a.key, 'name', a.oid::text,
        'rows', (select coalesce(sum(greatest(l.reltuples, case when l.reltuples < 0 then pg_relation_size(l.oid) / 100 else 0 end)), 0)::float8
                   from pg_class l where l.oid in (select relid from leaves where leaves.oid = a.oid) and l.relkind in ('r', 'm')),
        'sizeBytes', (select coalesce(sum(pg_total_relation_size(relid)), 0)::float8 from leaves where leaves.oid = a.oid),
        'columns', (select coalesce(json_agg(json_build_object(
             'name', t.attname, 'type', y.typname, 'written', format_type(t.atttypid, t.atttypmod),
             'provedNotNull', t.attnotnull or exists (select from pg_constraint k where k.conrelid = t.attrelid and k.contype = 'c'
                and k.convalidated and k.conkey = array[t.attnum]
                and pg_get_expr(k.conbin, k.conrelid) = format('(%I IS NOT NULL)', t.attname)),
             'checked', exists (select from pg_constraint k where k.conrelid = t.attrelid and k.contype = 'c'
                and k.convalidated and t.attnum = any(k.conkey)),
             'nullFraction', (select s.null_frac from pg_stats s where s.schemaname = n.nspname and s.tablename = c.relname
                and s.attname = t.attname limit 1))), '[]'::json)
             from pg_attribute t join pg_type y on y.oid = t.atttypid
            where t.attrelid = a.oid and t.attnum > 0 and not t.attisdropped),
        'foreignKeys', (select coalesce(json_agg(json_build_object('name', k.conname, 'to', ${KEY("k.confrelid")})), '[]'::json)
             from pg_constraint k where k.conrelid = a.oid and k.contype = 'f' and k.confrelid <> a.oid),
        'referencedBy', (select coalesce(json_agg(distinct ${KEY("k.conrelid")}), '[]'::json)
             from pg_constraint k where k.confrelid = a.oid and k.contype = 'f' and k.conrelid <> a.oid),
        'views', (select coalesce(json_agg(distinct ${KEY("d.view")}), '[]'::json) from dependents d where d.oid = a.oid)))
      from asked a join pg_class c on c.oid = a.oid join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm', 'f')),
    'indexes', (select json_agg(json_build_object('key', w.key, 'table', ${KEY("i.indrelid")}))
       from wanted w join pg_index i on i.indexrelid = w.oid),
    'schemas', (select json_agg(json_build_object('schema', n.nspname, 'table', ${KEY("c.oid")}))
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname in (select json_array_elements_text($2::text::json))),
    'volatile', (select json_agg(distinct proname) from pg_proc where provolatile = 'v'
       and proname in (select json_array_elements_text($3::text::json))),
    'domains', (select json_agg(distinct y.typname) from pg_type y where y.typtype = 'd'
       and (y.typnotnull or exists (select from pg_constraint k where k.contypid = y.oid))),
    'casts', (select json_agg(s.typname || '>' || t.typname) from pg_cast k
       join pg_type s on s.oid = k.castsource join pg_type t on t.oid = k.casttarget where k.castmethod = 'b'),
    'alike', (select json_agg(b.typname || '>' || y.typname) from pg_type y join pg_type b on b.oid = y.typbasetype
       where y.typtype = 'd'),
    'utc', current_setting('TimeZone') in ('UTC', 'GMT', 'Etc/UTC', 'Etc/GMT')
  ) as answer`;
}
