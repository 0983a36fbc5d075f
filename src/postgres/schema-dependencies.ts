/**
 * What hangs together with a schema across its border, by PostgreSQL's own pg_depend. What belongs to extensions is
 * nobody's: it is there on both sides.
 */
import { refusal } from "../errors.ts";
import { quoteIdentifier } from "./identifier.ts";
import type { Queries } from "./schema.ts";

/**
 * `inside`: the schema's objects and what lives and dies with them (indexes, constraints, triggers, row types …), as far
 * as it lies in no other schema. `provided`: the extensions' objects, likewise.
 */
const AREAS = `
  with recursive provided(classid, objid) as (
    select classid, objid from pg_depend where refclassid = 'pg_extension'::regclass and deptype = 'e'
    union
    select d.classid, d.objid from pg_depend d join provided p on d.refclassid = p.classid and d.refobjid = p.objid
     where d.deptype in ('a', 'i')
       and not exists (select from pg_depend n where n.classid = d.classid and n.objid = d.objid
                          and n.refclassid = 'pg_namespace'::regclass)
  ), inside(classid, objid) as (
    select d.classid, d.objid from pg_depend d
     where d.refclassid = 'pg_namespace'::regclass and d.refobjid = $1::regnamespace
       and d.classid <> 'pg_extension'::regclass and (d.classid, d.objid) not in (select classid, objid from provided)
    union
    select d.classid, d.objid from pg_depend d join inside i on d.refclassid = i.classid and d.refobjid = i.objid
     where d.deptype in ('a', 'i', 'P', 'S') and d.classid <> 'pg_publication_rel'::regclass
       and not exists (select from pg_depend n where n.classid = d.classid and n.objid = d.objid
                          and n.refclassid = 'pg_namespace'::regclass and n.refobjid <> $1::regnamespace)
  )`;

export interface Dependent {
  /** In PostgreSQL's words: "view reports.monthly", "event trigger watched". */
  object: string;
  /** It lies in another schema, rather than in none. */
  elsewhere: boolean;
}

/** What lies outside of the schema and needs something in it. It would be lost with it. */
export async function listDependents(sql: Queries, schema: string): Promise<Dependent[]> {
  const rows = await sql.unsafe<Dependent[]>(
    `${AREAS}
    select distinct pg_describe_object(d.classid, d.objid, 0) as object,
           exists (select from pg_depend n where n.classid = d.classid and n.objid = d.objid
                      and n.refclassid = 'pg_namespace'::regclass)
           or d.classid in ('pg_rewrite'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass,
                            'pg_trigger'::regclass, 'pg_policy'::regclass) as elsewhere
      from pg_depend d
     where ((d.refclassid, d.refobjid) in (select classid, objid from inside)
             or d.refclassid = 'pg_namespace'::regclass and d.refobjid = $1::regnamespace
                and d.classid = 'pg_publication_namespace'::regclass)
       and (d.classid, d.objid) not in (select classid, objid from inside)
     order by 1`,
    [quoteIdentifier(schema)],
  );
  return [...rows];
}

/** Throws (exit 5) when dropping the schema would take something along that lies outside of it, naming that. */
export async function requireNoDependents(sql: Queries, schema: string): Promise<void> {
  const dependents = await listDependents(sql, schema);
  if (dependents.length === 0) return;
  throw refusal(
    "schema_needed",
    `the schema ${schema} cannot be replaced or dropped: ${nameSome(dependents.map(({ object }) => object))} outside of it needs it`,
    "drop that first, or move it into the schema; pgrove has changed nothing",
  );
}

/**
 * Throws (exit 5) when something in the schema needs what lies in another one: it could not be built anywhere else.
 * Extensions and foreign servers may be needed.
 */
export async function requireSelfContained(sql: Queries, schema: string): Promise<void> {
  const needs = await sql.unsafe<{ object: string; needed: string }[]>(
    `${AREAS}
    select distinct pg_describe_object(d.classid, d.objid, 0) as object,
           pg_describe_object(d.refclassid, d.refobjid, 0) as needed
      from pg_depend d
     where (d.classid, d.objid) in (select classid, objid from inside)
       and (d.refclassid, d.refobjid) not in (select classid, objid from inside union all select classid, objid from provided)
       and d.refobjid >= 16384
       and d.refclassid not in ('pg_namespace'::regclass, 'pg_extension'::regclass, 'pg_foreign_server'::regclass)
     order by 1, 2`,
    [quoteIdentifier(schema)],
  );
  if (needs.length === 0) return;
  throw refusal(
    "schema_not_self_contained",
    `the schema ${schema} cannot be copied alone: ${nameSome(needs.map(({ object, needed }) => `${object} needs ${needed}`))}`,
    "move what is needed into the schema, or choose isolation: database",
  );
}

/** The extensions that something in the schema needs. */
export async function listNeededExtensions(sql: Queries, schema: string): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string }[]>(
    `${AREAS}, needed(classid, objid) as (
      select d.refclassid, d.refobjid from pg_depend d where (d.classid, d.objid) in (select classid, objid from inside)
      union
      select d.refclassid, d.refobjid from pg_depend d join needed n on d.classid = n.classid and d.objid = n.objid
       where (d.classid, d.objid) in (select classid, objid from provided) and d.deptype in ('a', 'i', 'e')
    )
    select e.extname::text as name from pg_extension e
     where ('pg_extension'::regclass, e.oid) in (select classid, objid from needed) order by 1`,
    [quoteIdentifier(schema)],
  );
  return rows.map(({ name }) => name);
}

/** The roles that are granted something in the schema, or that its policies name; its owners are not among them. */
export async function listGrantees(sql: Queries, schema: string): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string }[]>(
    `${AREAS}
    select distinct r.rolname::text as name
      from pg_shdepend s join pg_database b on b.oid = s.dbid and b.datname = current_database()
      join pg_roles r on r.oid = s.refobjid
     where s.refclassid = 'pg_authid'::regclass and s.deptype in ('a', 'r')
       and (s.classid, s.objid) in (select classid, objid from inside) order by 1`,
    [quoteIdentifier(schema)],
  );
  return rows.map(({ name }) => name);
}

/**
 * What a role owns in the connected database and outside of it, but for the schema and what goes with it, and for large
 * objects.
 */
export async function listOwnedOutside(sql: Queries, role: string, schema: string): Promise<string[]> {
  const rows = await sql.unsafe<{ object: string }[]>(
    `${AREAS}
    select distinct pg_describe_object(d.classid, d.objid, d.objsubid) as object
      from pg_shdepend d left join pg_database b on b.oid = d.dbid
     where d.refclassid = 'pg_authid'::regclass and d.refobjid = $2::regrole and d.deptype = 'o'
       and (d.dbid = 0 or b.datname = current_database()) and d.classid <> 'pg_largeobject'::regclass
       and (d.classid, d.objid) <> ('pg_namespace'::regclass, $1::regnamespace)
       and (d.classid, d.objid) not in (select classid, objid from inside)
     order by 1`,
    [quoteIdentifier(schema), quoteIdentifier(role)],
  );
  return rows.map(({ object }) => object);
}

const SHOWN = 5;

/** "a, b and 3 more". */
export function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(", ");
  return names.length <= SHOWN ? shown : `${shown} and ${names.length - SHOWN} more`;
}
