/** A dump that cannot be finished says why, in the words of whoever knows, and leaves no file. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "postgres";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { sharedServer, startServer, type TestServer } from "../../support/engine/server.ts";
import { holdDumpEnds } from "../../support/faults/gates.ts";
import { waitForBytes } from "../../support/faults/moments.ts";
import { inContainer, makeRepo, type Repo, type Started } from "../../support/faults/program.ts";
import { drop, freshName, makeLarge, makeSmall } from "../../support/faults/sample.ts";
import {
  connect,
  type Fingerprint,
  readFingerprint,
  waitForNothing,
  waitForPgDump,
} from "../../support/faults/world.ts";

const repos: Repo[] = [];

async function repoFor(yaml: string): Promise<Repo> {
  const repo = await makeRepo(yaml);
  repos.push(repo);
  return repo;
}

afterEach(async () => {
  for (const repo of repos.splice(0)) await repo.remove();
});

describe("fault 2: the server dies during a dump", () => {
  let victim: TestServer;
  let database: string;
  let rows: Fingerprint["tables"];

  beforeAll(async () => {
    victim = await startServer({ major: 17, command: ["postgres", "-c", "fsync=off"] });
    database = await makeLarge(victim);
    await victim.psql(database, "checkpoint");
    rows = (await readFingerprint(victim, database)).tables;
  });

  afterAll(() => victim.remove());

  const crash = "kill -QUIT 1"; // what `pg_ctl stop -m immediate` does
  const deaths: [string, () => Promise<unknown>, RegExp][] = [
    ["the container is killed", () => victim.kill(), /is not running|was stopped/],
    ["the container is stopped", () => runOk("docker", ["stop", victim.container]), /is not running|was stopped/],
    ["the server is shut down at once", () => victim.exec(["sh", "-c", crash]), /is not running|was stopped/],
  ];
  for (const [name, strike, words] of deaths) {
    test(name, async () => {
      const repo = await repoFor(inContainer(victim.container, database));
      const sql = connect(victim);
      await using _held = await holdDumpEnds(victim, database);
      const dump = repo.start(["dump"]);
      await waitForPgDump(sql, repo);
      await waitForBytes(repo, dump, 1);
      expect(dump.isRunning()).toBe(true);
      await strike();
      const running = async () =>
        (await runOk("docker", ["inspect", "-f", "{{.State.Running}}", victim.container])).trim();
      await waitFor("the container's end", 20_000, async () => (await running()) === "false");
      const ended = await dump.ended;
      await sql.end({ timeout: 0 });

      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(victim.container);
      expect(ended.stderr).toMatch(words);
      expect(ended.stderr).not.toContain("bug");
      expect(repo.stored()).toEqual([]);

      const [stopped] = [await repo.run(["dump"])];
      expect(stopped).toMatchObject({ code: 4 });
      expect(stopped.stderr).toContain("pgrove up");
      await victim.start();
      expect((await readFingerprint(victim, database)).tables).toEqual(rows);
      await repo.ok(["dump", "--schema-only"]);
      expect(repo.openRuns()).toEqual([]);
      await waitForNothing(victim, repo);
    });
  }

  test("another backend crashes and the server ends every session", async () => {
    const repo = await repoFor(inContainer(victim.container, database));
    const sql = connect(victim);
    const started = await victim.startTime();
    await using _held = await holdDumpEnds(victim, database);
    const dump = repo.start(["dump"]);
    await waitForPgDump(sql, repo);
    const other = connect(victim);
    const [row] = await other<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await victim.exec(["sh", "-c", `kill -9 ${row?.pid}`]);
    const ended = await dump.ended;
    await Promise.all([sql.end({ timeout: 0 }), other.end({ timeout: 0 })]);

    expect((await runOk("docker", ["logs", victim.container])).length).toBeGreaterThanOrEqual(0);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/terminating connection because of crash|server closed the connection/);
    expect(ended.stderr).toContain(victim.container);
    expect(repo.stored()).toEqual([]);
    await victim.waitUntilReady();
    expect(await victim.startTime()).toBe(started); // the postmaster lived: only its children were ended
    await waitForNothing(victim, repo);
  });
});

describe("fault 4: pg_dump fails", () => {
  let server: TestServer;
  let sql: Sql;
  let database: string;
  let before: Fingerprint;
  const role = freshName("limited");

  beforeAll(async () => {
    server = await sharedServer(17);
    sql = connect(server);
    database = await makeSmall(server);
    await server.psql(
      database,
      `create role ${role} login password 'limited secret'; grant select on all tables in schema public to ${role};
       create table forbidden as select 1 as id;`,
    );
    before = await readFingerprint(server, database);
  });

  afterAll(async () => {
    await sql.end();
    await drop(server, database);
    await server.psql("postgres", `drop role ${role}`);
  });

  function asLimited(): string {
    const login = `server: {container: ${server.container}}\ndatabase: {name: ${database}, user: ${role}, password: limited secret}\n`;
    return login;
  }

  async function expectNothingLeft(repo: Repo): Promise<void> {
    expect(repo.stored()).toEqual([]);
    expect(repo.openRuns()).toEqual([]);
    await waitForNothing(server, repo);
    expect(await readFingerprint(server, database)).toEqual(before);
  }

  test("no permission on one table: pg_dump's own words are shown", async () => {
    const repo = await repoFor(asLimited());
    const ended = await repo.run(["dump"]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("permission denied for table forbidden");
    expect(ended.stderr).toContain("pg_dump");
    expect(await repo.run(["dump", "--exclude-table", "forbidden"])).toMatchObject({ code: 0 });
    const made = repo.stored();
    expect(made).toHaveLength(2);
    await repo.ok(["dumps", "remove", "--yes", made[0] ?? ""]);
    await expectNothingLeft(repo);
  });

  test("a lock_timeout of the role does not end a dump that waits for a table", async () => {
    await server.psql("postgres", `alter role ${role} in database ${database} set lock_timeout = '50ms'`);
    const repo = await repoFor(asLimited());
    const holder = connect(server, database);
    let dump: Started | undefined;
    await holder.begin(async (transaction) => {
      await transaction`lock table child in access exclusive mode`;
      dump = repo.start(["dump", "--exclude-table", "forbidden"]);
      const hasWaited = async () =>
        (
          await sql`
        select from pg_stat_activity where datname = ${database} and usename = ${role} and wait_event_type = 'Lock'
           and clock_timestamp() - query_start > interval '100 ms'`
        ).length > 0;
      await waitFor("the dump to wait for longer than its role may", 20_000, hasWaited, 10);
    });
    await holder.end();
    await server.psql("postgres", `alter role ${role} in database ${database} reset lock_timeout`);
    expect(await dump?.ended).toMatchObject({ code: 0 });
    const [made = ""] = repo.stored();
    await repo.ok(["dumps", "remove", "--yes", made]);
    await expectNothingLeft(repo);
  });

  test("Ctrl-C while the dump waits for a table that somebody holds", async () => {
    const repo = await repoFor(inContainer(server.container, database));
    const holder = connect(server, database);
    await holder.begin(async (held) => {
      await held`lock table child in access exclusive mode`;
      const dump = repo.start(["dump"]);
      const waiting = async () =>
        (await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = ${database}`).length > 0;
      await waitFor("the dump to wait for the lock", 10_000, waiting, 20);
      dump.kill("SIGINT");
      const ended = await dump.ended;
      expect(ended).toMatchObject({ code: 130, stdout: "" });
      await waitForNothing(server, repo); // while the table is still held: what waits for it was ended
    });
    await holder.end();
    await expectNothingLeft(repo);
  });
});
