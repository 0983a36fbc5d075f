/** The objects of a schema: whose they are, how they move, and what their text says of where they are. */

import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import { splitListSetting } from "./list-setting.ts";
import type { Queries } from "./schema.ts";

/** What stands behind ALTER for a kind of object, in PostgreSQL's words for the kinds. */
const ALTER_WORDS: Readonly<Record<string, string>> = {
  table: "table",
  view: "view",
  "materialized view": "materialized view",
  "foreign table": "foreign table",
  sequence: "sequence",
  type: "type",
  "composite type": "type",
  function: "routine",
  procedure: "routine",
  aggregate: "routine",
  operator: "operator",
  "operator class": "operator class",
  "operator family": "operator family",
  collation: "collation",
  conversion: "conversion",
  "text search configuration": "text search configuration",
  "text search dictionary": "text search dictionary",
  "text search parser": "text search parser",
  "text search template": "text search template",
  "statistics object": "statistics",
};

const WITHOUT_OWNER = new Set(["text search parser", "text search template"]);

interface SchemaObject {
  /** The kind as ALTER names it. */
  word: string;
  /** Quoted, with its schema and the types of its arguments. */
  identity: string;
  /** It is part of something else: an identity's sequence, a range's constructor or multirange. */
  follows: boolean;
  /** It belongs to the role of a worktree. */
  worktrees: boolean;
}

/** The objects of a schema, but for extensions'. Those whose identity names types come before the types. */
async function listObjects(sql: Queries, schema: string): Promise<SchemaObject[]> {
  const objects = await sql<(SchemaObject & { kind: string })[]>`
    select i.type as kind, i.identity,
           bool_or(p.deptype = 'i' or p.deptype = 'a' and i.type = 'sequence' and p.refclassid = 'pg_class'::regclass) as follows,
           exists (select from pg_shdepend s join pg_database b on b.oid = s.dbid and b.datname = current_database()
                    where s.classid = d.classid and s.objid = d.objid and s.deptype = 'o'
                      and shobj_description(s.refobjid, 'pg_authid') like 'pgrove {%') as worktrees
      from pg_depend d cross join pg_identify_object(d.classid, d.objid, 0) i
      -- a partitioned table depends on its own key as well
      join pg_depend p on p.classid = d.classid and p.objid = d.objid and (p.refclassid, p.refobjid) <> (p.classid, p.objid)
     where d.refclassid = 'pg_namespace'::regclass and d.refobjid = ${quoteIdentifier(schema)}::regnamespace
       and d.classid not in ('pg_extension'::regclass, 'pg_default_acl'::regclass)
     group by d.classid, d.objid, i.type, i.identity
    having not bool_or(p.deptype = 'e')`;
  const known = objects.flatMap((object) => {
    const word = ALTER_WORDS[object.kind];
    return word === undefined ? [] : [{ ...object, word }];
  });
  const namesTypes = ({ word }: SchemaObject) => word === "routine" || word === "operator";
  return [...known.filter(namesTypes), ...known.filter((object) => !namesTypes(object))];
}

/** Whose objects change hands. */
export type Whose = "all" | "worktrees";

/** Gives the schema's objects to a role: all of them, or only those of worktrees' own roles. */
export async function transferOwnership(sql: Queries, schema: string, role: string, whose: Whose): Promise<void> {
  const objects = await listObjects(sql, schema);
  const statements = objects
    .filter(({ word, follows, worktrees }) => !follows && !WITHOUT_OWNER.has(word) && (whose === "all" || worktrees))
    .map(({ word, identity }) => `alter ${word} ${identity} owner to ${quoteIdentifier(role)}`);
  if (statements.length > 0) await sql.unsafe(statements.join(";\n"));
}

/**
 * Gives a schema another name. Extensions that lie in it stay behind: then each object moves by itself, since not every
 * extension can be moved, nor by every user.
 */
export async function moveSchema(sql: Queries, from: string, to: string): Promise<void> {
  if (!(await holdsExtension(sql, from))) {
    await sql.unsafe(`alter schema ${quoteIdentifier(from)} rename to ${quoteIdentifier(to)}`);
    return;
  }
  await sql.unsafe(`create schema ${quoteIdentifier(to)}`);
  await moveObjects(sql, from, to);
}

/** True when an extension lies in the schema. */
async function holdsExtension(sql: Queries, schema: string): Promise<boolean> {
  const rows = await sql`
    select 1 from pg_extension e join pg_namespace n on n.oid = e.extnamespace where n.nspname = ${schema} limit 1`;
  return rows.length > 0;
}

/** Moves what is in a schema, but for extensions' objects, into another one. */
export async function moveObjects(sql: Queries, from: string, to: string): Promise<void> {
  const objects = await listObjects(sql, from);
  const statements = objects
    .filter(({ word, follows }) => !(word === "sequence" && follows)) // its table takes it along
    .map(({ word, identity }) => `alter ${word} ${identity} set schema ${quoteIdentifier(to)}`);
  statements.push(...(await moveDefaultPrivileges(sql, from, to)));
  if (statements.length > 0) await sql.unsafe(statements.join(";\n"));
}

/** The statements that take the default privileges of one schema from it and give them to another. */
async function moveDefaultPrivileges(sql: Queries, from: string, to: string): Promise<string[]> {
  const grants = await sql<{ role: string; kind: string; privilege: string; grantee: string; grantable: boolean }[]>`
    select d.defaclrole::regrole::text as role, a.privilege_type as privilege, a.is_grantable as grantable,
           case a.grantee when 0 then 'public' else a.grantee::regrole::text end as grantee,
           case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' else 'types' end as kind
      from pg_default_acl d cross join aclexplode(d.defaclacl) a
     where d.defaclnamespace = ${quoteIdentifier(from)}::regnamespace`;
  return grants.flatMap(({ role, kind, privilege, grantee, grantable }) => {
    const change = (schema: string) => `alter default privileges for role ${role} in schema ${quoteIdentifier(schema)}`;
    return [
      `${change(to)} grant ${privilege} on ${kind} to ${grantee}${grantable ? " with grant option" : ""}`,
      `${change(from)} revoke ${privilege} on ${kind} from ${grantee}`,
    ];
  });
}

/**
 * Functions with a `SET search_path` of their own that names the schema: from now on it names the final one. The old one
 * stays behind it where extensions are found there.
 */
export async function retargetSearchPaths(
  sql: Queries,
  { schema, final, keepsOld }: { schema: string; final: string; keepsOld: boolean },
): Promise<void> {
  const routines = await sql<{ identity: string; setting: string }[]>`
    select p.oid::regprocedure::text as identity, substr(c, strpos(c, '=') + 1) as setting
      from pg_proc p, unnest(p.proconfig) c
     where p.pronamespace = ${quoteIdentifier(schema)}::regnamespace and c like 'search\\_path=%'
       and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid
                          and e.deptype = 'e')`;
  for (const { identity, setting } of routines) {
    const parts = splitListSetting(setting);
    if (!parts.includes(schema)) continue;
    const renamed = parts.flatMap((part) => (part === schema ? [final, ...(keepsOld ? [schema] : [])] : [part]));
    const path = [...new Set(renamed)].map(quoteLiteral).join(", ");
    await sql.unsafe(`alter routine ${identity} set search_path to ${path}`);
  }
}

/** The functions whose text names the schema explicitly: that text stays as it is, wherever they are copied to. */
export async function listMentions(sql: Queries, schema: string): Promise<string[]> {
  const routines = await sql<{ name: string; text: string }[]>`
    select p.oid::regprocedure::text as name, p.prosrc as text
      from pg_proc p
     where p.pronamespace = ${quoteIdentifier(schema)}::regnamespace and position(${schema} in p.prosrc) > 0
       and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid
                          and e.deptype = 'e')
     order by 1`;
  return routines.filter(({ text }) => mentions(text, schema)).map(({ name }) => name);
}

/** True when a text has the schema's name, quoted or not, in front of a dot. */
export function mentions(text: string, schema: string): boolean {
  const literal = (name: string) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const quoted = literal(quoteIdentifier(schema));
  const forms = /^[a-z_][a-z0-9_$]*$/.test(schema)
    ? `(?:${quoted}|(?<![\\w$".])${schema.replaceAll("$", "\\$")})`
    : quoted;
  return new RegExp(`${forms}\\s*\\.`, "i").test(text);
}
