import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createSnapshot, planSnapshot, readSnapshots, removeSnapshot } from "../../../src/copy/snapshot.ts";
import { BEFORE_REWIND, requireNewest } from "../../../src/copy/snapshot-list.ts";
import { type RewindRequest, rewindDatabase } from "../../../src/copy/snapshot-rewind.ts";
import { parseMark } from "../../../src/postgres/ownership.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import {
  type Bench,
  createEveryKind,
  createSmall,
  databaseProperties,
  databasesLike,
  ensureRoles,
  fingerprint,
  makeBench,
  openLive,
  rejection,
  uniqueName,
} from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { connect } from "../../support/faults/world.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.remove());

const take = (live: LiveTarget, name?: string, keep = 5) =>
  createSnapshot(bench.tools, live, {
    ...(name === undefined ? {} : { name }),
    ...{ keep, whenConnected: async () => "disconnect" as const },
  });

const rewind = (live: LiveTarget, name?: string, request: Partial<RewindRequest> = {}) =>
  rewindDatabase(bench.tools, live, {
    ...(name === undefined ? {} : { name }),
    ...{ choose: async (all, of) => requireNewest(all, of), services: [], consent: async () => undefined },
    ...request,
  });

const names = async (live: LiveTarget) => (await readSnapshots(live, new Date())).map(({ name }) => name);

async function small(server: TestServer) {
  const database = uniqueName("snap");
  await createSmall(server, database, 10);
  return { database, live: await openLive(server, database, bench) };
}

async function readMark(server: TestServer, database: string) {
  const comment = "select shobj_description(oid, 'pg_database') from pg_database";
  return parseMark(await server.psql("postgres", `${comment} where datname = '${database}'`));
}

const count = (server: TestServer, database: string) => server.psql(database, "select count(*) from item");

describe.each(takingTurns([15, 18], import.meta.path))("PostgreSQL %i", (major) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await sharedServer(major);
  });

  test("a rewind brings every kind of object back, and keeps what belongs to the database itself", async () => {
    const database = uniqueName("snap");
    await createEveryKind(server, database);
    await server.psql(
      "postgres",
      `alter database ${database} owner to pgrove_owner; comment on database ${database} is 'a shop''s';
       alter database ${database} set search_path = app, "$user"; alter role pgrove_reader in database ${database} set work_mem = '9MB';
       revoke connect on database ${database} from public; grant connect on database ${database} to pgrove_reader with grant option;
       alter database ${database} connection limit 7`,
    );
    const live = await openLive(server, database, bench);
    const [before, properties] = [await fingerprint(server, database), await databaseProperties(server, database)];
    const taken = await take(live, "whole");
    expect(taken.database).toBe(`${database}_snapshot_whole`);
    expect(await readMark(server, taken.database)).toMatchObject({
      ...{ kind: "snapshot", of: database, name: "whole", at: taken.takenAt.toISOString() },
    });
    await server.psql(database, "drop schema app cascade; create table public.damage ()");
    const damaged = await fingerprint(server, database);
    const result = await rewind(live, "whole");
    expect(result).toMatchObject({ database, kept: BEFORE_REWIND, snapshot: { name: "whole" } });
    expect(await fingerprint(server, database)).toEqual(before);
    expect(await databaseProperties(server, database)).toEqual(properties);

    await rewind(live, BEFORE_REWIND);
    expect(await fingerprint(server, database)).toEqual(damaged);
    expect(await databaseProperties(server, database)).toEqual(properties);
    await rewind(live, BEFORE_REWIND);
    expect(await fingerprint(server, database)).toEqual(before);
    expect(await names(live)).toEqual([BEFORE_REWIND, "whole"]);
    const snapshots = (await databasesLike(server, database)).filter((name) => name !== database);
    expect(snapshots).toHaveLength(2); // nothing else is left of three rewinds
    for (const closed of snapshots) {
      await expect(server.psql(closed, "select 1")).rejects.toThrow("not currently accepting connections");
    }
  });
});

describe("among others", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await sharedServer(18);
  });

  test("what an earlier rewind left is found by its mark, whatever an earlier version has named it", async () => {
    const { database, live } = await small(server);
    await take(live, "first");
    await rewind(live);
    const [before] = (await readSnapshots(live, new Date())).filter(({ name }) => name === BEFORE_REWIND);
    await server.psql("postgres", `alter database "${before?.database}" rename to "${database}_former"`);
    await server.psql(database, "truncate tag, item; insert into item (name) values ('a'), ('b'), ('c')");
    await rewind(live);
    expect(await names(live)).toEqual([BEFORE_REWIND, "first"]);
    expect(await databasesLike(server, `${database}_former`)).toEqual([]);
    await rewind(live, BEFORE_REWIND);
    expect(await count(server, database)).toBe("3");
  });

  test("more than are kept: the oldest goes, whatever the clock says; what a rewind left is not counted", async () => {
    const { live } = await small(server);
    await take(live, "first", 2);
    await rewind(live, "first");
    const earlier = { ...bench.tools, clock: { now: () => new Date("2001-01-01T00:00:00Z") } };
    const request = { keep: 2, whenConnected: async () => "disconnect" as const };
    await createSnapshot(earlier, live, { ...request, name: "second" });
    expect(await names(live)).toEqual(["second", BEFORE_REWIND, "first"]);
    bench.notes.length = 0;
    expect((await take(live, "third", 2)).dropped).toEqual(["first"]);
    expect(bench.notes.join("\n")).toContain("dropped the oldest snapshot, first");
    expect(await names(live)).toEqual(["third", "second", BEFORE_REWIND]);
    expect((await take(live, "fourth", 1)).dropped).toEqual(["third", "second"]);
  });

  test("a database that only has such a name is never touched", async () => {
    const { database, live } = await small(server);
    const foreign = ["mine", BEFORE_REWIND].map((name) => `${database}_snapshot_${name}`);
    for (const name of foreign) await createSmall(server, name, 3);
    await server.psql(
      "postgres",
      `comment on database "${foreign[0]}" is 'pgrove {"kind":"worktree","of":"${database}","name":"mine"}'`,
    );
    expect(await rejection(take(live, "mine"))).toMatchObject({ code: "name_taken", exit: 5 });
    await take(live, "other");
    expect(await rejection(rewind(live, "mine"))).toMatchObject({ code: "snapshot_missing", exit: 4 });
    expect(await rejection(rewind(live, "other"))).toMatchObject({ code: "name_taken", exit: 5 });
    const removing = removeSnapshot(bench.tools, live, { name: "mine", consent: async () => undefined });
    expect(await rejection(removing)).toMatchObject({ code: "snapshot_missing", exit: 4 });
    for (const name of foreign) expect(await count(server, name)).toBe("3");
    expect(await names(live)).toEqual(["other"]);
  });
});

describe("in use", () => {
  let server: TestServer;
  let database: string;
  let live: LiveTarget;

  beforeAll(async () => {
    server = await sharedServer(18);
    database = uniqueName("used");
    await createSmall(server, database, 5);
    live = await openLive(server, database, bench);
  });

  test("sessions are ended for the moment of a snapshot, once that was agreed to", async () => {
    const user = connect(server, database);
    await user`set application_name = 'a worker'`;
    const seen: string[] = [];
    await createSnapshot(bench.tools, live, {
      ...{ keep: 9, name: "used" },
      whenConnected: async (sessions) => {
        seen.push(...sessions.map(({ application }) => application));
        return "disconnect";
      },
    });
    await user.end();
    expect(seen).toEqual(["a worker"]);
    expect(await names(live)).toContain("used");
  });

  test("whoever waits is not disturbed", async () => {
    const user = connect(server, database);
    await user`begin`;
    await user`insert into tag values (1, 'late')`;
    const notes = bench.notes.length;
    const taking = createSnapshot(bench.tools, live, { keep: 9, name: "waited", whenConnected: async () => "wait" });
    await waitFor(
      "it to wait",
      10_000,
      async () => bench.notes.slice(notes).join().includes("waiting until nobody"),
      20,
    );
    await user`commit`;
    await user.end();
    await taking;
    await server.psql(database, "delete from tag");
    await rewind(live, "waited");
    expect(await server.psql(database, "select count(*) from tag where tag = 'late'")).toBe("1");
  });

  test("a rewind ends the sessions of what it replaces", async () => {
    await take(live, "ended", 9);
    const user = connect(server, database);
    await user`select 1`;
    const losses: number[] = [];
    await rewind(live, "ended", { consent: async ({ sessions }) => void losses.push(sessions.length) });
    await user.end();
    expect(losses).toEqual([1]);
  });

  test("prepared transactions are named, and nothing is rolled back", async () => {
    const gid = uniqueName("gid");
    await take(live, "bound", 9);
    await server.psql(database, `begin; insert into tag values (1, 'x'); prepare transaction '${gid}'`);
    try {
      expect(await rejection(take(live, "never", 9))).toMatchObject({ code: "not_copyable", exit: 5 });
      expect(await rejection(rewind(live, "bound"))).toMatchObject({ code: "database_bound", exit: 5 });
    } finally {
      await server.psql(database, `rollback prepared '${gid}'`);
    }
    expect(await names(live)).not.toContain("never");
  });
});

test("a role that may create databases takes snapshots of its own database, and rewinds it", async () => {
  const server = await sharedServer(18);
  await ensureRoles(server);
  const [database, role] = [uniqueName("own"), uniqueName("role")];
  await server.psql("postgres", `create role ${role} login createdb password 'x'`);
  await createSmall(server, database, 4);
  await server.psql("postgres", `alter database ${database} owner to ${role}`);
  const { target, ...rest } = await openLive(server, database, bench);
  const { openTarget } = await import("../../../src/resolve/target.ts");
  const login = { user: role, password: "x" };
  const tools = { runner: bench.tools.runner, clientImage: "", stageParent: bench.folder, note: bench.tools.note };
  const live = { ...rest, ...(await openTarget({ ...target, login }, tools, database)) };
  await take(live, "own");
  await server.psql(database, "drop table tag, item");
  await rewind(live);
  expect(await server.psql(database, "select count(*) from item")).toBe("4");
  const removed = await removeSnapshot(bench.tools, live, { name: "own", consent: async () => undefined });
  expect(removed.database).toBe(`${database}_snapshot_own`);
  expect(await names(live)).toEqual([BEFORE_REWIND]);
});

test("a plan changes nothing, and says what would be dropped", async () => {
  const server = await sharedServer(18);
  const database = uniqueName("plan");
  await createSmall(server, database, 4);
  const live = await openLive(server, database, bench);
  await take(live, "one");
  const before = await databasesLike(server, database);
  const plan = await planSnapshot(bench.tools, live, { name: "two", keep: 1 });
  expect(plan).toMatchObject({ name: "two", of: database, database: `${database}_snapshot_two`, drops: ["one"] });
  expect(await rejection(planSnapshot(bench.tools, live, { name: "one", keep: 1 }))).toMatchObject({ exit: 5 });
  expect(await databasesLike(server, database)).toEqual(before);
});
