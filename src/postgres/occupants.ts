/**
 * Who is connected to a database that is to be replaced or copied, and who of them may be ended. Other runs of pgrove never
 * are: they are waited for. A login with few rights does not see all of a session, and may not end every one.
 */
import { refusal } from "../errors.ts";
import { applicationName, controlName, type RunId } from "../sys/run-id.ts";
import type { Sql } from "./toolbox.ts";

export interface Session {
  pid: number;
  user: string;
  application: string;
  client: string;
  state: string;
}

interface Occupant extends Session {
  /** Another run of pgrove's. */
  isRun: boolean;
  /** This login may end it. */
  isEndable: boolean;
}

/**
 * What PostgreSQL itself runs in a database, and nobody would miss. The other kinds are clients and extensions' workers, which
 * have names of their own; a login with few rights does not see the kind, only the user.
 */
const UNMISSED = ["autovacuum worker", "parallel worker", "slotsync worker"];
/** The kinds of session that are no extension's. */
const USUAL = ["client backend", "walsender", "background worker", ...UNMISSED];

/** Everybody in the database but this run. An autovacuum worker has no user: PostgreSQL itself ends it when it is in the way. */
async function listOccupants(sql: Sql, database: string, run: RunId): Promise<Occupant[]> {
  const rows = await sql<Occupant[]>`
    select a.pid, coalesce(a.usename, '') as user, coalesce(a.application_name, '') as application,
           coalesce(host(a.client_addr), 'local') as client, coalesce(a.state, '') as state,
           coalesce(a.application_name, '') ~ '^pgrove-[0-9]{14}[a-f0-9]{8}(-control)?$' as "isRun",
           ${mayEnd(sql)} as "isEndable"
      from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid
     where a.datname = ${database} and a.usesysid is not null and a.pid <> pg_backend_pid()
       and coalesce(a.backend_type, 'client backend') not in ${sql(UNMISSED)}
       and coalesce(a.application_name, '') not in (${applicationName(run)}, ${controlName(run)})
     order by a.backend_start, a.pid`;
  return [...rows];
}

/** What pg_terminate_backend asks of whoever calls it, for the session `a` of the role `r`. */
function mayEnd(sql: Sql) {
  return sql`
    ((select rolsuper from pg_roles where rolname = current_user)
     or (not coalesce(r.rolsuper, false)
         and (pg_has_role(a.usesysid, 'USAGE') or pg_has_role('pg_signal_backend', 'USAGE'))))`;
}

/** The kinds of workers that extensions have in a database. One that is ended may stay away until the server starts again. */
export async function listExtensionWorkers(sql: Sql, database: string): Promise<string[]> {
  const rows = await sql<{ kind: string }[]>`
    select distinct backend_type as kind from pg_stat_activity
     where datname = ${database} and backend_type not in ${sql(USUAL)} and backend_type not like 'logical replication%'`;
  return rows.map(({ kind }) => kind);
}

/** Who would be disconnected from a database: the sessions in it without those of pgrove's runs. */
export async function listSessions(sql: Sql, database: string, run: RunId): Promise<Session[]> {
  return (await listOccupants(sql, database, run)).filter(({ isRun }) => !isRun);
}

/** Ends the sessions of a database that this login may end. Those of pgrove's runs, this one's too, are left out. */
export async function endSessions(sql: Sql, database: string, run: RunId): Promise<void> {
  const occupants = await listOccupants(sql, database, run);
  const pids = occupants.filter(({ isRun, isEndable }) => !isRun && isEndable).map(({ pid }) => pid);
  await endSessionsOf(sql, pids);
}

async function endSessionsOf(sql: Sql, pids: readonly number[]): Promise<number> {
  if (pids.length === 0) return 0;
  // Looked at once more: a process number may be another session's by now.
  const rows = await sql`
    select pg_terminate_backend(a.pid) from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid
     where a.pid in ${sql(pids)} and a.pid <> pg_backend_pid() and a.usesysid is not null and ${mayEnd(sql)}`;
  return rows.length;
}

/** Ends the sessions with these names that this login may end; resolves with how many. */
export async function endNamedSessions(sql: Sql, names: readonly string[]): Promise<number> {
  await sql`select pg_stat_clear_snapshot()`; // a transaction reads the list of sessions once and keeps it
  const found = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where application_name in ${sql(names)} and pid <> pg_backend_pid()`;
  return await endSessionsOf(
    sql,
    found.map(({ pid }) => pid),
  );
}

/** For people: `app (pid 12, psql)`. */
function describeAll(sessions: readonly Session[]): string {
  return sessions.map(({ pid, user, application }) => `${user} (pid ${pid}, ${application || "unnamed"})`).join(", ");
}

/** Who is in a database, in words; undefined when nobody is. */
export async function describeOccupants(sql: Sql, database: string, run: RunId): Promise<string | undefined> {
  return describeAll(await listOccupants(sql, database, run)) || undefined;
}

/** How long other runs of pgrove may take to leave: most of their sessions last for a question. */
const RUNS_LEAVE_MS = 2_500;
const LOOK_EVERY_MS = 100;

/** Why a database cannot be emptied, and what to do about it. */
export interface Hold {
  code: string;
  why: string;
  wayOut: string;
}

/** Who would stay in a database whatever is done: sessions that this login may not end, and runs that do not leave by themselves. */
export async function findHold(sql: Sql, database: string, run: RunId, abort?: AbortSignal): Promise<Hold | undefined> {
  const until = Date.now() + RUNS_LEAVE_MS;
  for (;;) {
    const occupants = await listOccupants(sql, database, run);
    const held = occupants.filter(({ isRun, isEndable }) => !isRun && !isEndable);
    if (held.length > 0) {
      return {
        code: "sessions_held",
        why: `this login may not end the sessions that are connected to ${database}: ${describeAll(held)}`,
        wayOut:
          "close them, or log in as a role that may: a superuser, or one with pg_signal_backend where they are nobody's who is",
      };
    }
    const runs = occupants.filter(({ isRun }) => isRun);
    if (runs.length === 0) return undefined;
    if (Date.now() >= until) {
      const why = `another run of pgrove is working on the database ${database}: ${describeAll(runs)}`;
      return { code: "database_busy", why, wayOut: "wait until it has ended: pgrove history" };
    }
    await Bun.sleep(LOOK_EVERY_MS);
    abort?.throwIfAborted();
  }
}

/** Throws (exit 5) when somebody would stay in the database. */
export async function requireVacatable(sql: Sql, database: string, run: RunId, abort?: AbortSignal): Promise<void> {
  const hold = await findHold(sql, database, run, abort);
  if (hold !== undefined) throw refusal(hold.code, hold.why, hold.wayOut);
}
