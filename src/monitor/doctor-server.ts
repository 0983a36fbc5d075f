/** The checks that need a session in the server. */
import { connectForAdmin } from "../postgres/admin.ts";
import { findDeadScratch } from "../postgres/claims.ts";
import { withOpened, withSession } from "../postgres/session.ts";
import type { Toolbox } from "../postgres/toolbox.ts";
import { FIRST_WITH_ADMINISTRATOR } from "../server/local-roles.ts";
import type { Server } from "../server/server.ts";
import { newRunId } from "../sys/run-id.ts";
import { quoteWord } from "../sys/shell-word.ts";
import type { Check } from "./check.ts";

/** Two clocks that differ by more make dumps' names and the journal misleading. */
const CLOCK_LIMIT_S = 60;

/** That it answers, what dead runs left in it, and whether its clock and ours agree. */
export async function checkInside(server: Server, toolbox: Toolbox, now: Date): Promise<Check[]> {
  const { database, user } = await server.access();
  const run = newRunId(now);
  return await withSession({ toolbox, run }, database, async (sql) => {
    const [row] = await sql<{ version: string; number: number; clock: number; maker: boolean }[]>`
      select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
             extract(epoch from clock_timestamp())::float8 as clock,
             (select rolsuper or rolcreatedb from pg_roles where rolname = current_user) as maker`;
    const clock = checkClock((row?.clock ?? 0) - Date.now() / 1000);
    const answers: Check = { name: "server", state: "ok", found: `${server.label}: PostgreSQL ${row?.version}` };
    const rights = checkRights(user, row?.maker ?? false);
    const login = checkLocalLogin(server, toolbox, Math.floor((row?.number ?? 0) / 10_000));
    return [answers, rights, ...login, await checkScratch(toolbox, run), clock];
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

async function checkScratch(toolbox: Toolbox, run: ReturnType<typeof newRunId>): Promise<Check> {
  const name = "scratch databases";
  const dead = await withOpened(() => connectForAdmin(toolbox, run, []), findDeadScratch);
  if (dead.length === 0) return { name, state: "ok", found: "none left over" };
  const names = dead.map(({ database }) => database).join(", ");
  return { name, state: "problem", found: `left over: ${names}`, fix: "the next pgrove restore or copy drops them" };
}

function checkClock(aheadS: number): Check {
  const name = "clock";
  const apart = Math.abs(aheadS);
  if (apart <= CLOCK_LIMIT_S) return { name, state: "ok", found: "agrees with the server's" };
  const found = `the server's clock is ${Math.round(apart)} s ${aheadS > 0 ? "ahead of" : "behind"} this machine's`;
  return { name, state: "problem", found, fix: "set both by NTP" };
}
