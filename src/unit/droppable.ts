/** What would stop a drop, asked before anything is dropped: of several drops, the last must not fail after the first. */
import { refusal } from "../errors.ts";
import { requireNothingBound } from "../postgres/admin.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { requireVacatable } from "../postgres/occupants.ts";
import type { Queries } from "../postgres/schema.ts";
import { listOwnedOutside, nameSome } from "../postgres/schema-dependencies.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Work } from "../work/work.ts";

/** Throws (exit 5), naming what stands in the way, unless all of the databases that are there can be dropped. */
export async function requireDroppableDatabases(
  { control, operation }: Pick<Work, "control" | "operation">,
  databases: readonly string[],
): Promise<void> {
  for (const database of databases) await requireNothingBound(control, database);
  await requireOwnDatabases(control, databases);
  for (const database of databases) await requireVacatable(control, database, operation.run, operation.abort);
}

/** Throws (exit 5) when one of the databases belongs to somebody for whom this login may not act. */
export async function requireOwnDatabases(sql: Sql, databases: readonly string[]): Promise<void> {
  if (databases.length === 0) return;
  const [foreign] = await sql<{ database: string; owner: string }[]>`
    select datname::text as database, pg_get_userbyid(datdba)::text as owner from pg_database
     where datname in ${sql(databases)} and not pg_has_role(current_user, datdba, 'USAGE') order by 1 limit 1`;
  if (foreign === undefined) return;
  throw refusal(
    "not_owner",
    `the database ${foreign.database} belongs to ${foreign.owner}, so this login may not drop or mark it; it is as it was`,
    `let its owner run: ALTER DATABASE ${quoteIdentifier(foreign.database)} OWNER TO …`,
  );
}

/** A role that owns a schema. Both are in the connected database. */
export interface SchemaOwner {
  role: string;
  schema: string;
  /** Databases that are dropped before the role: what they hold of it counts for nothing. */
  dropped: readonly string[];
}

/** Throws (exit 5), naming what stands in the way, unless the role can be dropped once its schema is. */
export async function requireDroppableOwner(sql: Sql, { role, schema, dropped }: SchemaOwner): Promise<void> {
  await requireRightToDrop(sql, role, schema);
  const owned = await listOwnedOutside(sql, role, schema);
  if (owned.length > 0) throw roleOwns(role, `owns ${nameSome(owned)}`);
  const others = await sql<{ database: string }[]>`
    select distinct b.datname::text as database
      from pg_shdepend d join pg_database b on b.oid = d.dbid and b.datname <> current_database()
     where d.refclassid = 'pg_authid'::regclass and d.refobjid = ${quoteIdentifier(role)}::regrole order by 1`;
  const left = others.map(({ database }) => database).filter((database) => !dropped.includes(database));
  if (left.length > 0) throw roleOwns(role, `owns or may use something in ${nameSome(left)}`);
}

function roleOwns(role: string, what: string): Error {
  return refusal(
    "role_owns",
    `the role ${role}, which goes with the worktree, ${what}; nothing was dropped`,
    `give it to somebody else: ALTER … OWNER TO …; take rights back: REVOKE … FROM ${quoteIdentifier(role)}`,
  );
}

async function requireRightToDrop(sql: Queries, role: string, schema: string): Promise<void> {
  const [row] = await sql<{ user: string; may: boolean }[]>`
    select current_user::text as user,
           pg_has_role(n.nspowner, 'USAGE')
           and (me.rolsuper or me.rolcreaterole and (current_setting('server_version_num')::int < 160000
                 or pg_has_role(${role}, 'MEMBER WITH ADMIN OPTION'))) as may
      from pg_roles me, pg_namespace n where me.rolname = current_user and n.nspname = ${schema}`;
  if (row === undefined || row.may) return;
  throw refusal(
    "not_owner",
    `${row.user} may not drop the schema ${schema} and its role ${role}; nothing was dropped`,
    `let an administrator run: GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(row.user)} WITH ADMIN OPTION`,
  );
}
