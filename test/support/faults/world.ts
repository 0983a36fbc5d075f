/** What is true of a server before and after a fault, seen from outside of pgrove. */
import postgres, { type Sql } from "postgres";
import { runOk, waitFor } from "../engine/run.ts";
import type { TestServer } from "../engine/server.ts";
import type { Repo } from "./program.ts";

/** A fast look at a server over its published port. */
export function connect(server: TestServer, database = "postgres"): Sql {
  const { port, user, password } = server;
  if (port === undefined) throw new Error(`${server.container} publishes no port`);
  const login = { host: "127.0.0.1", port, user, pass: password, database };
  return postgres({ ...login, max: 1, fetch_types: false, onnotice: () => undefined });
}

/** Everything of a database that a failed operation must leave as it was. */
export interface Fingerprint {
  database: string;
  /** Another oid would mean that another database stands in its place. */
  oid: number;
  connectable: boolean;
  /** The server's start: another one means that a crash ended every session. */
  started: string;
  /** Per table: how many rows, and a hash over all of them in order. */
  tables: Record<string, string>;
}

export async function readFingerprint(server: TestServer, database: string): Promise<Fingerprint> {
  const sql = connect(server, database); // to connect is to see that connections are open
  try {
    const [own] = await sql<{ oid: number; connectable: boolean; started: string }[]>`
      select oid::int as oid, datallowconn and datconnlimit = -1 as connectable,
             pg_postmaster_start_time()::text as started
        from pg_database where datname = current_database()`;
    const names = await sql<{ name: string }[]>`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`;
    const tables: Record<string, string> = {};
    for (const { name } of names) {
      const [row] = await sql.unsafe<{ hash: string }[]>(
        `select count(*) || ' ' || coalesce(md5(string_agg(h::text, ',' order by h)), '') as hash
           from (select hashtextextended(t::text, 0) as h from ${name} t) hashes`,
      );
      tables[name] = row?.hash ?? "";
    }
    if (own === undefined) throw new Error(`no database ${database}`);
    return { database, ...own, tables };
  } finally {
    await sql.end();
  }
}

/** What pgrove's runs of this repository still have in a server. */
export interface Remains {
  sessions: string[];
  databases: string[];
  files: string[];
  /** Of the programs that run in a container of their own. */
  containers: string[];
}

export const nothing: Remains = { sessions: [], databases: [], files: [], containers: [] };

export async function readRemains(server: TestServer, repo: Repo): Promise<Remains> {
  const runs = await repo.runs();
  const mine = (name: string) => runs.some((run) => name.includes(run));
  const sql = connect(server);
  try {
    const sessions = await sql<{ name: string }[]>`
      select application_name as name from pg_stat_activity where application_name like 'pgrove-%'`;
    const databases = await sql<{ name: string }[]>`select datname as name from pg_database`;
    const clients = ["ps", "-a", "--filter", "label=dev.pgrove.run", "--format", '{{.Label "dev.pgrove.run"}}'];
    const files = (await server.exec(["ls", "-A", "/tmp"])).stdout.split("\n");
    return {
      sessions: sessions.map(({ name }) => name).filter(mine),
      databases: databases.map(({ name }) => name).filter(mine),
      files: files.filter(mine),
      containers: (await runOk("docker", clients)).split("\n").filter(mine),
    };
  } finally {
    await sql.end();
  }
}

/** Waits until the server has let go of the runs' sessions: a connection that was closed ends a moment later. */
export async function waitForNothing(server: TestServer, repo: Repo): Promise<void> {
  let last: Remains = nothing;
  const clean = async () => {
    last = await readRemains(server, repo);
    return Bun.deepEquals(last, nothing);
  };
  await waitFor("pgrove to leave nothing in the server", 10_000, clean, 50).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
  });
}

export interface Session {
  pid: number;
  query: string;
  database: string;
  /** It waits for a lock, or at a gate. */
  waits: boolean;
}

/** The sessions of PostgreSQL's programs and of pgrove itself, by the runs of this repository. */
export async function listSessionsOf(sql: Sql, repo: Repo): Promise<Session[]> {
  const runs = (await repo.runs()).map((run) => `pgrove-${run}`);
  if (runs.length === 0) return [];
  return await sql<Session[]>`
    select pid, query, coalesce(datname, '') as database,
           coalesce(wait_event_type = 'Lock' or wait_event = 'PgSleep', false) as waits from pg_stat_activity
     where application_name in ${sql(runs.flatMap((run) => [run, `${run}-control`]))} order by backend_start`;
}

/** What a session of pg_dump is at when it reads rows, or the large objects behind them. */
export const PG_DUMP_AT_WORK = /^COPY .* TO stdout|'lo_open'/;

/** Waits for a session of pg_dump that is at work. */
export async function waitForPgDump(sql: Sql, repo: Repo): Promise<void> {
  const seen = async () => (await listSessionsOf(sql, repo)).some(({ query }) => PG_DUMP_AT_WORK.test(query));
  await waitFor("pg_dump to be at work in the server", 20_000, seen, 5);
}

export async function scratchDatabases(sql: Sql, repo: Repo): Promise<string[]> {
  const runs = await repo.runs();
  const rows = await sql<{ name: string }[]>`
    select datname as name from pg_database where datname like 'pgrove\\_scratch\\_%'`;
  return rows.map(({ name }) => name).filter((name) => runs.some((run) => name.includes(run)));
}
