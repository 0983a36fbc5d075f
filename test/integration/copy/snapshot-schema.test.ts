import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createSnapshot, readSnapshots } from "../../../src/copy/snapshot.ts";
import { BEFORE_REWIND } from "../../../src/copy/snapshot-list.ts";
import { rewindDatabase } from "../../../src/copy/snapshot-rewind.ts";
import { formatMark } from "../../../src/postgres/ownership.ts";
import type { WorktreeRow } from "../../../src/repo/registry.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { type Bench, databasesLike, makeBench, openLive, rejection, uniqueName } from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { connect } from "../../support/faults/world.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.remove());

const take = (live: LiveTarget, name: string, keep = 5) =>
  createSnapshot(bench.tools, live, {
    ...{ name, keep },
    whenConnected: async () => {
      throw new Error("nobody has to be disconnected for a schema");
    },
  });

const rewind = (live: LiveTarget, name: string) =>
  rewindDatabase(bench.tools, live, {
    ...{ name, services: [], consent: async () => undefined },
    choose: async () => {
      throw new Error("the name is given");
    },
  });

const names = async (live: LiveTarget) => (await readSnapshots(live, new Date())).map(({ name }) => name);

describe.each(takingTurns([15, 18], import.meta.path))("one schema, PostgreSQL %i", (major) => {
  let server: TestServer;
  const database = uniqueName("schemas");
  const role = uniqueName("worker");
  const schema = 'feat/"x" ü';
  const quoted = '"feat/""x"" ü"';
  const row: WorktreeRow = {
    ...{ id: crypto.randomUUID(), name: "feat-x", path: "/nowhere", index: 1, isolation: "schema", database, schema },
    ...{ role: { name: role, password: "x" }, ports: {}, data: { kind: "empty" }, state: "ready", setup: "skipped" },
    createdAt: new Date(0).toISOString(),
  };
  const mark = formatMark({ kind: "worktree", repository: "r", worktree: row.id, name: row.name });
  let main: LiveTarget;
  let worktree: LiveTarget;

  beforeAll(async () => {
    server = await sharedServer(major);
    await server.createDatabase(database);
    await server.psql(
      database,
      `create role ${role} login password 'x'; create table public.item as select 'main ' || g as name from generate_series(1, 7) g;
       create schema ${quoted} authorization ${role}; comment on schema ${quoted} is '${mark}';
       create table ${quoted}.item (id serial primary key, name text); alter table ${quoted}.item owner to ${role};
       insert into ${quoted}.item (name) values ('mine'), ('yours')`,
    );
    const live = await openLive(server, database, bench);
    main = { ...live, target: { ...live.target, schema: "public" } };
    worktree = { ...live, target: { ...live.target, name: row.name, label: row.name, schema, worktree: row } };
  });

  const mine = () => server.psql(database, `select string_agg(name, ',' order by id) from ${quoted}.item`);
  const mains = () => server.psql(database, "select count(*) from public.item");

  test("is rewound alone, and undone, while somebody else works beside it", async () => {
    const user = connect(server, database);
    await user`select 1`;
    const taken = await take(worktree, "good");
    expect(taken.of).toBe(`${database}/${schema}`);
    expect(taken.database).toBe(`${database}.feat."x" ü_snapshot_good`);
    await server.psql(
      database,
      `delete from ${quoted}.item where name = 'yours'; insert into public.item values ('new')`,
    );

    await rewind(worktree, "good");
    expect(await mine()).toBe("mine,yours");
    expect(await mains()).toBe("8");
    await rewind(worktree, BEFORE_REWIND);
    expect(await mine()).toBe("mine");
    await rewind(worktree, BEFORE_REWIND);
    expect(await mine()).toBe("mine,yours");
    expect(await names(worktree)).toEqual([BEFORE_REWIND, "good"]);

    const owner = `select tableowner from pg_tables where schemaname = '${schema}' and tablename = 'item'`;
    expect(await server.psql(database, owner)).toBe(role);
    const comment = await server.psql(database, `select obj_description('${quoted}'::regnamespace, 'pg_namespace')`);
    expect(comment).toBe(mark);
    await expect(server.psql(taken.database, "select 1")).rejects.toThrow("not currently accepting connections");
    expect(await user`select 1 as still`).toMatchObject([{ still: 1 }]);
    await user.end();
  });

  if (major === 15) return; // what follows is the same for every version

  test("main's schema has snapshots of its own, and the worktree's schema stays", async () => {
    await take(main, "good");
    await server.psql(database, "drop table public.item");
    await rewind(main, "good");
    expect(await mains()).toBe("8");
    expect(await mine()).toBe("mine,yours");
    expect(await names(main)).toEqual([BEFORE_REWIND, "good"]);
  });

  test("what is written until the swap is in one of the two states", async () => {
    await take(worktree, "still");
    const user = connect(server, database);
    const written: string[] = [];
    let done = false;
    const writing = (async () => {
      for (let row = 0; !done; row++) {
        const name = `row ${row}`;
        const insert = user.unsafe(`insert into ${quoted}.item (name) values ('${name}')`);
        // Who waited for a table that has gone is told so.
        await insert.then(
          () => written.push(name),
          () => undefined,
        );
      }
    })();
    await waitFor("rows", 30_000, async () => written.length > 20, 5);
    await rewind(worktree, "still");
    const enough = written.length + 5;
    await waitFor("rows in the new state", 30_000, async () => written.length > enough, 5);
    done = true;
    await writing;
    await user.end();
    const rows = async (from: string) => (await server.psql(from, `select name from ${quoted}.item`)).split("\n");
    const now = await rows(database);
    await rewind(worktree, BEFORE_REWIND);
    const before = await rows(database);
    expect(written.filter((name) => !now.includes(name) && !before.includes(name))).toEqual([]);
    expect(await names(worktree)).toEqual([BEFORE_REWIND, "still", ...(await names(worktree)).slice(2)]);
    await rewind(worktree, "still");
  });

  test("a rewind that fails leaves the schema and its snapshots as they were", async () => {
    await server.psql(database, `create view public.needs as select name from ${quoted}.item`);
    const before = await readSnapshots(worktree, new Date());
    const error = await rejection(rewind(worktree, "good"));
    expect(error.message).toContain("needs");
    expect(await mine()).toBe("mine,yours");
    expect(await readSnapshots(worktree, new Date())).toEqual(before);
    expect(await databasesLike(server, database)).toHaveLength(1 + before.length + (await names(main)).length);
    await server.psql(database, "drop view public.needs");
    await rewind(worktree, "good");
  });
});
