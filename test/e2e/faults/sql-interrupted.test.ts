/** Fault 33: SQL that stops coming half-way. What was begun is not run, and no success is claimed. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { truncateSync, writeFileSync } from "node:fs";
import type { Sql } from "postgres";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { binary, inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { freshName } from "../../support/faults/sample.ts";
import { connect, waitForNothing } from "../../support/faults/world.ts";

interface Place {
  server: TestServer;
  database: string;
  sql: Sql;
  repo: Repo;
}

const places = new Map<string, Place>();

async function makePlace(server: TestServer, yaml: (database: string) => string): Promise<Place> {
  const database = freshName("sql");
  await server.createDatabase(database);
  return { server, database, sql: connect(server, database), repo: await makeRepo(yaml(database)) };
}

beforeAll(async () => {
  const [inside, outside] = [await sharedServer(17), await sharedServer(15)];
  places.set("a container", await makePlace(inside, (database) => inContainer(inside.container, database)));
  const url = `postgres://postgres:${outside.password}@127.0.0.1:${outside.port}`;
  places.set("a url", await makePlace(outside, (database) => `server: {url: "${url}/${database}"}\n`));
});

afterAll(async () => {
  for (const { server, database, sql, repo } of places.values()) {
    await sql.end();
    await server.psql("postgres", `drop database ${database} with (force)`);
    await repo.remove();
  }
});

beforeEach(async () => {
  for (const { sql } of places.values()) {
    await sql.unsafe("drop table if exists t; create table t as select generate_series(1, 10) as id");
  }
});

function placeOf(kind: string): Place {
  const place = places.get(kind);
  if (place === undefined) throw new Error(kind);
  return place;
}

async function countRows({ sql }: Place): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from t`;
  return row?.count ?? -1;
}

const LOCK = 4711;

/** Holds what the script waits for. The returned function lets it go. */
async function holdLock({ sql }: Place): Promise<() => Promise<void>> {
  await sql`select pg_advisory_lock(${LOCK})`;
  return async () => {
    await sql`select pg_advisory_unlock(${LOCK})`;
  };
}

async function isLockWanted({ sql }: Place): Promise<boolean> {
  const rows = await sql`select 1 from pg_locks where locktype = 'advisory' and objid = ${LOCK} and not granted`;
  return rows.length === 1;
}

/** Until no psql of a pgrove is in the database, the dead one's included. */
async function waitForNobody({ sql, database }: Place): Promise<void> {
  const isEmpty = async () => {
    const rows = await sql`
      select 1 from pg_stat_activity where datname = ${database} and application_name like 'pgrove-%'`;
    return rows.length === 0;
  };
  await waitFor("psql to end", 30_000, isEmpty, 10);
}

/** The program with an input that stays open. */
function start({ repo }: Place, args: readonly string[], wrap: readonly string[] = []) {
  const child = Bun.spawn([...wrap, binary, ...args], {
    ...{ cwd: repo.folder, env: repo.environment(), stdin: "pipe", stdout: "pipe", stderr: "pipe" },
  });
  let stdout = "";
  let left = false;
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      if (left) return;
      stdout += decoder.decode(chunk, { stream: true });
    }
  })();
  const ended = Promise.all([child.exited, new Response(child.stderr).text(), reading]);
  return {
    child,
    ended: ended.then(([code, stderr]) => ({ code, stderr })),
    /** Resolves when the program has read it, but for what a pipe holds. */
    send: async (text: string) => {
      await child.stdin.write(text);
      await child.stdin.flush();
    },
    /** Reads no more of its answer. */
    leave: () => {
      left = true;
    },
    hasSaid: (text: string) => waitFor(`${text} on stdout`, 30_000, async () => stdout.includes(text), 5),
  };
}

/** The begin of a statement, behind one that shows by its answer that psql has come to it. */
const BEGUN = "select 'psql is ' || 'here';\ndelete from t\n";
const HERE = "psql is here";
const COMMENT = `${"-- one of many lines that the statement goes on with".padEnd(99)}\n`;

test("psql by itself does run what was begun: what all of this is about", async () => {
  const place = placeOf("a container");
  const { server, database } = place;
  const args = ["psql", "-X", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-f", "-"];
  expect(await server.exec(args, { stdin: BEGUN })).toMatchObject({ code: 0 });
  expect(await countRows(place)).toBe(0);
});

describe.each(["a container", "a url"])("on %s", (kind) => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s", async (signal, code) => {
    const place = placeOf(kind);
    const { child, ended, send, hasSaid } = start(place, ["sql"]);
    await send(BEGUN);
    await hasSaid(HERE);
    child.kill(signal);
    expect(await ended).toEqual({ code, stderr: `error: interrupted by ${signal}\n` });
    await waitForNothing(place.server, place.repo);
    expect(await countRows(place)).toBe(10);
  });

  test("SIGINT, while rows are data: nothing of them", async () => {
    const place = placeOf(kind);
    const { child, ended, send, hasSaid } = start(place, ["sql"]);
    await send("select 'psql is ' || 'here';\ncopy t from stdin;\n11\n12\n");
    await hasSaid(HERE);
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    expect(await countRows(place)).toBe(10);
  });

  test.each([
    ["within a statement", BEGUN],
    ["within rows", "select 'psql is ' || 'here';\ncopy t from stdin;\n11\n12\n"],
  ])("SIGKILL %s: nothing of it", async (_, begun) => {
    const place = placeOf(kind);
    const { child, ended, send, hasSaid } = start(place, ["sql"]);
    await send(begun);
    await hasSaid(HERE);
    child.kill("SIGKILL");
    await ended;
    await waitForNobody(place);
    expect(await countRows(place)).toBe(10);
  });

  test("SIGKILL while psql is at work and answers later, with far more on its way than pipes hold", async () => {
    const place = placeOf(kind);
    const path = place.repo.path("killed.sql");
    writeFileSync(path, `select pg_advisory_lock(${LOCK});\ndelete from t\n${COMMENT.repeat(30_000)}where id = 1;\n`);
    const unlock = await holdLock(place);
    const { child, ended } = start(place, ["sql", "-f", path]);
    await waitFor("psql to wait", 30_000, () => isLockWanted(place), 10);
    child.kill("SIGKILL");
    await ended;
    await unlock();
    await waitForNobody(place);
    expect(await countRows(place)).toBe(10);
  });

  test("SIGINT, with --json", async () => {
    const place = placeOf(kind);
    const { child, ended, send } = start(place, ["sql", "--json"]);
    await send(`delete from t\n${COMMENT.repeat(20_000)}`); // far more than a pipe holds: it has read the statement
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    expect(await countRows(place)).toBe(10);
  });

  test("a file that is cut off while it is read", async () => {
    const place = placeOf(kind);
    const { repo } = place;
    const path = repo.path("long.sql");
    writeFileSync(path, `select pg_advisory_lock(${LOCK});\ndelete from t\n${COMMENT.repeat(300_000)}where id = 1;\n`);
    const unlock = await holdLock(place);
    const program = repo.start(["sql", "-f", path]);
    await waitFor("psql to wait, and with it everything that feeds it", 30_000, () => isLockWanted(place), 10);
    truncateSync(path, 100);
    await unlock();
    const { code, stderr } = await program.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: long\.sql could not be read to its end, .*became shorter/);
    expect(await countRows(place)).toBe(10);
    await waitForNothing(place.server, place.repo);
  });

  test("a reader of the answer that leaves, while psql is at work for it", async () => {
    const place = placeOf(kind);
    const { ended, send, hasSaid, leave } = start(place, ["sql"]);
    await send("select 'psql is ' || 'here';\ncopy (select generate_series(1, 100000000)) to stdout;\ndelete from t\n");
    await hasSaid(HERE);
    leave();
    expect(await ended).toMatchObject({ code: 1, stderr: "" });
    await waitForNothing(place.server, place.repo);
    expect(await countRows(place)).toBe(10);
  });
});

test("a SIGHUP that was switched off, as nohup does, ends nothing", async () => {
  const place = placeOf("a container");
  const { child, ended, send, hasSaid } = start(place, ["sql"], ["nohup"]);
  await send(BEGUN);
  await hasSaid(HERE);
  child.kill("SIGHUP");
  await send("where id = 1;\n");
  await child.stdin.end();
  expect((await ended).code).toBe(0);
  expect(await countRows(place)).toBe(9);
});
