/** Databases and sessions of a server: create, drop, look at, end. */
import { failure, refusal } from "../errors.ts";
import { applicationName, controlName, parseRunId, type RunId } from "../sys/run-id.ts";
import { codeOf } from "./connect.ts";
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import { endNamedSessions } from "./occupants.ts";
import { endSession } from "./session.ts";
import type { Sql, Toolbox } from "./toolbox.ts";

const SCRATCH_PREFIX = "pgrove_scratch_";
const DISCARDED_SUFFIX = "_old";

/** The name of a run's scratch database. */
export function scratchName(run: RunId): string {
  return SCRATCH_PREFIX + run;
}

/** The name under which a run puts aside a database that it is about to drop. */
export function discardedName(run: RunId): string {
  return `${scratchName(run)}${DISCARDED_SUFFIX}`;
}

/** The run that a scratch or discarded database belongs to. */
export function runOfScratch(database: string): RunId | undefined {
  if (!database.startsWith(SCRATCH_PREFIX)) return undefined;
  const rest = database.slice(SCRATCH_PREFIX.length);
  return parseRunId(rest.endsWith(DISCARDED_SUFFIX) ? rest.slice(0, -DISCARDED_SUFFIX.length) : rest);
}

/**
 * A connection to a database that is neither copied, dropped nor renamed: `postgres`, or `template1` where `postgres`
 * does not exist, is worked on, or holds somebody's data. There another run would find us in its way. It is the
 * administrator's, where there is one.
 */
export async function connectForAdmin(toolbox: Toolbox, run: RunId, avoid: readonly string[]): Promise<Sql> {
  const control = { control: true, administrator: true };
  const template = () => toolbox.connect("template1", run, control);
  if (avoid.includes("postgres")) return await template();
  let sql: Sql;
  try {
    sql = await toolbox.connect("postgres", run, control);
  } catch (error) {
    if (codeOf(error) !== "database_missing") throw error;
    return await template();
  }
  if (!(await holdsData(sql))) return sql;
  const other = await template().catch(() => sql); // not every login may enter it
  if (other !== sql) await endSession(sql);
  return other;
}

/** Whether somebody keeps tables in the connected database. What extensions have there, such as a scheduler, is no data. */
async function holdsData(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ holds: boolean }[]>`
    select exists (
      select from pg_class c
       where c.oid >= 16384 and c.relkind in ('r', 'p', 'm', 'f', 'S')
         and not exists (select from pg_depend d
                          where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')) as holds`;
  return row?.holds === true;
}

/** Throws (exit 5) for a database whose DROP was interrupted: nobody can connect to it, or copy it. */
export async function requireValid(sql: Sql, database: string): Promise<void> {
  const rows = await sql`select 1 from pg_database where datname = ${database} and datconnlimit = -2`;
  if (rows.length === 0) return;
  throw refusal(
    "database_invalid",
    `the database ${database} was dropped half-way by somebody: what is left of it cannot be read`,
    `put a dump in its place: pgrove restore; or drop the rest: DROP DATABASE ${quoteIdentifier(database)}`,
  );
}

/** Ends this run's work inside the server; resolves with how many sessions were at work. */
export async function endRunSessions(sql: Sql, run: RunId): Promise<number> {
  return await endNamedSessions(sql, [applicationName(run)]);
}

/** Ends everything of a run that is dead, the sessions that controlled its work included; resolves with how many. */
export async function endDeadRunSessions(sql: Sql, run: RunId): Promise<number> {
  return await endNamedSessions(sql, [applicationName(run), controlName(run)]);
}

export async function databaseExists(sql: Sql, database: string): Promise<boolean> {
  const rows = await sql`select 1 from pg_database where datname = ${database}`;
  return rows.length > 0;
}

export async function databaseSizeBytes(sql: Sql, database: string): Promise<number> {
  const [row] = await sql<{ size: number }[]>`select pg_database_size(${database})::float8 as size`;
  return row?.size ?? 0;
}

/** Removes a database that pgrove made, with whoever is still connected to it. No error when it is gone already. */
export async function dropDatabase(sql: Sql, database: string): Promise<void> {
  const drop = `drop database if exists ${quoteIdentifier(database)}`;
  try {
    await sql.unsafe(`${drop} with (force)`);
  } catch (error) {
    switch (codeOf(error)) {
      case "42809": // it took the place of a template, and is still one itself
        await sql.unsafe(`alter database ${quoteIdentifier(database)} is_template false`);
        await sql.unsafe(`${drop} with (force)`);
        return;
      case "42501": // by force also what this login may not end would go; an autovacuum worker goes without
        await sql.unsafe(drop);
        return;
      default:
        throw error;
    }
  }
}

/** The subscriptions of a database: a second database with the same ones would take their changes away. */
export async function listSubscriptions(sql: Sql, database: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select subname::text as name from pg_subscription s join pg_database d on d.oid = s.subdbid
     where d.datname = ${database} order by 1`;
  return rows.map(({ name }) => name);
}

/** What is said of subscriptions that a dump, restore or copy leaves out; undefined when there are none. */
export function describeLeftOut(subscriptions: readonly string[]): string | undefined {
  if (subscriptions.length === 0) return undefined;
  return `subscriptions are left out: ${subscriptions.join(", ")}`;
}

/**
 * Throws (exit 5) when something would keep a database from being renamed or would be lost with it, naming it:
 * prepared transactions, replication slots, subscriptions.
 */
export async function requireNothingBound(sql: Sql, database: string): Promise<void> {
  const rows = await sql<{ kind: string; name: string }[]>`
    select 'prepared transaction' as kind, gid as name from pg_prepared_xacts where database = ${database}
    union all
    select 'replication slot', slot_name::text from pg_replication_slots where database = ${database}
    union all
    select 'subscription', subname::text from pg_subscription s join pg_database d on d.oid = s.subdbid
     where d.datname = ${database}`;
  if (rows.length === 0) return;
  const what = rows.map(({ kind, name }) => `${kind} ${name}`).join(", ");
  throw refusal(
    "database_bound",
    `the database ${database} cannot be replaced: it has ${what}`,
    wayOut(rows[0]?.kind ?? "", rows[0]?.name ?? ""),
  );
}

function wayOut(kind: string, name: string): string {
  if (kind === "prepared transaction")
    return `end it first: COMMIT PREPARED or ROLLBACK PREPARED ${quoteLiteral(name)}`;
  if (kind === "replication slot")
    return `drop it first if nobody needs it: select pg_drop_replication_slot(${quoteLiteral(name)})`;
  return `drop it first: DROP SUBSCRIPTION ${quoteIdentifier(name)}`;
}

/** Throws (exit 5) when the connected user may not create databases. */
export async function requireDatabaseRights(sql: Sql): Promise<void> {
  const [row] = await sql<{ may: boolean }[]>`
    select rolsuper or rolcreatedb as may from pg_roles where rolname = current_user`;
  if (row?.may === true) return;
  throw refusal(
    "databases_not_allowed",
    "the user may not create databases, and isolation: database gives each worktree one",
    "let an administrator run: ALTER ROLE … CREATEDB; or choose isolation: schema",
  );
}

/** An error of `create database` or `alter database … rename`, in words. */
export function explainDatabaseError(error: unknown, database: string): unknown {
  switch (codeOf(error)) {
    case "42501":
      return failure(
        "not_allowed",
        `the user may not create or rename databases, which a restore needs (${database})`,
        "let an administrator run: ALTER ROLE … CREATEDB",
        error,
      );
    case "53100":
      return failure(
        "server_disk_full",
        "the server's disk is full; nothing was changed",
        "make room, then try again",
        error,
      );
    default:
      return error;
  }
}
