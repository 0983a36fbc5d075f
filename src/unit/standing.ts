/**
 * What stands under the name of a database or schema: shown to whoever agrees that it is replaced, and compared when it
 * is. What somebody else has made in between was agreed to by nobody.
 */
import { type PgroveError, refusal } from "../errors.ts";
import type { Queries } from "../postgres/schema.ts";

/** Sizes and sessions are not among it: they change with every use. */
export interface Standing {
  oid: number;
  owner: string;
  /** The comment, where it is one of pgrove's. */
  mark: string | null;
}

/** What stands under a database's name; undefined when there is none. */
export async function findStanding(sql: Queries, database: string): Promise<Standing | undefined> {
  const [row] = await sql<Standing[]>`
    select d.oid::bigint::float8 as oid, pg_get_userbyid(datdba)::text as owner,
           (select c from shobj_description(d.oid, 'pg_database') c where c like 'pgrove%') as mark
      from pg_database d where datname = ${database}`;
  return row;
}

/** The same of a schema of the connected database. */
export async function findSchemaStanding(sql: Queries, schema: string): Promise<Standing | undefined> {
  const [row] = await sql<Standing[]>`
    select n.oid::bigint::float8 as oid, pg_get_userbyid(nspowner)::text as owner,
           (select c from obj_description(n.oid, 'pg_namespace') c where c like 'pgrove%') as mark
      from pg_namespace n where nspname = ${schema}`;
  return row;
}

/** The same of a role, which has no owner. */
export async function findRoleStanding(sql: Queries, role: string): Promise<Standing | undefined> {
  const [row] = await sql<Standing[]>`
    select r.oid::bigint::float8 as oid, '' as owner,
           (select c from shobj_description(r.oid, 'pg_authid') c where c like 'pgrove%') as mark
      from pg_roles r where rolname = ${role}`;
  return row;
}

/** Throws (exit 5) when a database is not what was agreed to; `name` is the one that it has by now. */
export async function requireStanding(
  sql: Queries,
  { database, agreed }: { database: string; agreed: Standing | undefined },
  name = database,
): Promise<void> {
  const found = await findStanding(sql, name);
  if (!isSame(agreed, found)) throw changedError(`database ${database}`, agreed, found);
}

/** The same of a schema of the connected database. */
export async function requireSchemaStanding(
  sql: Queries,
  { schema, agreed }: { schema: string; agreed: Standing | undefined },
  name = schema,
): Promise<void> {
  const found = await findSchemaStanding(sql, name);
  if (!isSame(agreed, found)) throw changedError(`schema ${schema}`, agreed, found);
}

/** The same of a role. */
export async function requireRoleStanding(
  sql: Queries,
  { role, agreed }: { role: string; agreed: Standing | undefined },
  name = role,
): Promise<void> {
  const found = await findRoleStanding(sql, name);
  if (!isSame(agreed, found)) throw changedError(`role ${role}`, agreed, found);
}

function isSame(agreed: Standing | undefined, found: Standing | undefined): boolean {
  return agreed?.oid === found?.oid && agreed?.owner === found?.owner && agreed?.mark === found?.mark;
}

/** Something that was shown, or that is found. */
export interface Found {
  kind: "database" | "schema" | "role";
  name: string;
  standing: Standing;
}

/** Throws (exit 5) when something is found that was not shown, or is another one than was. What is gone is no matter. */
export function requireAsShown(found: readonly Found[], shown: readonly Found[]): void {
  for (const { kind, name, standing } of found) {
    const agreed = shown.find((each) => each.kind === kind && each.name === name)?.standing;
    if (!isSame(agreed, standing)) throw changedError(`${kind} ${name}`, agreed, standing);
  }
}

function changedError(what: string, agreed: Standing | undefined, found: Standing | undefined): PgroveError {
  const hint = "look at what is there now; then run this again, or choose another name";
  if (agreed === undefined) {
    const message = `the ${what} was made by somebody else meanwhile: there was none when this began, and it was not touched`;
    return refusal("made_meanwhile", message, hint);
  }
  return refusal("changed_meanwhile", `the ${what} ${describeChange(agreed, found)}; nothing was replaced`, hint);
}

function describeChange(agreed: Standing, found: Standing | undefined): string {
  if (found === undefined) return "is gone: somebody has dropped or renamed it meanwhile";
  if (agreed.oid !== found.oid) return "is another one than when this began: somebody has made it anew meanwhile";
  if (agreed.owner !== found.owner)
    return `has another owner than when this began: ${found.owner}, not ${agreed.owner}`;
  return "has another mark than when this began: another run of pgrove has taken it over";
}
