/** Faults 5, 6, 10 and 12: several at once, on the same names and the same database. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import type { Sql } from "postgres";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { holdDumpEnds, holdLoads } from "../../support/faults/gates.ts";
import { waitUntilHeld } from "../../support/faults/moments.ts";
import { inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, freshName, makeLarge, makeSmall } from "../../support/faults/sample.ts";
import {
  connect,
  type Fingerprint,
  readFingerprint,
  waitForNothing,
  waitForPgDump,
} from "../../support/faults/world.ts";

let server: TestServer;
let sql: Sql;
let large: string;
let archive: string;
let base: Repo;

beforeAll(async () => {
  server = await sharedServer(17);
  sql = connect(server);
  large = await makeLarge(server);
  base = await makeRepo(inContainer(server.container, large));
  archive = base.path("large.dump");
  await base.ok(["dump", "-o", archive]);
});

afterAll(async () => {
  await sql.end();
  await drop(server, large);
  await base.remove();
});

/** A small database and a repository for it; both are gone afterwards. */
async function withTarget(body: (repo: Repo, target: string, before: Fingerprint) => Promise<void>): Promise<void> {
  const target = await makeSmall(server);
  const repo = await makeRepo(inContainer(server.container, target));
  try {
    await body(repo, target, await readFingerprint(server, target));
    await waitForNothing(server, repo);
    expect(repo.openRuns()).toEqual([]);
  } finally {
    await drop(server, target);
    await repo.remove();
  }
}

test("fault 5: dumps in the same second get names of their own", async () => {
  await withTarget(async (repo) => {
    const paths: string[] = [];
    const inOneSecond = async () => {
      const ended = await Promise.all([1, 2, 3, 4, 5].map(() => repo.run(["dump", "--schema-only"])));
      expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
      paths.push(...ended.map(({ stdout }) => stdout.trim()));
      const seconds = new Set(paths.map((path) => /\d{8}-\d{6}/.exec(path)?.[0]));
      return seconds.size < paths.length;
    };
    await waitFor("two dumps in one second", 30_000, inOneSecond, 0); // at once nearly always
    expect(new Set(paths).size).toBe(paths.length);
    expect(repo.stored()).toHaveLength(2 * paths.length);
    for (const path of paths) expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await repo.ok(["dumps", "verify", "--all"])).not.toContain("damaged");
  });
});

describe("fault 6: a dump and a restore of one database", () => {
  test("the restore is refused while the dump runs, and the dump goes through", async () => {
    await withTarget(async (repo) => {
      await repo.configure(`project: faults\n${inContainer(server.container, large)}`);
      const before = await readFingerprint(server, large);
      await using held = await holdDumpEnds(server, large);
      const dump = repo.start(["dump"]);
      await waitForPgDump(sql, repo);
      const restore = await repo.run(["restore", archive, "--yes"]);
      expect(dump.isRunning()).toBe(true);
      expect(restore).toMatchObject({ code: 5, stdout: "" });
      expect(restore.stderr).toContain(`another run of pgrove is working on the database ${large}`);
      const copy = await repo.run([
        "copy",
        `postgres://postgres@127.0.0.1:${server.port}/postgres`,
        "--to",
        "main",
        "--yes",
      ]);
      expect(copy).toMatchObject({ code: 5, stdout: "" });
      expect(dump.isRunning()).toBe(true);
      await held.open();
      const ended = await dump.ended;
      expect(ended).toMatchObject({ code: 0 });
      expect(await repo.ok(["dumps", "verify", ended.stdout.trim()])).toStartWith("whole");
      expect(await readFingerprint(server, large)).toEqual(before);
    });
  });

  test("a dump is refused while the restore runs, two dumps at once are not", async () => {
    await withTarget(async (repo) => {
      await using held = await holdLoads(server, large, "rows");
      const restore = repo.start(["restore", archive, "--yes"]);
      await waitUntilHeld(sql, repo, restore, /^COPY/);
      const dump = await repo.run(["dump"]);
      expect(restore.isRunning()).toBe(true);
      expect(dump).toMatchObject({ code: 5, stdout: "" });
      expect(repo.stored()).toEqual([]);
      await held.open();
      expect(await restore.ended).toMatchObject({ code: 0 });
      const both = await Promise.all([repo.run(["dump", "--schema-only"]), repo.run(["dump", "--schema-only"])]);
      expect(both.map(({ code }) => code)).toEqual([0, 0]);
    });
  });

  test("a migration during a dump: the dump holds the rows of one moment", async () => {
    await withTarget(async (repo, target) => {
      await server.psql(
        target,
        "create table busy as select i, repeat('x', 200) as t from generate_series(1, 150000) i",
      );
      await using held = await holdDumpEnds(server, target);
      const dump = repo.start(["dump"]);
      await waitForPgDump(sql, repo);
      const other = connect(server, target);
      const migrating = (async () => {
        await other.unsafe("insert into marker select i, 'later' from generate_series(1, 50) i");
        await other.unsafe("truncate child; alter table parent add column later text");
      })();
      const waiting = async () =>
        (await sql`select 1 from pg_stat_activity where query like 'truncate child%' and wait_event_type = 'Lock'`)
          .length > 0;
      await waitFor("the migration to wait for the dump", 20_000, waiting, 5);
      expect(dump.isRunning()).toBe(true);
      await held.open();
      const ended = await dump.ended;
      await migrating;
      await other.end();
      expect(ended).toMatchObject({ code: 0 });
      expect(await server.psql(target, "select count(*) from marker")).toBe("2050");
      const name = freshName("moment");
      await repo.ok(["restore", ended.stdout.trim(), "--into-new", name]);
      expect(await server.psql(name, "select (select count(*) from marker), (select count(*) from child)")).toBe(
        "2000|1000",
      );
      await drop(server, name);
    });
  });
});

test("fault 10: the second of two restores to one target is refused, the first goes through", async () => {
  await withTarget(async (repo, target) => {
    await using held = await holdLoads(server, large, "rows");
    const first = repo.start(["restore", archive, "--yes"]);
    await waitUntilHeld(sql, repo, first, /^COPY/);
    const second = await repo.run(["restore", archive, "--yes"]);
    expect(first.isRunning()).toBe(true);
    expect(second).toMatchObject({ code: 5, stdout: "" });
    expect(second.stderr).toContain("another run of pgrove is working on");
    expect(second.stderr).toMatch(/hint: .*pgrove history/);
    await held.open();
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await server.psql(target, "select count(*) from big")).toBe("400000");

    await using again = await holdLoads(server, large, "rows");
    const both = [repo.run(["restore", archive, "--yes"]), repo.run(["restore", archive, "--yes"])];
    expect(await Promise.race(both)).toMatchObject({ code: 5 }); // the other one waits
    await again.open();
    expect((await Promise.all(both)).map(({ code }) => code).sort()).toEqual([0, 5]);
  });
});

describe("fault 12: others in the database", () => {
  test("a client that reconnects in a tight loop does not keep a restore out", async () => {
    await withTarget(async (repo, target) => {
      const clients = startReconnecting(target, 3);
      await waitFor("the clients to be connected", 5_000, async () => clients.connections() > 5, 10);
      await using held = await holdLoads(server, large, "rows");
      const restore = repo.start(["restore", archive, "--yes"]);
      await waitUntilHeld(sql, repo, restore, /^COPY/);
      const before = clients.connections();
      await waitFor("the clients to come back", 20_000, async () => clients.connections() > before + 20, 10);
      await held.open();
      const ended = await restore.ended;
      await clients.stop();
      expect(ended).toMatchObject({ code: 0 });
      expect(await server.psql(target, "select count(*) from big")).toBe("400000");
    });
  });

  test("nor a copy that disconnects the source", async () => {
    await withTarget(async (repo, target, before) => {
      const clients = startReconnecting(target, 3);
      await waitFor("the clients to be connected", 5_000, async () => clients.connections() > 5, 10);
      const copy = freshName("copied");
      const to = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/${copy}`;
      const ended = await repo.run(["copy", "main", "--to", to, "--strategy", "template", "--yes"]);
      await clients.stop();
      expect(ended).toMatchObject({ code: 0 });
      expect((await readFingerprint(server, copy)).tables).toEqual(before.tables);
      expect(await readFingerprint(server, target)).toEqual(before);
      await drop(server, copy);
    });
  });

  const bound: [string, (target: string) => Promise<string>, (target: string, name: string) => Promise<unknown>][] = [
    [
      "a prepared transaction",
      async (target) => {
        const name = freshName("prepared");
        await server.psql(target, `begin; insert into marker values (0, 'promised'); prepare transaction '${name}'`);
        return name;
      },
      (target, name) => server.psql(target, `commit prepared '${name}'`),
    ],
    [
      "a logical replication slot",
      async (target) => {
        const name = freshName("slot");
        await server.psql(target, `select pg_create_logical_replication_slot('${name}', 'pgoutput')`);
        return name;
      },
      (target, name) => server.psql(target, `select pg_drop_replication_slot('${name}')`),
    ],
    [
      "a subscription",
      async (target) => {
        const name = freshName("subscription");
        const options = "with (connect = false, slot_name = none)";
        await server.psql(target, `create subscription ${name} connection 'dbname=nowhere' publication p ${options}`);
        return name;
      },
      (target, name) => server.psql(target, `drop subscription ${name}`),
    ],
  ];
  test.each(bound)("%s is named, and nothing is lost", async (_, bind, release) => {
    await withTarget(async (repo, target, before) => {
      const name = await bind(target);
      try {
        for (const args of [
          ["restore", archive],
          ["copy", `postgres://postgres@127.0.0.1:${server.port}/postgres`, "--to", "main"],
        ]) {
          const ended = await repo.run([...args, "--yes"]);
          expect(ended).toMatchObject({ code: 5, stdout: "" });
          expect(ended.stderr).toContain(name);
          expect(ended.stderr).toContain("hint:");
        }
        expect(await readFingerprint(server, target)).toEqual(before);
      } finally {
        await release(target, name); // it is still there, or this would fail
      }
    });
  });
});

/** Clients that connect, ask and connect again, as an application does whose connections are cut. */
function startReconnecting(database: string, count: number) {
  let stopped = false;
  let connections = 0;
  const client = async () => {
    while (!stopped) {
      const one = connect(server, database);
      try {
        await one`select 1`;
        connections += 1;
        await Bun.sleep(5);
      } catch {
        // cut off: that is what it is for
      } finally {
        await one.end({ timeout: 0 });
      }
    }
  };
  const clients = Array.from({ length: count }, client);
  return {
    connections: () => connections,
    stop: async () => {
      stopped = true;
      await Promise.all(clients);
    },
  };
}
