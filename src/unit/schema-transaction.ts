/** What needs a schema's tables for itself: the transaction in which a waiting one takes its place, or in which it goes. */
import { refusal } from "../errors.ts";
import { codeOf } from "../postgres/connect.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { searchPathStatement } from "../postgres/role.ts";
import {
  incomingName,
  outgoingName,
  type Queries,
  type SchemaProperties,
  schemaExists,
  schemaPropertyStatements,
} from "../postgres/schema.ts";
import { nameSome, requireNoDependents } from "../postgres/schema-dependencies.ts";
import { moveObjects, moveSchema } from "../postgres/schema-objects.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Work } from "../work/work.ts";
import type { SchemaKeeper } from "./keep-schema.ts";
import type { SchemaPlace } from "./schema-target.ts";
import { requireSchemaStanding, type Standing } from "./standing.ts";

/** How long a table's lock is waited for: whoever comes next waits behind us. */
const LOCK_TIMEOUT_MS = 2_000;
const TRIES = 5;
const PAUSE_MS = 500;

/** A lock that was not to be had in time, or that somebody else waited for in turn. */
const PASSING = new Set(["55P03", "40P01"]);

/** A table came into being that was not saved. */
class Outdated extends Error {}

interface Exchange {
  properties: SchemaProperties;
  agreed: Standing | undefined;
  /** Keeps what is replaced. */
  keeper: SchemaKeeper | undefined;
}

/**
 * Swaps the run's waiting schema in. Throws (exit 5) when the present one is not what was agreed to, and, naming who, when
 * others hold its tables.
 */
export async function exchangeSchemas(
  work: Work,
  sql: Sql,
  place: SchemaPlace,
  { properties, agreed, keeper }: Exchange,
): Promise<void> {
  const { schema } = place;
  const replaces = agreed !== undefined;
  const exchange = async (transaction: Queries) => {
    const [incoming, outgoing] = [incomingName(work.operation.run), outgoingName(work.operation.run)];
    await requireSchemaStanding(transaction, { schema, agreed });
    if (replaces) {
      await keeper?.keep(transaction);
      await requireNoDependents(transaction, schema);
      await moveSchema(transaction, schema, outgoing);
    }
    if (await schemaExists(transaction, schema)) {
      await moveObjects(transaction, incoming, schema); // extensions lie in it and have stayed
      await transaction.unsafe(`drop schema ${incoming}`);
    } else {
      await transaction.unsafe(`alter schema ${incoming} rename to ${quoteIdentifier(schema)}`);
    }
    for (const statement of schemaPropertyStatements(schema, properties)) await transaction.unsafe(statement);
    await settleRole(work, transaction, place);
    if (!replaces) return;
    if (await keeper?.isOutdated(transaction, outgoing)) throw new Outdated();
    await transaction.unsafe(`drop schema ${outgoing} cascade`);
  };
  try {
    await withoutOthers(work, sql, schema, exchange);
  } catch (error) {
    await keeper?.drop();
    throw error;
  }
  keeper?.settle();
}

/** Drops the schema, for good. Throws (exit 5) when it is not what was agreed to, or something outside needs it. */
export async function dropAgreed(work: Work, sql: Sql, schema: string, agreed: Standing | undefined): Promise<void> {
  await withoutOthers(work, sql, schema, async (transaction) => {
    await requireSchemaStanding(transaction, { schema, agreed });
    await requireNoDependents(transaction, schema);
    await transaction.unsafe(`drop schema ${quoteIdentifier(schema)} cascade`);
  });
}

/** The worktree's role finds its schema first, and everybody else is kept out: main's `public` is open to all. */
async function settleRole({ control }: Work, sql: Queries, { live, schema }: SchemaPlace): Promise<void> {
  const { database, target } = live;
  const role = target.worktree?.role;
  if (role === undefined) return;
  await sql.unsafe(`revoke all on schema ${quoteIdentifier(schema)} from public`);
  const statement = await searchPathStatement(sql, { name: role.name, database, schema });
  // The administrator's session is another one, and what it does stays; where the exchange fails, that changes nothing.
  await (live.toolbox.administrator === undefined ? sql : control).unsafe(statement);
}

/** The body as a transaction that needs the schema's tables for itself; tried again while others hold them. */
async function withoutOthers(
  work: Work,
  sql: Sql,
  schema: string,
  body: (transaction: Queries) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sql.begin(async (transaction) => {
        await transaction.unsafe(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        await body(transaction);
      });
      return;
    } catch (error) {
      if (!(error instanceof Outdated) && !PASSING.has(codeOf(error) ?? "")) throw error;
      if (attempt === TRIES) throw await explainLocked(sql, schema);
      await Bun.sleep(PAUSE_MS);
      work.operation.abort.throwIfAborted();
    }
  }
}

async function explainLocked(sql: Sql, schema: string): Promise<Error> {
  const holders = await sql<{ who: string }[]>`
    select distinct coalesce(a.usename, '') || ' (pid ' || l.pid || ', ' || coalesce(nullif(a.application_name, ''), 'unnamed')
           || ')' as who
      from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
      left join pg_stat_activity a using (pid)
     where n.nspname = ${schema} and l.granted and l.pid <> pg_backend_pid()
       and l.database = (select oid from pg_database where datname = current_database())
     order by 1`;
  const who = holders.length === 0 ? "somebody" : nameSome(holders.map((holder) => holder.who));
  return refusal(
    "schema_in_use",
    `the schema ${schema} could not be replaced or dropped: ${who} works with its tables`,
    "end what holds them (an open transaction), then try again; nothing was changed",
  );
}
