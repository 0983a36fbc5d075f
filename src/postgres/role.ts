/** The role that owns a worktree's schema: it logs in, finds its schema first, and has no rights on anybody's tables. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { configError, refusal } from "../errors.ts";
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import { isAnyWorktrees, isOwnedMark, parseMark } from "./ownership.ts";
import { formatSearchPath, type Queries } from "./schema.ts";
import type { Sql } from "./toolbox.ts";

export interface RoleRequest {
  name: string;
  /** ASCII: what lies beyond would have to be normalized as SASLprep does. */
  password: string;
  /** The schema that it works in. */
  schema: string;
  /** The connected database. */
  database: string;
  /** Its ownership mark. */
  comment: string;
  /** Who acts on what it owns; left out, the connected user. */
  actor?: string;
}

/**
 * Makes the role, or brings one that carries the same mark up to date. Throws (exit 5) when a role of that name is
 * somebody else's, or when the connected user may not create roles.
 */
export async function ensureRole(sql: Sql, request: RoleRequest): Promise<void> {
  const { name, schema, database, comment } = request;
  const owner = parseMark(comment)?.worktree;
  const exists = await isOwnRole(sql, name, owner);
  if (!exists) await requireRoleRights(sql);
  const role = quoteIdentifier(name);
  const login = `login password ${quoteLiteral(computeVerifier(request.password))}`;
  await sql.begin(async (transaction) => {
    await transaction.unsafe(
      exists ? `alter role ${role} ${login}` : `create role ${role} nosuperuser nocreatedb nocreaterole ${login}`,
    );
    await transaction.unsafe(`comment on role ${role} is ${quoteLiteral(comment)}`);
    await joinRole(transaction, name, request.actor);
    await grantEntry(transaction, name, database);
    await transaction.unsafe(await searchPathStatement(transaction, { name, database, schema }));
  });
}

/** True when the role exists and carries the worktree's mark. Throws (exit 5) when it is somebody else's. */
async function isOwnRole(sql: Queries, name: string, worktree: string | undefined): Promise<boolean> {
  const [row] = await sql<{ comment: string | null }[]>`
    select shobj_description(oid, 'pg_authid') as comment from pg_roles where rolname = ${name}`;
  if (row === undefined) return false;
  if (isOwnedMark(parseMark(row.comment), worktree)) return true;
  throw refusal(
    "role_exists",
    `there is a role ${name} that pgrove did not make for this worktree`,
    `rename it, or drop it if nobody needs it: DROP ROLE ${quoteIdentifier(name)}`,
  );
}

/** The roles that pgrove made for worktrees. */
export async function listMarkedRoles(sql: Queries): Promise<string[]> {
  const rows = await sql<{ name: string; comment: string | null }[]>`
    select rolname::text as name, shobj_description(oid, 'pg_authid') as comment from pg_roles`;
  return rows.filter(({ comment }) => isAnyWorktrees(parseMark(comment))).map(({ name }) => name);
}

/** Whether the connected user may create roles. */
async function mayCreateRoles(sql: Queries): Promise<boolean> {
  const [row] = await sql<{ may: boolean }[]>`
    select rolsuper or rolcreaterole as may from pg_roles where rolname = current_user`;
  return row?.may ?? false;
}

/** Throws (exit 5) when the connected user may not create roles. */
export async function requireRoleRights(sql: Queries): Promise<void> {
  if (await mayCreateRoles(sql)) return;
  throw refusal(
    "roles_not_allowed",
    "the user may not create roles, and isolation: schema gives each worktree one",
    "let an administrator run: ALTER ROLE … CREATEROLE; or choose isolation: database",
  );
}

/** A user who is no superuser acts on what the role owns only as its member; PostgreSQL 16 asks for SET as well. */
async function joinRole(sql: Queries, name: string, actor: string | undefined): Promise<void> {
  const [row] = await sql<{ user: string; superuser: boolean; version: number }[]>`
    select rolname::text as user, rolsuper as superuser, current_setting('server_version_num')::int as version
      from pg_roles where rolname = coalesce(${actor ?? null}, current_user)`;
  if (row === undefined || row.superuser) return;
  const options = row.version >= 160_000 ? " with inherit true, set true" : "";
  await sql.unsafe(`grant ${quoteIdentifier(name)} to ${quoteIdentifier(row.user)}${options}`);
}

/** The rights to come in and to use extensions, where not everybody has them. */
async function grantEntry(sql: Queries, name: string, database: string): Promise<void> {
  const role = quoteIdentifier(name);
  const [row] = await sql<{ may: boolean }[]>`select has_database_privilege(${name}, ${database}, 'CONNECT') as may`;
  if (row?.may !== true) await sql.unsafe(`grant connect on database ${quoteIdentifier(database)} to ${role}`);
  const closed = await sql<{ schema: string }[]>`
    select distinct n.nspname::text as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
     where not has_schema_privilege(${name}, n.oid, 'USAGE')`;
  for (const { schema } of closed) await sql.unsafe(`grant usage on schema ${quoteIdentifier(schema)} to ${role}`);
}

/** The statement that makes the role find its schema first, then the database's extensions. */
export async function searchPathStatement(
  sql: Queries,
  { name, database, schema }: Pick<RoleRequest, "name" | "database" | "schema">,
): Promise<string> {
  const rows = await sql<{ schema: string }[]>`
    select distinct n.nspname::text as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
     where n.nspname <> 'pg_catalog' order by 1`;
  const path = formatSearchPath([schema, ...rows.map((row) => row.schema)]);
  return `alter role ${quoteIdentifier(name)} in database ${quoteIdentifier(database)} set search_path to ${path}`;
}

/**
 * Drops the role of a worktree, with its rights in the connected database. No error when it is gone already. Throws
 * (exit 5) when it is somebody else's, or still owns something.
 */
export async function dropRole(sql: Sql, name: string, worktree: string): Promise<void> {
  if (!(await isOwnRole(sql, name, worktree))) return;
  const owned = await sql<{ what: string }[]>`
    select pg_describe_object(d.classid, d.objid, d.objsubid) as what
      from pg_shdepend d join pg_database b on b.oid = d.dbid and b.datname = current_database()
     where d.refclassid = 'pg_authid'::regclass and d.refobjid = ${quoteIdentifier(name)}::regrole and d.deptype = 'o'
       and d.classid <> 'pg_largeobject'::regclass
     order by 1 limit 5`;
  if (owned.length > 0) {
    throw refusal(
      "role_owns",
      `the role ${name} still owns ${owned.map(({ what }) => what).join(", ")}`,
      `give it to somebody else: REASSIGN OWNED BY ${quoteIdentifier(name)} TO …`,
    );
  }
  const role = quoteIdentifier(name);
  await sql.begin(async (transaction) => {
    await transaction.unsafe(`drop owned by ${role}`);
    await transaction.unsafe(`drop role ${role}`);
  });
}

const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/**
 * The password as PostgreSQL keeps it (RFC 5802 with SHA-256): computed here, so that the password itself is in no
 * statement and no server's log. Throws (exit 3) for characters that SASLprep would change.
 */
export function computeVerifier(password: string, salt: Uint8Array = randomBytes(SALT_BYTES)): string {
  if (!/^[\x20-\x7e]+$/.test(password)) throw configError("a role's password must be of ASCII characters");
  const salted = pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  const server = keyed("Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString("base64")}$${stored}:${server}`;
}
