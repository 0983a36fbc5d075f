/**
 * What pgrove's own sessions set for themselves, whatever a role or a database says: a setting that is meant for programs
 * would end our work half-way, hide rows from it, or let it find somebody's function in the place of PostgreSQL's.
 */
import type { Env } from "../sys/child-environment.ts";
import type { Ask } from "./one-session.ts";
import type { PgTool } from "./toolbox.ts";

/** A session that waits, as ours do while a program of PostgreSQL works, is not ended for it. */
const WAITING = { idle_session_timeout: "0", idle_in_transaction_session_timeout: "0" };
/** Work takes as long as it takes, may write, and sees every row or fails. */
const WORKING = {
  ...{ statement_timeout: "0", transaction_timeout: "0", lock_timeout: "0" },
  ...{ default_transaction_read_only: "off", row_security: "off" },
};

/** PostgreSQL's own names come first, as they do where a search_path does not name pg_catalog. */
const PATH = `pg_catalog.regexp_replace(pg_catalog.current_setting('search_path'), ', *pg_catalog *(?=,|$)', '', 'g')`;

function settingQuery(settings: Readonly<Record<string, string>>, path = ""): string {
  const wanted = Object.entries(settings).map(
    ([name, value]) => `('${name}'::pg_catalog.text, '${value}'::pg_catalog.text)`,
  );
  if (path !== "") wanted.push(`('search_path', ${path})`);
  return `select pg_catalog.set_config(name, value, false) from (values ${wanted.join(", ")}) wanted (name, value)
    where pg_catalog.current_setting(name, true) operator(pg_catalog.<>) value`;
}

/** For sessions in which nothing but pgrove's own work is done. */
export const OWN_SETTINGS = settingQuery({ ...WAITING, ...WORKING }, PATH);

/**
 * What holds in an administrator's session from its very beginning: a trigger on logins acts before anything can be set. What
 * a login asks for goes before what a database says.
 */
export const ADMINISTRATORS_START = { session_replication_role: "replica", search_path: "pg_catalog, pg_temp" };

/**
 * For those of an administrator, who could do anything: no name is found but PostgreSQL's own, no database makes another role
 * of it, and nobody's event triggers act: before PostgreSQL 17 those that heed what a session says of triggers.
 */
export const ADMINISTRATORS_SETTINGS = settingQuery({
  ...{ ...WAITING, ...WORKING },
  ...{ ...ADMINISTRATORS_START, role: "none", event_triggers: "off" },
});

/** For those in which statements of the user's run: what role and database say of them holds. */
export const USERS_SETTINGS = settingQuery(WAITING);

/** Whether the session is the server's own: a pooler tells a number of its own, and hands what is set on to its next client. */
export async function isDirect(ask: Ask): Promise<boolean> {
  const rows = await ask("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]?.pid === rows.state.pid;
}

/** The environment of a program, with what is added to it: of libpq's options both count, those that come last win. */
export function withEnvironment(env: Env, added: Env = {}): Env {
  const options = [env.PGOPTIONS, added.PGOPTIONS].filter((each) => each !== undefined);
  return { ...env, ...added, ...(options.length === 0 ? {} : { PGOPTIONS: options.join(" ") }) };
}

/** What lets SQL that is loaded write; pg_dump's scripts set the rest by themselves. */
const MAY_WRITE = "default_transaction_read_only";

/** For psql, before it loads. */
export const MAY_WRITE_SQL = `set ${MAY_WRITE} = off`;

/** The environment in which a program may write. Not for where a pooler may stand between, which takes no such options. */
export function writingEnvironment(tool: PgTool, env: Env): Env {
  if (tool !== "pg_restore") return env;
  return withEnvironment(env, { PGOPTIONS: `-c ${MAY_WRITE}=off` });
}
