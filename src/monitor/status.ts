/** How a target is: its server, and, where that answers, its database. */
import { createdAt, listDumps, type StoredDump, sourceOf } from "../dump/store.ts";
import { messageOf, missingError, PgroveError } from "../errors.ts";
import { readMigrationVersion } from "../postgres/catalog.ts";
import { schemaSizeBytes } from "../postgres/schema.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { type Connection, formatConnectionUrl } from "../postgres/url.ts";
import { rememberProtected } from "../resolve/guard.ts";
import { asOwnRole, ownConnection } from "../resolve/reach.ts";
import type { Target } from "../resolve/target.ts";
import { openServer } from "../server/open-server.ts";
import type { Server, ServerState, ServerTools } from "../server/server.ts";
import { newRunId } from "../sys/run-id.ts";
import { enterAlone } from "../unit/selection.ts";

export interface TargetStatus {
  server: { label: string; state: ServerState };
  database: string | undefined;
  /** The schema that the target is, where it is one: size and tables are its own. */
  schema: string | undefined;
  user: string | undefined;
  /** Without the password; absent where no port is published. */
  url: string | undefined;
  /** How this machine's programs reach it. */
  connection: Connection | undefined;
  facts: DatabaseStatus | undefined;
  lastDump: StoredDump | undefined;
  /** Why there are no facts: what to tell, and the exit code for it. */
  problem: PgroveError | undefined;
}

export interface DatabaseStatus {
  version: string;
  startedAt: Date;
  sizeBytes: number;
  tables: number;
  connections: number;
  maxConnections: number;
  migration: string | undefined;
}

export interface StatusQuestion {
  target: Target;
  tools: ServerTools;
  storeDir: string;
  stateDir: string;
  now: Date;
}

/** Never throws for a server that is down: what is known then is the answer, with the problem. */
export async function readStatus({ target, tools, storeDir, stateDir, now }: StatusQuestion): Promise<TargetStatus> {
  const server = openServer(target.server, target.login, tools);
  const [state, lastDump] = await Promise.all([server.inspect(), findLastDump(storeDir, target)]);
  const access = await quietly(() => server.access());
  const reach = access === undefined ? undefined : await quietly(() => server.reach(access.database));
  const connection = reach === undefined ? undefined : ownConnection(reach, target);
  const base = {
    server: { label: server.label, state },
    database: access?.database ?? target.login.database,
    schema: target.schema,
    user: asOwnRole(target).login.user ?? access?.user,
    url: connection === undefined ? undefined : formatConnectionUrl(connection, "hide"),
    connection,
    lastDump,
  };
  try {
    const facts = await readDatabase(server, { target, stateDir, now });
    return { ...base, facts, problem: undefined };
  } catch (error) {
    if (!(error instanceof PgroveError)) throw error;
    return { ...base, facts: undefined, problem: explain(error, state) };
  }
}

/** A store that cannot be read is no reason to say nothing of the server. */
async function findLastDump(storeDir: string, { name }: Target): Promise<StoredDump | undefined> {
  const dumps = (await quietly(() => listDumps(storeDir))) ?? [];
  return dumps.find((dump) => sourceOf(dump) === name);
}

/** When the dump was made. */
export function dumpedAt(dump: StoredDump): Date {
  return new Date(createdAt(dump));
}

/** A server that is down cannot say who may log in; the rest is still worth telling. */
async function quietly<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof PgroveError) return undefined;
    throw error;
  }
}

function explain(error: PgroveError, { condition, detail }: ServerState): PgroveError {
  if (condition !== "unreachable" || detail === undefined) return error;
  return missingError("server_unreachable", detail, error.hint);
}

async function readDatabase(
  server: Server,
  { target, stateDir, now }: Pick<StatusQuestion, "target" | "stateDir" | "now">,
): Promise<DatabaseStatus> {
  const [toolbox, { database }] = await Promise.all([server.open(), server.access()]);
  return await withSession({ toolbox, run: newRunId(now) }, database, async (sql) => {
    await rememberProtected(sql, { target, server, database }, stateDir);
    await enterAlone(sql, target); // the ledger of nobody else
    const part = target.schema ? await askSchema(sql, target.schema) : {};
    return { ...(await askDatabase(sql)), ...part, migration: await findMigration(sql) };
  });
}

async function askDatabase(sql: Sql): Promise<Omit<DatabaseStatus, "migration">> {
  const [row] = await sql<
    { version: string; started: string; size: number; tables: number; connections: number; most: number }[]
  >`
    select current_setting('server_version') as version,
           to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started,
           pg_database_size(current_database())::float8 as size,
           (select count(*)::int from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'p') and not c.relispartition
               and n.nspname !~ '^pg_' and n.nspname <> 'information_schema') as tables,
           (select count(*)::int from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()) as connections,
           current_setting('max_connections')::int as most`;
  if (row === undefined) throw new Error("the server answered no row");
  return {
    version: row.version,
    startedAt: new Date(row.started),
    sizeBytes: row.size,
    tables: row.tables,
    connections: row.connections,
    maxConnections: row.most,
  };
}

async function askSchema(sql: Sql, schema: string): Promise<Pick<DatabaseStatus, "sizeBytes" | "tables">> {
  const [row] = await sql<{ tables: number }[]>`
    select count(*)::int as tables from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = ${schema}`;
  return { sizeBytes: await schemaSizeBytes(sql, schema), tables: row?.tables ?? 0 };
}

/** The ledger may belong to somebody who does not let us read it. */
async function findMigration(sql: Sql): Promise<string | undefined> {
  try {
    return await readMigrationVersion(sql);
  } catch (error) {
    return `not readable: ${messageOf(error)}`;
  }
}
