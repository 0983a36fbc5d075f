/** A session that is lost is never another one without a word, however it is reached and whatever it was at. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { codeOf, openConnection } from "../../../src/postgres/connect.ts";
import { createDockerToolbox } from "../../../src/postgres/docker-toolbox.ts";
import { isLostCode } from "../../../src/postgres/lost-connection.ts";
import { endSession } from "../../../src/postgres/session.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { uniqueName } from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { patiently } from "../../support/patience.ts";

let server: TestServer;
const database = uniqueName("session");

beforeAll(async () => {
  server = await sharedServer(17);
  await server.createDatabase(database);
});

afterAll(() => server.psql("postgres", `drop database ${database} with (force)`));

const WAYS = ["published port", "relay"] as const;

async function open(way: (typeof WAYS)[number]): Promise<Sql> {
  const { container, password, port = 0 } = server;
  const access = { container, label: "the test's server", user: "postgres", password, addresses: [] };
  const published = way === "relay" ? {} : { published: { host: "127.0.0.1", port } };
  return await createDockerToolbox(systemRunner, { ...access, ...published }).connect(database, newRunId(new Date()));
}

const codeAfter = (query: PromiseLike<unknown>): Promise<string> =>
  new Promise((resolve) => {
    query.then(
      () => resolve("no error"),
      (error: unknown) => resolve(codeOf(error) ?? String(error)),
    );
  });

/** Ends the session from outside, once it does what it is to be ended at. */
async function end(pid: number, state: string): Promise<void> {
  const where = `from pg_stat_activity where pid = ${pid}`;
  await waitFor(`a session that is ${state}`, 30_000, async () => {
    return (await server.psql("postgres", `select state ${where} and query not like '%set_config%'`)) === state;
  });
  await server.psql("postgres", `select pg_terminate_backend(pid) ${where}`);
}

async function pidOf(sql: Sql): Promise<number> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return row?.pid ?? 0;
}

describe.each([...WAYS])("by the %s", (way) => {
  test("what is under way and what comes behind it is rejected as lost, and the end is not waited for", async () => {
    const sql = await open(way);
    const pid = await pidOf(sql);
    const working = [sql`select pg_sleep(600)`, sql`select 1`, sql`select ${1}::int`].map(codeAfter);
    await end(pid, "active");
    const codes = await Promise.all(working);
    codes.push(await codeAfter(sql`select 2`), await codeAfter(sql.begin((inner) => inner`select 3`)));
    expect(codes.filter((code) => !isLostCode(code))).toEqual([]);
    await sql.end({ timeout: 600 }); // whoever waited for the last answer of what is gone would outlast the test
  });

  test("a session that waits is lost as well", async () => {
    const sql = await open(way);
    await end(await pidOf(sql), "idle");
    const codes = [await codeAfter(sql`select 1`), await codeAfter(sql`select 2`)];
    expect(codes.filter((code) => !isLostCode(code))).toEqual([]);
    await endSession(sql);
  });

  test("a transaction is not gone on with", async () => {
    const sql = await open(way);
    const pid = await pidOf(sql);
    const codes: string[] = [];
    const begun = codeAfter(
      sql.begin(async (inner) => {
        codes.push(await codeAfter(inner`select pg_sleep(600)`));
        for (const text of ["select 1", "select 2", "rollback"]) codes.push(await codeAfter(inner.unsafe(text)));
      }),
    );
    await end(pid, "active");
    expect(isLostCode(await begun)).toBe(true);
    await waitFor("the body's end", 10_000, async () => codes.length === 4);
    expect(codes.filter((code) => !isLostCode(code))).toEqual([]);
    await endSession(sql);
  });
});

test("an end waits for what is under way, as long as it may", async () => {
  const sql = await open("published port");
  const quick = codeAfter(sql`select pg_sleep(0.2)`);
  await sql.end({ timeout: 20 });
  expect(await quick).toBe("no error");
  const other = await open("published port");
  const slow = codeAfter(other`select pg_sleep(20)`);
  await other.end({ timeout: 0.3 });
  expect(isLostCode(await slow)).toBe(true);
  expect(isLostCode(await codeAfter(other`select 1`))).toBe(true);
});

/** The way in as a relay has it whose program has just ended, since nobody listened: what is written meets nobody. */
function brokenWay(code: string): Duplex {
  const refused = Object.assign(new Error(`${code}: nobody reads`), { code });
  return new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(refused) });
}

test.each(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"])(
  "a way in that ends with %s is a server that is starting: it is waited for, or said so",
  async (code) => {
    const { password, port = 0 } = server;
    const login = { host: "127.0.0.1", port, user: "postgres", password, database, parameters: {} };
    let broken = 0;
    const open = (times: number, waitMs: number) =>
      openConnection(login, newRunId(new Date()), {
        ...{ label: "the test's server", direct: true, waitMs },
        socket: () => (broken++ < times ? brokenWay(code) : connect({ host: "127.0.0.1", port })),
      });
    await expect(open(1, 0)).rejects.toMatchObject({ code: "server_starting", exit: 4 });
    broken = 0;
    const sql = await open(2, patiently(60_000));
    expect(broken).toBe(3);
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
    await endSession(sql);
  },
);

test("in an administrator's session nothing acts that a database does at logins", async () => {
  const { password, port = 0 } = server;
  await server.psql(
    database,
    `create table seen (who text);
     create function see() returns event_trigger language plpgsql as $$ begin
       insert into seen values (current_setting('application_name')); end $$;
     create event trigger at_login on login execute function see();
     alter database ${database} set search_path = public, pg_catalog;`,
  );
  try {
    const run = newRunId(new Date());
    const login = { host: "127.0.0.1", port, user: "postgres", password, database, parameters: {} };
    const sql = await openConnection(login, run, { label: "the test's server", isAdministrator: true, direct: true });
    const [row] = await sql<{ path: string }[]>`select current_setting('search_path') as path`;
    expect(row?.path).toBe("pg_catalog, pg_temp");
    expect(await sql`select 1 from public.seen where who like ${`%${run}%`}`).toHaveLength(0);
    await endSession(sql);
  } finally {
    await server.psql(database, "drop event trigger at_login");
  }
});
