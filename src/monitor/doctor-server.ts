/** The checks that need a session in the server. */
import { connectForAdmin, dropDatabase } from "../postgres/admin.ts";
import { findDeadScratch } from "../postgres/claims.ts";
import { withOpened, withSession } from "../postgres/session.ts";
import type { Sql, Toolbox } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { FIRST_WITH_ADMINISTRATOR } from "../server/local-roles.ts";
import type { Server } from "../server/server.ts";
import type { OperationTools } from "../sys/operation.ts";
import { newRunId, type RunId } from "../sys/run-id.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { withWork } from "../work/work.ts";
import type { Check, Mend } from "./check.ts";

/** Two clocks that differ by more make dumps' names and the journal misleading. */
const CLOCK_LIMIT_S = 60;

/** Makes the tools of an operation, once something is to be mended. */
export type MendTools = () => Promise<OperationTools>;

/** That it answers, what dead runs and half drops left in it, whether the programs fit, and whether its clock and ours agree. */
export async function checkInside(live: LiveTarget, now: Date, tools: MendTools): Promise<Check[]> {
  const { server, toolbox, database } = live;
  const { user } = await server.access();
  const run = newRunId(now);
  return await withSession({ toolbox, run }, database, async (sql) => {
    const [row] = await sql<{ version: string; number: number; clock: number; maker: boolean }[]>`
      select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
             extract(epoch from clock_timestamp())::float8 as clock,
             (select rolsuper or rolcreatedb from pg_roles where rolname = current_user) as maker`;
    const clock = checkClock((row?.clock ?? 0) - Date.now() / 1000);
    const answers: Check = { name: "server", state: "ok", found: `${server.label}: PostgreSQL ${row?.version}` };
    const rights = checkRights(user, row?.maker ?? false);
    const major = Math.floor((row?.number ?? 0) / 10_000);
    const [login, clients] = [checkLocalLogin(server, toolbox, major), checkClients(toolbox, major)];
    const left = [await checkScratch(live, run, tools), ...(await checkHalfDropped(sql, live, tools))];
    return [answers, rights, ...login, ...clients, ...left, clock];
  });
}

function checkRights(user: string, maker: boolean): Check {
  const name = "rights";
  if (maker) return { name, state: "ok", found: `${user} may create databases` };
  const fix = `an administrator runs: ALTER ROLE "${user}" CREATEDB`;
  return { name, state: "problem", found: `${user} may not create databases, which restore and copy need`, fix };
}

/** A private cluster of before it had an administrator: whatever files hold is run by a superuser there. */
function checkLocalLogin({ spec }: Server, { administrator, user }: Toolbox, major: number): Check[] {
  if (spec.kind !== "local" || administrator !== undefined || major < FIRST_WITH_ADMINISTRATOR) return [];
  const found = `${user} is a superuser: what dumps, migrations and seeds hold can run programs as you`;
  const move = `mv ${quoteWord(spec.folder)} ${quoteWord(`${spec.folder}-before`)}`;
  const fix = `pgrove dump && pgrove down && ${move} && pgrove up && pgrove restore --latest`;
  return [{ name: "login", state: "problem", found, fix }];
}

/** An older pg_dump refuses a newer server. */
function checkClients({ place, major }: Toolbox, server: number): Check[] {
  if (place !== "host" || major === undefined || major >= server) return [];
  const found = `this machine's PostgreSQL programs are ${major}, older than the server, and refuse to dump it`;
  return [{ name: "clients", state: "problem", found, fix: `apt-get install postgresql-client-${server}` }];
}

async function checkScratch(live: LiveTarget, run: RunId, tools: MendTools): Promise<Check> {
  const name = "scratch databases";
  const dead = await withOpened(() => connectForAdmin(live.toolbox, run, []), findDeadScratch);
  if (dead.length === 0) return { name, state: "ok", found: "none left over" };
  const names = dead.map(({ database }) => database).join(", ");
  const fix = "pgrove doctor --fix        drops them, as the next restore or copy does";
  const what = `scratch databases that interrupted runs have left will be dropped: ${names}`;
  return { name, state: "problem", found: `left over: ${names}`, fix, mends: [clearRuns(live, what, tools)] };
}

/** What any run does first: it clears what dead ones have left, ends their sessions, and drops their scratch databases. */
export function clearRuns(live: LiveTarget, what: string, tools: MendTools): Mend {
  const run = async () => withWork(await tools(), live, { operation: "doctor", claims: [] }, async () => undefined);
  return { what, target: live.target, run };
}

/**
 * Databases whose DROP was interrupted: nobody can connect to them, and only another DROP gets rid of them. One that is
 * being dropped looks the same, and is locked.
 */
async function checkHalfDropped(sql: Sql, live: LiveTarget, tools: MendTools): Promise<Check[]> {
  const seen = await listHalfDropped(sql);
  if (seen.length === 0) return [];
  const still = new Set(await listHalfDropped(sql)); // its lock may have gone between its row and the locks were read
  const names = seen.filter((name) => still.has(name));
  if (names.length === 0) return [];
  const found = `dropped half-way: ${names.join(", ")}; nobody can connect to them any more`;
  const fix = "pgrove doctor --fix        drops the rest";
  return [{ name: "databases", state: "problem", found, fix, mends: names.map((each) => dropRest(live, each, tools)) }];
}

async function listHalfDropped(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select datname::text as name from pg_catalog.pg_database d
     where datconnlimit = -2
       and not exists (select from pg_catalog.pg_locks
                        where locktype = 'object' and classid = 'pg_catalog.pg_database'::regclass and objid = d.oid)
     order by 1`;
  return rows.map(({ name }) => name);
}

function dropRest(live: LiveTarget, database: string, tools: MendTools): Mend {
  const claims = [{ database, mode: "exclusive" as const }];
  return {
    what: `the rest of the database ${database}, whose DROP was interrupted, will be dropped`,
    target: live.target,
    run: async () =>
      withWork(await tools(), live, { operation: "doctor", claims, avoid: [database] }, ({ control }) =>
        dropDatabase(control, database),
      ),
  };
}

function checkClock(aheadS: number): Check {
  const name = "clock";
  const apart = Math.abs(aheadS);
  if (apart <= CLOCK_LIMIT_S) return { name, state: "ok", found: "agrees with the server's" };
  const found = `the server's clock is ${Math.round(apart)} s ${aheadS > 0 ? "ahead of" : "behind"} this machine's`;
  return { name, state: "problem", found, fix: "set both by NTP" };
}
