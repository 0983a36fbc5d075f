/**
 * Indexes and foreign keys that are taken away before many rows come into an empty table, and made again after it: one
 * build of an index is several times quicker than a million insertions. All of it happens in the transaction of the load,
 * so that a crash at any moment leaves them as they were. What its own definition would not restore exactly stays.
 */
import type { Queries } from "../../postgres/schema.ts";

/** What has to be made again, in order. */
export interface Rebuild {
  /** For people: "index users_email", "foreign key orders_user_id_fkey". */
  what: string;
  table: string;
  statement: string;
}

interface Removable {
  kind: "index" | "key" | "foreign key";
  oid: number;
  table: string;
  name: string;
  drop: string;
  create: string;
  /** Foreign keys that stand on this index. */
  referencedBy: number[];
}

/**
 * Drops what slows loading down on these tables ("schema.table", quoted), which must be empty and belong to the session's
 * user. Resolves with the statements that make it again. To be called in a transaction.
 */
export async function dropForLoad(sql: Queries, tables: readonly string[]): Promise<Rebuild[]> {
  if (tables.length === 0) return [];
  const [foreignKeys, indexes] = await Promise.all([
    listForeignKeys(sql, tables, "conrelid"),
    listIndexes(sql, tables),
  ]);
  const gone = new Set(foreignKeys.map(({ oid }) => oid));
  const free = indexes.filter(({ referencedBy }) => referencedBy.every((oid) => gone.has(oid)));
  const dropped = [...foreignKeys, ...free];
  for (const { drop } of dropped) await sql.unsafe(drop);
  return [...free, ...foreignKeys].map(({ kind, table, name, create }) => ({
    what: `${kind} ${name}`,
    table,
    statement: create,
  }));
}

/** Makes again one thing that `dropForLoad` took away. */
export async function rebuild(sql: Queries, { statement }: Rebuild): Promise<void> {
  await sql.unsafe(statement);
}

/** Tables without rows, as SQL names them: all that may be read, and those that are the role's own and stand by themselves. */
export interface EmptyTables {
  all: ReadonlySet<string>;
  own: ReadonlySet<string>;
}

/** Those of the tables that are empty; what nobody lets the session's user read is taken for full. */
export async function findEmpty(sql: Queries, tables: readonly string[]): Promise<EmptyTables> {
  const rows = await sql.unsafe<{ table: string; readable: boolean; only: string; own: boolean }[]>(
    `select name as "table", has_table_privilege(c.oid, 'SELECT') as readable, case c.relkind when 'r' then 'only' else '' end as only,
            c.relkind = 'r' and c.relpersistence <> 't' and pg_has_role(c.relowner, 'USAGE')
            and not c.relispartition and not exists (select from pg_inherits i where c.oid in (i.inhrelid, i.inhparent)) as own
       from unnest($1::text[]) name join pg_class c on c.oid = name::regclass`,
    [toArray(tables)],
  );
  const isFull = async ({ table, readable, only }: (typeof rows)[number]) =>
    !readable || (await sql.unsafe(`select 1 from ${only} ${table} limit 1`)).length > 0;
  const full = await Promise.all(rows.map(isFull)); // many questions, of which none waits for another
  const empty = rows.filter((_, at) => full[at] === false);
  return {
    all: new Set(empty.map(({ table }) => table)),
    own: new Set(empty.flatMap(({ table, own }) => (own ? [table] : []))),
  };
}

/** Comments, and states that only ALTER gives, would not come back: what has any of them stays. */
const PLAIN_FOREIGN_KEY = `
  k.contype = 'f' and k.conparentid = 0 and k.coninhcount = 0 and obj_description(k.oid, 'pg_constraint') is null
  and not exists (select from pg_trigger t where t.tgconstraint = k.oid and t.tgenabled <> 'O')`;

/**
 * Drops the foreign keys that refer to these tables ("schema.table", quoted), as far as the session's user may. Resolves
 * with the statements that make them again, and check every row. To be called in a transaction.
 */
export async function dropIncomingKeys(sql: Queries, tables: readonly string[]): Promise<Rebuild[]> {
  const keys = await listForeignKeys(sql, tables, "confrelid");
  for (const { drop } of keys) await sql.unsafe(drop);
  return keys.map(({ table, name, create }) => ({ what: `foreign key ${name}`, table, statement: create }));
}

/** The foreign keys of the tables (conrelid), or those that refer to them (confrelid). */
async function listForeignKeys(
  sql: Queries,
  tables: readonly string[],
  side: "conrelid" | "confrelid",
): Promise<Removable[]> {
  return await sql.unsafe<Removable[]>(
    `select 'foreign key' as kind, k.oid::int8::float8 as oid, own as "table", k.conname::text as name,
            format('alter table %s drop constraint %I', own, k.conname) as drop,
            format('alter table %s add constraint %I %s', own, k.conname, pg_get_constraintdef(k.oid)) as create,
            '[]'::json as "referencedBy"
       from unnest($1::text[]) name join pg_constraint k on k.${side} = name::regclass
       join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
       cross join lateral format('%I.%I', n.nspname, c.relname) own
      where pg_has_role(c.relowner, 'USAGE') and c.relkind = 'r' and ${PLAIN_FOREIGN_KEY} order by own, k.conname`,
    [toArray(tables)],
  );
}

const PLAIN_INDEX = `
  i.indisvalid and not i.indisreplident and not i.indisclustered and c.reltablespace = 0
  and obj_description(c.oid, 'pg_class') is null and (k.oid is null or obj_description(k.oid, 'pg_constraint') is null)
  and not exists (select from pg_attribute a where a.attrelid = c.oid and (a.attstattarget > 0 or a.attoptions is not null))
  -- a view that groups by the key, an extension, a publication…
  and not exists (select from pg_depend d
                   where d.refobjid in (c.oid, k.oid) and d.refclassid in ('pg_class'::regclass, 'pg_constraint'::regclass)
                     and not (d.classid = 'pg_constraint'::regclass and exists (
                              select from pg_constraint f where f.oid = d.objid and f.contype = 'f'))
                     and not (d.classid = 'pg_class'::regclass and d.objid = c.oid))
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('e', 'x'))`;

async function listIndexes(sql: Queries, tables: readonly string[]): Promise<Removable[]> {
  return await sql.unsafe<Removable[]>(
    `select case when k.oid is null then 'index' else 'key' end as kind, c.oid::int8::float8 as oid, name as "table",
            c.relname::text as name,
            case when k.oid is null then format('drop index %I.%I', n.nspname, c.relname)
                 else format('alter table %s drop constraint %I', name, k.conname) end as drop,
            case when k.oid is null then pg_get_indexdef(c.oid)
                 else format('alter table %s add constraint %I %s', name, k.conname, pg_get_constraintdef(k.oid)) end as create,
            coalesce((select json_agg(f.oid::int8) from pg_constraint f where f.contype = 'f' and f.conindid = c.oid),
                     '[]'::json) as "referencedBy"
       from unnest($1::text[]) name
       join pg_index i on i.indrelid = name::regclass
       join pg_class c on c.oid = i.indexrelid
       join pg_namespace n on n.oid = c.relnamespace
       left join pg_constraint k on k.conindid = c.oid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
      where ${PLAIN_INDEX} order by name, i.indisprimary desc, c.relname`,
    [toArray(tables)],
  );
}

/** Texts as the literal of an array of them. */
function toArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
