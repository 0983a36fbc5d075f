/** The objects of a schema that is about to move: whose they are, and what their text says of where they are. */
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import type { Queries } from "./schema.ts";
import { splitListSetting } from "./swap.ts";

/** Behind each `ALTER` its word for the kind of object; what is not in here has no owner of its own. */
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
  "statistics object": "statistics",
};

/** Whose objects change hands. */
export type Whose = "all" | "worktrees";

/**
 * Gives the schema's objects to a role: all of them, or only those of worktrees' own roles. What follows its table or
 * type (an identity's sequence, an extension's member) is left to follow it.
 */
export async function transferOwnership(sql: Queries, schema: string, role: string, whose: Whose): Promise<void> {
  const objects = await sql<{ kind: string; identity: string }[]>`
    select distinct i.type as kind, i.identity
      from pg_depend d, pg_identify_object(d.classid, d.objid, 0) i
     where d.refclassid = 'pg_namespace'::regclass and d.refobjid = ${quoteIdentifier(schema)}::regnamespace
       and d.classid not in ('pg_extension'::regclass, 'pg_default_acl'::regclass)
       and not exists (select from pg_depend p where p.classid = d.classid and p.objid = d.objid
                          and (p.refclassid, p.refobjid) <> (p.classid, p.objid) -- a partitioned table and its key
                          and (p.deptype in ('e', 'i') or p.deptype = 'a' and p.refclassid = 'pg_class'::regclass
                               and d.classid = 'pg_class'::regclass and i.type = 'sequence'))
       and (${whose === "all"} or exists (
              select from pg_shdepend s join pg_database b on b.oid = s.dbid and b.datname = current_database()
               where s.classid = d.classid and s.objid = d.objid and s.deptype = 'o'
                 and shobj_description(s.refobjid, 'pg_authid') like 'pgrove {%'))`;
  const statements = objects.flatMap(({ kind, identity }) => {
    const word = ALTER_WORDS[kind];
    return word === undefined ? [] : [`alter ${word} ${identity} owner to ${quoteIdentifier(role)}`];
  });
  if (statements.length > 0) await sql.unsafe(statements.join(";\n"));
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
