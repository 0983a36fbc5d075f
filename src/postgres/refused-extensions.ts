/**
 * Extensions that a server does not take in a database: those that one database alone may have, such as pg_cron, and
 * those that a provider has barred. Only trying tells.
 */
import { messageOf } from "../errors.ts";
import { errorField } from "./error-field.ts";
import { quoteIdentifier } from "./identifier.ts";
import type { Queries, Transaction } from "./schema.ts";
import type { Sql } from "./toolbox.ts";

/** An extension to try, and the schema that it lies in; one without is created wherever it belongs, and not kept. */
export interface TriedExtension {
  name: string;
  home?: string;
}

export interface RefusedExtension {
  name: string;
  /** PostgreSQL's own words. */
  why: string;
}

/** Every database has it. */
const IN_ALL = "plpgsql";
/** Errors that say nothing of the extension: connection, transaction, room, operator's intervention. */
const PASSING = /^(?:08|40|53|57|58)/;

class TakenBack extends Error {}

/**
 * Creates extensions in a new database, and resolves with those that its server refuses. The others stay where none needs
 * a schema of its own, for a dump's CREATE EXTENSION IF NOT EXISTS to find; else all is taken back. Throws what has to do
 * with no extension.
 */
export async function tryExtensions(sql: Sql, extensions: readonly TriedExtension[]): Promise<RefusedExtension[]> {
  const tried = extensions.filter(({ name }) => name !== IN_ALL);
  if (tried.length === 0) return [];
  let refused: RefusedExtension[] = [];
  const schemas = await sql<{ name: string }[]>`select nspname::text as name from pg_namespace`;
  const there = new Set(schemas.map(({ name }) => name));
  try {
    await sql.begin(async (transaction) => {
      refused = await createEach(transaction, tried);
      if (!tried.every(({ home }) => home !== undefined && there.has(home))) throw new TakenBack();
    });
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error;
  }
  return refused;
}

/** Those that need others come after them, in a further round. */
async function createEach(
  transaction: Transaction,
  extensions: readonly TriedExtension[],
): Promise<RefusedExtension[]> {
  const refused: (TriedExtension & RefusedExtension)[] = [];
  for (const extension of extensions) {
    try {
      await transaction.savepoint((part) => create(part, extension));
    } catch (error) {
      const state = errorField(error, "code");
      if (state === undefined || PASSING.test(state)) throw error;
      refused.push({ ...extension, why: messageOf(error) });
    }
  }
  const another = refused.length > 0 && refused.length < extensions.length;
  return another ? await createEach(transaction, refused) : refused.map(({ name, why }) => ({ name, why }));
}

async function create(sql: Queries, { name, home }: TriedExtension): Promise<void> {
  const place = home === undefined ? "" : ` schema ${quoteIdentifier(home)}`;
  if (home !== undefined && home !== "pg_catalog") {
    await sql.unsafe(`create schema if not exists ${quoteIdentifier(home)}`);
  }
  await sql.unsafe(`create extension if not exists ${quoteIdentifier(name)}${place}`);
}

/** Whether a server has libraries that may refuse extensions; true where the login may not know. */
export async function mayRefuse(sql: Queries): Promise<boolean> {
  const [row] = await sql<{ count: number; loaded: boolean }[]>`
    select count(*)::int as count, coalesce(bool_or(setting <> ''), false) as loaded from pg_settings
     where name in ('shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries')`;
  return row === undefined || row.loaded || row.count < 3;
}

/** What hangs on extensions in the connected database. */
export interface Belongings {
  /** Tables and sequences of theirs whose rows a dump takes along: `cron.job`. */
  filled: string[];
  /** What is theirs, as a dump's statements about it name it: `cron.job`, `SCHEMA cron`. */
  named: string[];
  /** What is not theirs and needs them, in PostgreSQL's words: `view public.jobs`. */
  dependents: string[];
}

/** Reads what hangs on the extensions of those names. Sets the session's search_path to nothing, as pg_dump does. */
export async function readBelongings(sql: Queries, names: readonly string[]): Promise<Belongings> {
  await sql`set search_path to ''`;
  const [row] = await sql<Belongings[]>`
    with recursive gone as (select oid, extconfig from pg_extension where extname::text in ${sql([...names])}),
    theirs(classid, objid) as (
      select classid, objid from pg_depend
       where refclassid = 'pg_extension'::regclass and refobjid in (select oid from gone) and deptype = 'e'
      union
      select d.classid, d.objid from pg_depend d join theirs t on d.refclassid = t.classid and d.refobjid = t.objid
       where d.deptype in ('a', 'i')
         and (d.classid = 'pg_default_acl'::regclass
              or not exists (select from pg_depend n where n.classid = d.classid and n.objid = d.objid
                                and n.refclassid = 'pg_namespace'::regclass))
    ),
    needing as (
      select distinct coalesce(r.classid, d.classid) as classid, coalesce(r.objid, d.objid) as objid
        from pg_depend d
        left join lateral (select 'pg_class'::regclass::oid as classid, ev_class as objid from pg_rewrite w
                            where d.classid = 'pg_rewrite'::regclass and w.oid = d.objid) r on true
       where ((d.refclassid, d.refobjid) in (select classid, objid from theirs)
               or d.refclassid = 'pg_extension'::regclass and d.refobjid in (select oid from gone))
    )
    select
      (select coalesce(json_agg(format('%I.%I', n.nspname, c.relname)), '[]'::json)
         from gone g cross join unnest(g.extconfig) t(oid) join pg_class c on c.oid = t.oid
         join pg_namespace n on n.oid = c.relnamespace) as filled,
      (select coalesce(json_agg(name), '[]'::json) from (
         select format('%I.%I', n.nspname, c.relname) as name
           from theirs t join pg_class c on t.classid = 'pg_class'::regclass and c.oid = t.objid
           join pg_namespace n on n.oid = c.relnamespace
         union all
         select format('%s %I.%I(%s)', case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end, n.nspname, p.proname,
                       pg_get_function_identity_arguments(p.oid))
           from theirs t join pg_proc p on t.classid = 'pg_proc'::regclass and p.oid = t.objid
           join pg_namespace n on n.oid = p.pronamespace
         union all
         select format('TYPE %I.%I', n.nspname, y.typname)
           from theirs t join pg_type y on t.classid = 'pg_type'::regclass and y.oid = t.objid
           join pg_namespace n on n.oid = y.typnamespace
         union all
         select format('SCHEMA %I', n.nspname)
           from theirs t join pg_namespace n on t.classid = 'pg_namespace'::regclass and n.oid = t.objid
         union all
         select format('LANGUAGE %I', l.lanname)
           from theirs t join pg_language l on t.classid = 'pg_language'::regclass and l.oid = t.objid
         union all
         select format('FOREIGN DATA WRAPPER %I', w.fdwname)
           from theirs t join pg_foreign_data_wrapper w on t.classid = 'pg_foreign_data_wrapper'::regclass and w.oid = t.objid
         union all
         select format('FOREIGN SERVER %I', s.srvname)
           from theirs t join pg_foreign_server s on t.classid = 'pg_foreign_server'::regclass and s.oid = t.objid
       ) all_of_them) as named,
      (select coalesce(json_agg(pg_describe_object(classid, objid, 0) order by 1), '[]'::json) from needing
        where (classid, objid) not in (select classid, objid from theirs)
          and not (classid = 'pg_extension'::regclass and objid in (select oid from gone))) as dependents`;
  return row ?? { filled: [], named: [], dependents: [] };
}
