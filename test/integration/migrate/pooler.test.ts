/** A connection through PgBouncer: sessions of one's own are taken, those that are handed around are refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireOwnSession } from "../../../src/migrate/ledger/pooler.ts";
import { openConnection } from "../../../src/postgres/connect.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { rejection, uniqueName } from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { openSql } from "../../support/migration-ledgers.ts";
import { patiently } from "../../support/patience.ts";
import { type Pooler, startPooler } from "../../support/pgbouncer.ts";

let server: TestServer;
const name = uniqueName("pooled");
beforeAll(async () => {
  server = await sharedServer(17);
  await server.createDatabase(name);
});

/** How it goes with as many other clients as asked for, whose server sessions lie idle in the pool. */
async function ask(port: number | undefined, others = 0): Promise<void> {
  const open: Sql[] = [];
  const connect = async () => {
    const sql = openSql({ port, user: server.user, password: server.password }, name);
    open.push(sql);
    await sql`select 1`;
    return sql;
  };
  try {
    const clients = await Promise.all(Array.from({ length: others }, connect));
    await inSessionsOfTheirOwn(clients);
    await requireOwnSession(await connect(), connect);
  } finally {
    await Promise.all(open.map((sql) => sql.end({ timeout: 1 })));
  }
}

/** Has each of them work at the same time, in a server session of its own. */
async function inSessionsOfTheirOwn(clients: readonly Sql[]): Promise<void> {
  if (clients.length === 0) return;
  const gate = openSql(server, name);
  try {
    await gate`select pg_advisory_lock(1)`;
    const working = Promise.all(clients.map((sql) => sql`select pg_advisory_xact_lock_shared(1)`));
    const waiting = async () => {
      const [row] = await gate<{ count: number }[]>`
        select count(*)::int from pg_locks where locktype = 'advisory' and not granted
           and database = (select oid from pg_database where datname = current_database())`;
      return row?.count === clients.length;
    };
    await waitFor("all to be at work", 20_000, waiting, 10);
    await gate`select pg_advisory_unlock(1)`;
    await working;
  } finally {
    await gate.end({ timeout: 1 });
  }
}

/** What a session of pgrove's sets for itself is not handed on to the pooler's next client. */
async function expectNothingSet(port: number): Promise<void> {
  const { user, password } = server;
  const connection = { host: "127.0.0.1", port, user, password, database: name, parameters: { sslmode: "disable" } };
  const open = (to: number) =>
    openConnection({ ...connection, port: to }, newRunId(new Date()), { label: "the pooler" });
  const rowSecurity = async (sql: Sql) => {
    const [row] = await sql<{ value: string }[]>`select current_setting('row_security') as value`;
    await sql.end({ timeout: 1 });
    return row?.value;
  };
  await rowSecurity(await open(port));
  expect(await rowSecurity(openSql({ port, user, password }, name))).toBe("on");
  expect(await rowSecurity(await open(server.port ?? 0))).toBe("off");
}

test("the server itself", async () => {
  await ask(server.port);
});

describe("PgBouncer", () => {
  const poolers: Pooler[] = [];
  afterAll(() => Promise.all(poolers.map(({ stop }) => stop())));
  const start = async (mode: Parameters<typeof startPooler>[1]) => {
    const pooler = await startPooler(server, mode);
    poolers.push(pooler);
    return pooler;
  };

  test(
    "in session mode, alone and with others",
    async () => {
      const { port } = await start("session");
      await ask(port);
      await ask(port, 4);
    },
    patiently(180_000),
  );

  test.each(["transaction", "statement"] as const)(
    "in %s mode, alone and with others",
    async (mode) => {
      const { port } = await start(mode);
      await expectNothingSet(port);
      for (const others of [0, 4]) {
        const error = await rejection(ask(port, others));
        expect(error).toMatchObject({ code: "pooler", exit: 4 });
        expect(error.hint).toContain("pool_mode=session");
      }
    },
    patiently(180_000),
  );
});
