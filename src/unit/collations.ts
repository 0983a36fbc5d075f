/** Collations that a database needs: a server has those of its system's locales, and of ICU where it was built with that. */
import type { Collations, MadeCollation } from "../archive/collations.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { hasLocale } from "./locale.ts";

/** Those that something in the session's database uses, and those that were made there. */
export async function readCollations(sql: Sql): Promise<Collations> {
  const [row] = await sql<{ collations: { named: string[]; made: MadeCollation[] } }[]>`
    with used as (
      select c.oid, collname, collprovider, collcollate, collctype, nspname = 'pg_catalog' as is_system
        from pg_collation c join pg_namespace n on n.oid = collnamespace)
    select json_build_object(
      'named', (select coalesce(json_agg(collname order by collname), '[]'::json) from used
                 where is_system and exists (select from pg_depend where refclassid = 'pg_collation'::regclass
                                                                     and refobjid = used.oid)),
      'made', (select coalesce(json_agg(json_build_object(
                 'name', collname, 'provider', case collprovider when 'c' then 'libc' when 'i' then 'icu' else 'builtin' end,
                 'locales', json_build_array(coalesce(collcollate, ''), coalesce(collctype, ''))) order by collname), '[]'::json) from used
                where not is_system and not exists (select from pg_depend where classid = 'pg_collation'::regclass
                                                                            and objid = used.oid and deptype = 'e')))
      as collations`;
  return row?.collations ?? { named: [], made: [] };
}

/** Those that a new database of that encoding cannot have, each with its reason. */
export async function findMissingCollations(
  control: Sql,
  { named, made }: Collations,
  encoding: string,
): Promise<string[]> {
  if (named.length + made.length === 0) return [];
  const [row] = await control<{ missing: string[]; icu: boolean }[]>`
    select (select coalesce(json_agg(name order by name), '[]'::json) from json_array_elements_text(${JSON.stringify(named)}::text::json) as given(name)
                  where not exists (select from pg_collation
                                     where collname = name and collnamespace = 'pg_catalog'::regnamespace
                                       and collencoding in (-1, pg_char_to_encoding(${encoding}))) ) as missing,
           exists (select from pg_collation where collprovider = 'i') as icu`;
  const missing = [...(row?.missing ?? [])];
  for (const collation of made) {
    const why = await whyNot(control, collation, row?.icu === true);
    if (why !== undefined) missing.push(`${collation.name} (${why})`);
  }
  return missing;
}

async function whyNot(
  control: Sql,
  { provider, locales }: MadeCollation,
  hasIcu: boolean,
): Promise<string | undefined> {
  if (provider === "icu") return hasIcu ? undefined : "the server was built without ICU";
  if (provider !== "libc") return undefined;
  for (const locale of locales.filter((name) => name !== "")) {
    if (!(await hasLocale(control, locale))) return `its locale ${locale} is not there`;
  }
  return undefined;
}
