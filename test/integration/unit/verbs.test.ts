/** Each verb that replaces or takes away, over both kinds of unit, from one table: what is promised of one holds for the other. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { replaceByEmpty } from "../../../src/copy/empty.ts";
import { createSnapshot, readSnapshots } from "../../../src/copy/snapshot.ts";
import { BEFORE_REWIND } from "../../../src/copy/snapshot-list.ts";
import { rewindDatabase } from "../../../src/copy/snapshot-rewind.ts";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import type { Loss } from "../../../src/unit/unit.ts";
import { unitOf } from "../../../src/unit/unit-of.ts";
import { withWork } from "../../../src/work/work.ts";
import {
  type Bench,
  copyRequest,
  databasesLike,
  dump,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { connect } from "../../support/faults/world.ts";
import { makeEmptyWorktree } from "../schema/worktree.ts";

let server: TestServer;
let bench: Bench;
let source: LiveTarget;
let archive: string;

/** What the source holds, and what stands where it is brought. */
const [SOURCE_ROWS, TARGET_ROWS] = ["3", "1"];

beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  const database = uniqueName("source");
  await server.createDatabase(database);
  await server.psql(database, "create table item as select generate_series(1, 3) as id");
  source = await openLive(server, database, bench);
  archive = pathOf(await dump(bench, source));
});
afterAll(() => bench.remove());

/** One unit of a kind, with one row in its table. */
interface Subject {
  live: LiveTarget;
  /** Runs SQL in it. */
  ask(sql: string): Promise<string>;
  /** Somebody else drops it and makes another one, of the same name and with the same mark. */
  remake(): Promise<void>;
  /** Puts something in the way of a replacement; resolves with what takes that away again. */
  bind(): Promise<() => Promise<unknown>>;
  /** What belongs to it and is in no dump of it. */
  properties(): Promise<string>;
  isThere(): Promise<boolean>;
}

interface Kind {
  noun: "database" | "schema";
  make(): Promise<Subject>;
  /** What it says of what is in the way. */
  bound: { code: string };
  /** What a restore or copy leaves of what it replaced. */
  keeps: boolean;
}

const KINDS: readonly Kind[] = [
  {
    noun: "database",
    bound: { code: "database_bound" },
    keeps: true,
    make: async () => {
      const database = uniqueName("unit");
      const fill = "create table item as select 1 as id";
      await server.createDatabase(database);
      await server.psql(database, fill);
      await server.psql(
        "postgres",
        `comment on database ${database} is 'ours'; grant connect on database ${database} to pg_monitor`,
      );
      return {
        live: await openLive(server, database, bench),
        ask: (sql) => server.psql(database, sql),
        remake: async () => {
          await server.psql("postgres", `drop database ${database} with (force)`);
          await server.createDatabase(database);
          await server.psql(
            database,
            `comment on database ${database} is 'ours'; create table precious as select 42 as answer`,
          );
        },
        bind: async () => {
          const slot = `slot_${database}`.slice(0, 60);
          await server.psql(database, `select pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
          return () => server.psql(database, `select pg_drop_replication_slot('${slot}')`);
        },
        isThere: async () => (await databasesLike(server, database)).includes(database),
        properties: () =>
          server.psql(
            "postgres",
            `select pg_get_userbyid(datdba), (select string_agg(a::text, ' ' order by a::text) from unnest(datacl) a), shobj_description(oid, 'pg_database') from pg_database where datname = '${database}'`,
          ),
      };
    },
  },
  {
    noun: "schema",
    bound: { code: "schema_needed" },
    keeps: false,
    make: async () => {
      const database = uniqueName("around");
      await server.createDatabase(database);
      const { live, comment, name } = await makeEmptyWorktree(
        bench,
        await openLive(server, database, bench),
        "feature-x",
      );
      const enter = `set search_path to ${name};`;
      await server.psql(
        database,
        `${enter} create table item as select 1 as id; grant usage on schema ${name} to pg_monitor`,
      );
      const mark = `comment on schema ${name} is '${comment.replaceAll("'", "''")}'`;
      return {
        live,
        ask: (sql) => server.psql(database, enter + sql),
        remake: async () =>
          void (await server.psql(
            database,
            `drop schema ${name} cascade; create schema ${name}; ${mark}; create table ${name}.precious as select 42 as answer`,
          )),
        bind: async () => {
          await server.psql(database, `create schema other; create view other.looks as select * from ${name}.item`);
          return () => server.psql(database, "drop schema other cascade");
        },
        isThere: async () =>
          (await server.psql(database, "select count(*) from pg_namespace where nspname = 'feature-x'")) === "1",
        properties: () =>
          server.psql(
            database,
            `select pg_get_userbyid(nspowner), (select string_agg(a::text, ' ' order by a::text) from unnest(nspacl) a), obj_description(oid, 'pg_namespace') from pg_namespace
              where nspname = 'feature-x'`,
          ),
      };
    },
  },
];

interface Verb {
  name: string;
  run(live: LiveTarget, consent: (loss: Loss) => Promise<void>): Promise<unknown>;
  /** The rows behind it. */
  rows: string | undefined;
}

const choose = async () => Promise.reject(new Error("the name is given"));
const snapshot = (live: LiveTarget, name: string) =>
  createSnapshot(bench.tools, live, { name, keep: 9, whenConnected: async () => "disconnect" });

const VERBS: readonly Verb[] = [
  { name: "restore", rows: SOURCE_ROWS, run: (live, consent) => restore(bench, live, archive, { consent }) },
  {
    name: "copy",
    rows: SOURCE_ROWS,
    run: (live, consent) => copyDatabase(bench.tools, source, live, copyRequest({ consent })),
  },
  {
    name: "empty",
    rows: undefined,
    run: (live, consent) =>
      replaceByEmpty(bench.tools, live, {
        ...{ like: async () => live.database, comment: "", discardPrevious: false, services: [], consent },
      }),
  },
  {
    name: "rewind",
    rows: TARGET_ROWS,
    run: async (live, consent) => {
      await snapshot(live, "a");
      return await rewindDatabase(bench.tools, live, { name: "a", choose, services: [], consent });
    },
  },
];

const agreed = async () => undefined;
const rowsOf = async ({ ask }: Subject) =>
  (await ask("select to_regclass('item') is null")) === "t" ? undefined : await ask("select count(*) from item");

describe.each([...KINDS])("a $noun", ({ noun, make, bound, keeps }) => {
  describe.each([...VERBS])("$name", ({ name, run, rows }) => {
    test("replaces what stands there, and owner, grants and comment stay", async () => {
      const subject = await make();
      const before = await subject.properties();
      const asked: Loss[] = [];
      await run(subject.live, async (loss) => void asked.push(loss));
      expect(asked).toMatchObject([{ noun, label: unitOf(subject.live).label }]);
      expect(await rowsOf(subject)).toBe(rows);
      expect(await subject.properties()).toBe(before);
      expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
      const previous = await databasesLike(server, `${subject.live.database}_before_restore`);
      expect(previous).toHaveLength(keeps && name !== "rewind" ? 1 : 0);
    });

    test("leaves alone what somebody has made anew since it was agreed to", async () => {
      const subject = await make();
      const error = await rejection(run(subject.live, subject.remake));
      expect(error).toMatchObject({ code: "changed_meanwhile", exit: 5 });
      expect(await subject.ask("select answer from precious")).toBe("42");
      expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
    });

    test("names what is in the way, and replaces nothing", async () => {
      const subject = await make();
      const clear = await subject.bind();
      try {
        expect(await rejection(run(subject.live, agreed))).toMatchObject({ ...bound, exit: 5 });
        expect(await rowsOf(subject)).toBe(TARGET_ROWS);
      } finally {
        await clear(); // a slot outlives its test
      }
    });

    test("is refused while another run works on it", async () => {
      const subject = await make();
      let inner: unknown;
      await run(subject.live, async () => {
        inner = await rejection(restore(bench, subject.live, archive));
      });
      expect(inner).toMatchObject({ code: "database_busy", exit: 5 });
      expect(await rowsOf(subject)).toBe(rows);
    });
  });

  test("a rewind is undone by the next one, and snapshots are its own", async () => {
    const subject = await make();
    await snapshot(subject.live, "one");
    await subject.ask("insert into item values (2)");
    const rewind = (name: string) =>
      rewindDatabase(bench.tools, subject.live, { name, choose, services: [], consent: agreed });
    await rewind("one");
    expect(await rowsOf(subject)).toBe("1");
    await rewind(BEFORE_REWIND);
    expect(await rowsOf(subject)).toBe("2");
    const names = (await readSnapshots(subject.live, new Date())).map((each) => each.name);
    expect(names.sort()).toEqual([BEFORE_REWIND, "one"]);
    expect(await readSnapshots(source, new Date())).toEqual([]);
  });

  test("a snapshot asks about who is connected where it disconnects them", async () => {
    const subject = await make();
    const client = connect(server, subject.live.database);
    await client`select 1`;
    let asked = 0;
    const whenConnected = async () => {
      asked += 1;
      return "disconnect" as const;
    };
    await createSnapshot(bench.tools, subject.live, { name: "a", keep: 9, whenConnected });
    expect(asked).toBe(unitOf(subject.live).isWhole ? 1 : 0);
    await client.end({ timeout: 0 });
  });

  test("what a worktree owns is found by its mark, checked, and dropped", async () => {
    const { live, subject, worktree } = await ownedBy(await make());
    await snapshot(live, "saved");
    const unit = unitOf(live);
    const subjectOfWork = { operation: "remove", claims: unit.claims("exclusive"), avoid: [live.database] };
    expect(await subject.isThere()).toBe(true);
    const owned = await withWork(bench.tools, live, subjectOfWork, async (work) => {
      const found = await unit.findOwned(work, worktree, "postgres");
      await found.requireDroppable();
      for (const drop of found.drops) await drop();
      return found;
    });
    expect(owned.databases.filter((name) => name.endsWith("_snapshot_saved"))).toHaveLength(1);
    for (const database of owned.databases) expect(await databasesLike(server, database)).toEqual([]);
    expect(await subject.isThere()).toBe(false);
  });
});

/** The same as a worktree's own, by its mark. */
async function ownedBy(subject: Subject): Promise<{ live: LiveTarget; subject: Subject; worktree: string }> {
  const { live } = subject;
  const known = live.target.worktree?.id;
  if (known !== undefined) return { live, subject, worktree: known };
  const worktree = crypto.randomUUID();
  const mark = `pgrove {"kind":"worktree","worktree":"${worktree}"}`;
  await server.psql("postgres", `comment on database ${quoteIdentifier(live.database)} is '${mark}'`);
  return { live, subject, worktree };
}
