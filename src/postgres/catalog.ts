/** What a database is made of, read from its catalogs in one round trip each. */
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import type { Sql } from "./toolbox.ts";

export interface TableFacts {
  schema: string;
  name: string;
  /** Rows by the last ANALYZE or VACUUM; -1 when there was none. */
  estimatedRows: number;
  bytes: number;
}

export interface DatabaseFacts {
  serverVersionNumber: number;
  sizeBytes: number;
  encoding: string;
  collate: string;
  ctype: string;
  /** c = libc, i = ICU, b = builtin */
  provider: string;
  locale: string | null;
  extensions: { name: string; version: string; schema: string }[];
  /** Roles that objects belong to or are granted to. */
  roles: string[];
  tablespaces: string[];
  /** Ordinary tables with rows of their own, extensions' left out. */
  tables: TableFacts[];
}

/** Where the server's data lie; null where the login may not see it. */
export async function readDataDirectory(sql: Sql): Promise<string | null> {
  const [row] = await sql<{ folder: string | null }[]>`
    select case when pg_catalog.pg_has_role('pg_read_all_settings', 'MEMBER')
           then pg_catalog.current_setting('data_directory') end as folder`;
  return row?.folder ?? null;
}

/** The facts of the connected database. */
export async function readDatabaseFacts(sql: Sql): Promise<DatabaseFacts> {
  const [row] = await sql<{ facts: DatabaseFacts }[]>`
    with db as (select * from pg_database where datname = current_database()),
    own as (
      select c.oid, n.nspname, c.relname, c.reltuples, c.relowner, c.relkind, c.reltablespace, c.relpersistence
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
         and not exists (select 1 from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid
                          and e.deptype = 'e'))
    select json_build_object(
      'serverVersionNumber', current_setting('server_version_num')::int,
      'sizeBytes', pg_database_size(db.oid),
      'encoding', pg_encoding_to_char(db.encoding), 'collate', db.datcollate, 'ctype', db.datctype,
      'provider', coalesce(to_jsonb(db)->>'datlocprovider', 'c'),
      'locale', coalesce(to_jsonb(db)->>'datlocale', to_jsonb(db)->>'daticulocale'),
      'extensions', coalesce((
        select json_agg(json_build_object('name', e.extname, 'version', e.extversion, 'schema', n.nspname) order by e.extname)
          from pg_extension e join pg_namespace n on n.oid = e.extnamespace), '[]'::json),
      'roles', coalesce((
        select json_agg(distinct r.rolname) from pg_roles r
         where r.oid in (select refobjid from pg_shdepend
                          where dbid = db.oid and refclassid = 'pg_authid'::regclass)
            or r.oid in (select relowner from own)), '[]'::json),
      'tablespaces', coalesce((
        select json_agg(distinct t.spcname) from own join pg_tablespace t on t.oid = own.reltablespace), '[]'::json),
      'tables', coalesce((
        select json_agg(json_build_object('schema', nspname, 'name', relname, 'estimatedRows', reltuples::float8,
                                          'bytes', pg_table_size(oid)) order by nspname, relname)
          from own where relkind = 'r' and relpersistence <> 't'), '[]'::json)
    ) as facts from db`;
  if (row === undefined) throw new Error("the connected database is not in pg_database");
  return row.facts;
}

/** The places where migration tools keep the version that a database is at. */
const LEDGERS: readonly { table: string; schema?: string; columns: readonly string[]; query: string }[] = [
  {
    table: "pgrove_migrations", // in a schema of its own
    columns: ["version", "success"],
    query: "select max(version)::text from pgrove_migrations where success",
  },
  {
    table: "migrations",
    schema: "pgrove",
    columns: ["version", "success"],
    query: "select max(version)::text from pgrove.migrations where success",
  },
  {
    table: "goose_db_version",
    columns: ["id", "version_id", "is_applied"],
    // Older ones do not delete a version that was undone, they add that it is not applied.
    query: `select version_id::text from goose_db_version up where is_applied and not exists (
              select from goose_db_version down where down.version_id = up.version_id and down.id > up.id and not down.is_applied)
             order by id desc`,
  },
  {
    table: "schema_migrations",
    columns: ["version"],
    query: "select version::text from schema_migrations order by version desc",
  },
  { table: "alembic_version", columns: ["version_num"], query: "select version_num::text from alembic_version" },
  {
    table: '"_prisma_migrations"',
    columns: ["migration_name", "finished_at"],
    query: 'select migration_name from "_prisma_migrations" where finished_at is not null order by finished_at desc',
  },
];

/** The version that the database's migrations are at, whatever tool applied them; undefined when none did. */
export async function readMigrationVersion(sql: Sql): Promise<string | undefined> {
  // A table of that name may be something else, or not be ours to read.
  const checks = LEDGERS.map(
    ({ table, schema, columns }) =>
      `(select count(*) = ${columns.length} from pg_attribute where attrelid = ${relationId(table, schema)}
         and attname in (${columns.map(quoteLiteral).join(", ")}) and has_column_privilege(attrelid, attnum, 'select'))`,
  );
  const [row] = await sql.unsafe<{ present: boolean[] }[]>(`select json_build_array(${checks.join(", ")}) as present`);
  const ledger = LEDGERS.find((_, index) => row?.present[index] === true);
  if (ledger === undefined) return undefined;
  const [found] = await sql.unsafe<{ version: string | null }[]>(`select (${ledger.query} limit 1) as version`);
  return found?.version ?? undefined;
}

/** An expression: the table's oid; null when it is not there. to_regclass fails where a schema may not be used. */
function relationId(table: string, schema: string | undefined): string {
  if (!schema) return `to_regclass(${quoteLiteral(table)})`;
  return `(select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = ${quoteLiteral(schema)} and c.relname = ${quoteLiteral(table)}
              and has_schema_privilege(n.oid, 'usage'))`;
}

const TABLES_PER_QUERY = 200;

/**
 * Exact row counts of the given tables, in their order; undefined where policies keep rows from the login, as they do even
 * from a table's owner where row security is forced.
 */
export async function countRows(sql: Sql, tables: readonly TableName[]): Promise<(number | undefined)[]> {
  const uncounted = tables.length === 0 ? new Set() : await listUncounted(sql);
  const counts: (number | undefined)[] = [];
  for (let start = 0; start < tables.length; start += TABLES_PER_QUERY) {
    const parts = tables
      .slice(start, start + TABLES_PER_QUERY)
      .map((table) => (uncounted.has(nameOf(table)) ? "null" : `(select count(*) from only ${nameOf(table)})`));
    const [row] = await sql.unsafe<{ counts: (number | null)[] }[]>(
      `select json_build_array(${parts.join(", ")}) as counts`,
    );
    counts.push(...(row?.counts ?? []).map((count) => count ?? undefined));
  }
  return counts;
}

export interface TableName {
  schema: string;
  name: string;
}

/** The tables of which the login sees only what policies let it see, and those that lie on other servers. */
async function listUncounted(sql: Sql): Promise<Set<string>> {
  const rows = await sql<TableName[]>`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'f'`;
  return new Set([...(await listShaded(sql)), ...rows.map(nameOf)]);
}

/** The tables of which the login sees only what policies let it see. */
export async function listShaded(sql: Sql): Promise<Set<string>> {
  const rows = await sql<TableName[]>`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relrowsecurity and row_security_active(c.oid)`;
  return new Set(rows.map(nameOf));
}

/** A table's name as SQL says it. */
export function nameOf({ schema, name }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
