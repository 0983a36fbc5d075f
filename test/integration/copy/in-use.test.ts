import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { connectForAdmin } from "../../../src/postgres/admin.ts";
import { endSession } from "../../../src/postgres/session.ts";
import type { Sql, Toolbox } from "../../../src/postgres/toolbox.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { swapDatabases } from "../../../src/unit/swap.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  databasesLike,
  dump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { run, runOk, waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
const source = uniqueName("source");

beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  await createSmall(server, source, 10);
});
afterAll(() => bench.remove());

const copy = async (from: string, to: string, strategy: "template" | "stream" | "auto" = "auto") =>
  copyDatabase(
    bench.tools,
    await openLive(server, from, bench),
    await openLive(server, to, bench),
    copyRequest({ strategy }),
  );

/** Clients that come back as soon as they are disconnected, as an application's pool does. */
async function reconnecting(database: string, clients: number) {
  const script = `for i in $(seq ${clients}); do (while [ ! -e /tmp/stop-${database} ]; do
    psql -XAtq -U postgres -d ${database} -c 'select count(*), pg_sleep(0.2) from item' >> /tmp/out-${database} 2>/dev/null; done) & done; wait`;
  const loop = run("docker", ["exec", server.container, "bash", "-c", script]);
  const counted = async () => (await server.exec(["cat", `/tmp/out-${database}`])).stdout.split("\n");
  await waitFor("the first answer", 15_000, async () => (await counted()).length > clients, 50);
  return {
    counted,
    end: async () => {
      await server.exec(["touch", `/tmp/stop-${database}`]);
      await loop;
      await server.exec(["bash", "-c", `rm -f /tmp/stop-${database} /tmp/out-${database}`]);
    },
  };
}

describe("clients that reconnect in a loop", () => {
  test("do not keep a target from being replaced, and then see the new rows", async () => {
    const target = uniqueName("busy");
    await createSmall(server, target, 77);
    const clients = await reconnecting(target, 3);
    try {
      const { previous } = await copy(source, target, "stream");
      expect(await server.psql(target, "select count(*) from item")).toBe("10");
      expect(await server.psql(previous ?? "", "select count(*) from item")).toBe("77");
      await waitFor("an answer of the new database", 15_000, async () => (await clients.counted()).includes("10|"), 50);
      expect(await clients.counted()).toContain("77|");
    } finally {
      await clients.end();
    }
  });

  test("do not keep a source from being a template, and find it again", async () => {
    const from = uniqueName("pool");
    await createSmall(server, from, 12);
    const clients = await reconnecting(from, 3);
    try {
      const to = uniqueName("to");
      expect((await copy(from, to, "template")).strategy).toBe("template");
      expect(await server.psql(to, "select count(*) from item")).toBe("12");
      const seen = (await clients.counted()).length;
      await waitFor("answers after the copy", 15_000, async () => (await clients.counted()).length > seen + 3, 50);
    } finally {
      await clients.end();
    }
  });
});

test("what was prepared in the last moment is named at once, and nothing was changed", async () => {
  const [target, other] = [uniqueName("held"), uniqueName("free")];
  await createSmall(server, target, 3);
  const gid = uniqueName("gid");
  await server.psql(target, `begin; insert into tag values (1, 'x'); prepare transaction '${gid}'`);
  const live = await openLive(server, target, bench);
  const id = newRunId(new Date());
  const control = await connectForAdmin(live.toolbox, id, [target]);
  try {
    const swap = { renames: [[target, other]] as const, statements: [], occupied: [target], agreed: [], run: id };
    const error = await rejection(swapDatabases(control, () => connectForAdmin(live.toolbox, id, [target]), swap));
    expect(error).toMatchObject({ code: "database_bound", exit: 5 });
    expect(error.message).toContain(gid);
  } finally {
    await control.end();
    await server.psql(target, `rollback prepared '${gid}'`);
  }
  expect(await databasesLike(server, target)).toEqual([target]);
  expect(await databasesLike(server, other)).toEqual([]);
});

const itemsOf = async (sql: Sql) => (await sql<{ rows: number }[]>`select count(*)::int as rows from item`)[0]?.rows;

describe("another run of pgrove in a database", () => {
  const target = uniqueName("run");
  const other = newRunId(new Date());
  let sql: Sql;
  beforeAll(async () => {
    await createSmall(server, target, 4);
    sql = await (await openLive(server, target, bench)).toolbox.connect(target, other);
  });
  afterAll(() => endSession(sql));

  test("is never ended: what it is in is not replaced, and it is named", async () => {
    const { path } = await dump(bench, await openLive(server, source, bench));
    const error = await rejection(restore(bench, await openLive(server, target, bench), path ?? ""));
    expect(error).toMatchObject({ code: "database_busy", exit: 5 });
    expect(error.message).toContain(`pgrove-${other}`);
    expect(await itemsOf(sql)).toBe(4);
  });

  test("is never ended: what it is in is streamed, or not copied as a template", async () => {
    expect(await rejection(copy(target, uniqueName("never"), "template"))).toMatchObject({ code: "database_busy" });
    const to = uniqueName("to");
    expect((await copy(target, to, "auto")).strategy).toBe("stream");
    expect(await server.psql(to, "select count(*) from item")).toBe("4");
    expect(await itemsOf(sql)).toBe(4);
  });
});

describe("a login that is no superuser", () => {
  const [user, target] = [uniqueName("few"), uniqueName("own")];
  const open = (database: string) => openLive(server, database, bench, { user, password: "secret" });
  beforeAll(async () => {
    await server.psql("postgres", `create role ${user} login createdb password 'secret'`);
    await createSmall(server, target, 6);
    await server.psql("postgres", `alter database ${target} owner to ${user}`);
    await server.psql(target, `alter table item owner to ${user}`);
  });

  test("is told before work begins of sessions that it may not end, though it sees little of them", async () => {
    const superuser = await (await openLive(server, target, bench)).toolbox.connect(target, newRunId(new Date()));
    try {
      await superuser`set application_name = 'somebody''s psql'`;
      const asked: string[] = [];
      const consent = async () => void asked.push("asked");
      const live = await open(target);
      const copying = copyDatabase(bench.tools, await open(source), live, copyRequest({ consent, strategy: "stream" }));
      const error = await rejection(copying);
      expect(error).toMatchObject({ code: "sessions_held", exit: 5 });
      expect(error.message).toContain("somebody's psql");
      expect(asked).toEqual([]);
      expect(await itemsOf(superuser)).toBe(6);
    } finally {
      await endSession(superuser);
    }
  });

  test("is not kept from a copy by an autovacuum worker, which it may not end either", async () => {
    const slow = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1";
    await server.psql(
      target,
      "create table big as select g, repeat(md5(g::text), 8) as t from generate_series(1, 50000) g",
    );
    await server.psql(target, `alter table big set (${slow}, autovacuum_vacuum_insert_threshold = 1)`);
    const naptime = await server.psql("postgres", "show autovacuum_naptime");
    await server.psql("postgres", "alter system set autovacuum_naptime = 1");
    await server.psql("postgres", "select pg_reload_conf()");
    try {
      const working = `select count(*) > 0 from pg_stat_activity where datname = '${target}' and backend_type = 'autovacuum worker'`;
      await waitFor("an autovacuum worker", 60_000, async () => (await server.psql("postgres", working)) === "t", 50);
      const to = uniqueName("to");
      const live = await open(target);
      await copyDatabase(bench.tools, live, await open(to), copyRequest({ strategy: "template" }));
      expect(await server.psql(to, "select count(*) from big")).toBe("50000");
    } finally {
      await server.psql("postgres", `alter system set autovacuum_naptime = '${naptime}'`);
      await server.psql("postgres", "select pg_reload_conf()");
    }
  });
});

test("control sessions are in no database that somebody keeps data in", async () => {
  const { toolbox } = await openLive(server, source, bench);
  const whereWith = async (postgres: string) => {
    const standing = { ...toolbox, connect: connectTo(toolbox, postgres) };
    const sql = await connectForAdmin(standing, newRunId(new Date()), []);
    const [row] = await sql<{ name: string }[]>`select current_database()::text as name`;
    await endSession(sql);
    return row?.name;
  };
  expect(await whereWith("postgres")).toBe("postgres");
  expect(await whereWith(source)).toBe("template1");
});

/** Connects to another database in the place of `postgres`. */
function connectTo(toolbox: Toolbox, postgres: string): Toolbox["connect"] {
  return (database, id, options) => toolbox.connect(database === "postgres" ? postgres : database, id, options);
}

describe("what binds a target is refused by name, and nothing is rolled back or dropped", () => {
  const bindings = [
    {
      kind: "prepared transaction",
      bind: (name: string) => `begin; insert into tag values (1, 'x'); prepare transaction '${name}'`,
      still: (name: string) => `select count(*) from pg_prepared_xacts where gid = '${name}'`,
      release: (name: string) => `rollback prepared '${name}'`,
    },
    {
      kind: "replication slot",
      bind: (name: string) => `select pg_create_logical_replication_slot('${name}', 'pgoutput')`,
      still: (name: string) => `select count(*) from pg_replication_slots where slot_name = '${name}'`,
      release: (name: string) => `select pg_drop_replication_slot('${name}')`,
    },
    {
      kind: "subscription",
      bind: (name: string) =>
        `create subscription ${name} connection 'host=nowhere password=hidden' publication p with (connect = false)`,
      still: (name: string) => `select count(*) from pg_subscription where subname = '${name}'`,
      release: (name: string) => `alter subscription ${name} set (slot_name = none); drop subscription ${name}`,
    },
  ];

  const refused = async (target: string, path: string, what: string) => {
    const before = await fingerprint(server, target);
    const asked: string[] = [];
    const live = await openLive(server, target, bench);
    const restoring = restore(bench, live, path, { consent: async ({ database }) => void asked.push(database) });
    for (const error of [await rejection(restoring), await rejection(copy(source, target))]) {
      expect(error).toMatchObject({ code: "database_bound", exit: 5 });
      expect(error.message).toContain(what);
      expect(error.hint).toContain(what.split(" ").at(-1) ?? "");
    }
    expect(asked).toEqual([]);
    expect(await fingerprint(server, target)).toEqual(before);
  };

  test.each(bindings)("$kind", async ({ kind, bind, still, release }) => {
    const target = uniqueName("bound");
    await createSmall(server, target, 3);
    const path = pathOf(await dump(bench, await openLive(server, target, bench)));
    const name = uniqueName("name");
    await server.psql(target, bind(name));
    try {
      await refused(target, path, `${kind} ${name}`);
      expect(await server.psql("postgres", still(name))).toBe("1");
    } finally {
      await server.psql(target, release(name));
    }
    await copy(source, target);
    expect(await server.psql(target, "select count(*) from item")).toBe("10");
  });

  test("subscriptions are in no dump and no copy, which says so", async () => {
    const from = uniqueName("subscriber");
    const name = uniqueName("sub");
    await createSmall(server, from, 4);
    await server.psql(from, bindings[2]?.bind(name) ?? "");
    await server.psql(from, `comment on subscription ${name} is 'of the publisher'`);
    const foreign = ["-Fc", "-Fp"].map((format) => ({ format, path: `${bench.folder}/foreign${format}` }));
    for (const { format, path } of foreign) {
      const inside = `docker exec ${server.container} pg_dump -U postgres ${format} ${from} > '${path}'`;
      await runOk("bash", ["-euo", "pipefail", "-c", inside]);
    }
    bench.notes.length = 0;
    const live = await openLive(server, from, bench);
    for (const format of ["custom", "sql", "directory"] as const) {
      const to = uniqueName("to");
      await restore(bench, await openLive(server, to, bench), pathOf(await dump(bench, live, { format })));
      expect(await server.psql(to, "select count(*) from item")).toBe("4");
    }
    await server.psql(
      from,
      `insert into pg_subscription_rel select oid, 'item'::regclass, 'i', null from pg_subscription where subname = '${name}'`,
    );
    for (const strategy of ["stream", "template"] as const) {
      const to = uniqueName("to");
      await copy(from, to, strategy);
      await server.psql(to, "drop table item cascade"); // which no subscription of the copy is about to fill
    }
    await server.psql(from, "delete from pg_subscription_rel");
    for (const { path } of foreign) {
      const to = uniqueName("to");
      await restore(bench, await openLive(server, to, bench), path);
      expect(await server.psql(to, "select count(*) from item")).toBe("4");
    }
    expect(await server.psql("postgres", `select count(*) from pg_subscription where subname = '${name}'`)).toBe("1");
    expect(bench.notes.filter((note) => note === `subscriptions are left out: ${name}`)).toHaveLength(7);
    await server.psql(from, bindings[2]?.release(name) ?? "");
  });
});

test("a dead run's scratch database that cannot be dropped stops nobody", async () => {
  const stuck = `pgrove_scratch_${newRunId(new Date(0))}`;
  const gid = uniqueName("gid");
  await createSmall(server, stuck, 2);
  await server.psql(stuck, `begin; insert into tag values (1, 'x'); prepare transaction '${gid}'`);
  const to = uniqueName("to");
  try {
    bench.notes.length = 0;
    await copy(source, to);
    expect(await server.psql(to, "select count(*) from item")).toBe("10");
    expect(bench.notes.join("\n")).toContain(stuck);
    expect(await databasesLike(server, stuck)).toEqual([stuck]);
  } finally {
    await server.psql(stuck, `rollback prepared '${gid}'`);
  }
  await copy(source, to);
  expect(await databasesLike(server, stuck)).toEqual([]);
});
