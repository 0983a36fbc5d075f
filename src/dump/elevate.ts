/** What an administrator makes for a dump that is loaded by a login with fewer rights. */
import { type ElevatedStatement, homeOf, standsInFront } from "../archive/elevated.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Work } from "../work/work.ts";

/** By the extended protocol, of which postgres.js has no word in its types. */
const ONE_STATEMENT = { prepare: false, simple: false };

/** Which of the statements: those in front of the dump's rest, or those behind it. */
export type Side = "front" | "back";

/**
 * Runs the statements of one side, each by itself: a server takes one in the extended protocol, and no second one that
 * somebody has hidden in it. Throws the server's own error at the first that fails.
 */
export async function runElevated(
  { toolbox, operation: { run } }: Work,
  database: string,
  statements: readonly ElevatedStatement[],
  side: Side,
): Promise<void> {
  const inTurn = statements.filter((each) => standsInFront(each) === (side === "front"));
  // Nothing else is made where they are already.
  const own = [...inTurn.filter((each) => !isEventTrigger(each)), ...inTurn.filter(isEventTrigger)];
  if (own.length === 0) return;
  const body = async (sql: Sql) => {
    for (const each of own) {
      const home = homeOf(each);
      const owner = quoteIdentifier(toolbox.user);
      if (home !== undefined) {
        await sql.unsafe(`create schema if not exists ${quoteIdentifier(home)} authorization ${owner}`);
      }
      await sql.unsafe(each.sql.replace(/\s*;\s*$/, ""), [], ONE_STATEMENT);
    }
    if (side === "front") await shareTables(sql, own, toolbox.user);
  };
  await withSession({ toolbox, run }, database, body, { administrator: true });
}

function isEventTrigger({ object }: ElevatedStatement): boolean {
  return object.startsWith("event trigger ");
}

/** What extensions keep in tables for their users is in dumps, and so is read and written by the login. */
async function shareTables(sql: Sql, statements: readonly ElevatedStatement[], user: string): Promise<void> {
  const names = statements.map(({ object }) => object.replace(/^extension /, ""));
  const tables = await sql<{ name: string; kind: string }[]>`
    select c.oid::regclass::text as name, c.relkind::text as kind
      from pg_extension e, unnest(e.extconfig) t join pg_class c on c.oid = t
     where e.extname in ${sql(names)}`;
  for (const { name, kind } of tables) {
    const what = kind === "S" ? `all on sequence ${name}` : `select, insert, update, delete on ${name}`;
    await sql.unsafe(`grant ${what} to ${quoteIdentifier(user)}`);
  }
}
