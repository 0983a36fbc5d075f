/** What somebody else makes under a target's name while its replacement is built was agreed to by nobody: it stays. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { replaceByEmpty } from "../../../src/copy/empty.ts";
import { createSnapshot, removeSnapshot } from "../../../src/copy/snapshot.ts";
import { rewindDatabase } from "../../../src/copy/snapshot-rewind.ts";
import { connectForAdmin } from "../../../src/postgres/admin.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { findStanding } from "../../../src/unit/standing.ts";
import { previousName, swapDatabases } from "../../../src/unit/swap.ts";
import type { Loss } from "../../../src/unit/unit.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  databasesLike,
  dump,
  findDump,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { connect } from "../../support/faults/world.ts";
import { mainOf, makeEmptyWorktree } from "../schema/worktree.ts";

const ROWS = 7;

let server: TestServer;
let bench: Bench;
let source: LiveTarget;
let archive: string;

beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  const database = uniqueName("source");
  await createSmall(server, database, ROWS);
  source = await openLive(server, database, bench);
  archive = pathOf(await dump(bench, source));
});
afterAll(() => bench.remove());

/** A stranger's database, made anew under the name. */
async function makePrecious(name: string): Promise<void> {
  await server.psql("postgres", `drop database if exists ${name} with (force)`);
  await server.createDatabase(name);
  await server.psql(name, "create table precious as select 42 as answer");
}

const readPrecious = (name: string) => server.psql(name, "select answer from precious");

/** A target that is there, with the tables of the source. */
async function makeTarget(): Promise<LiveTarget> {
  const name = uniqueName("target");
  await createSmall(server, name, 1);
  return await openLive(server, name, bench);
}

const SERVICES = { services: [], discardPrevious: true };

/** The ways in which a database is replaced: each asks `consent` before its work begins. */
const WAYS: readonly (readonly [
  way: string,
  replace: (target: LiveTarget, consent: (loss: Loss) => Promise<void>) => Promise<unknown>,
])[] = [
  ["restore", (target, consent) => restore(bench, target, archive, { consent })],
  ["restore --discard-previous", (target, consent) => restore(bench, target, archive, { consent, ...SERVICES })],
  ["restore -", (target, consent) => restore(bench, target, archive, { consent, askFirst: true })],
  ["copy", (target, consent) => copyDatabase(bench.tools, source, target, copyRequest({ consent }))],
  [
    "copy --discard-previous",
    (target, consent) => copyDatabase(bench.tools, source, target, copyRequest({ consent, ...SERVICES })),
  ],
  [
    "empty",
    (target, consent) =>
      replaceByEmpty(bench.tools, target, { like: async () => source.database, comment: "", consent, ...SERVICES }),
  ],
  [
    "rewind",
    async (target, consent) => {
      await createSnapshot(bench.tools, target, { name: "a", keep: 5, whenConnected: async () => "disconnect" });
      const choose = async () => Promise.reject(new Error("the name is given"));
      return await rewindDatabase(bench.tools, target, { name: "a", choose, services: [], consent });
    },
  ],
];

describe.each([...WAYS])("%s", (_way, replace) => {
  test("leaves a database alone that was made anew under the name, and drops its own", async () => {
    const target = await makeTarget();
    const error = await rejection(replace(target, () => makePrecious(target.database)));
    expect(error).toMatchObject({ code: "changed_meanwhile", exit: 5 });
    expect(error.message).toContain(target.database);
    expect(await readPrecious(target.database)).toBe("42");
    expect(await databasesLike(server, previousName(target.database))).toEqual([]);
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("replaces what was agreed to, however it has grown", async () => {
    const target = await makeTarget();
    await replace(target, async () => {
      await server.psql(target.database, "insert into item (name) select 'more' from generate_series(1, 1000)");
    });
    expect(await databasesLike(server, target.database)).toContain(target.database);
  });
});

test.each([
  ["another owner", "alter database $ owner to pg_monitor"],
  ["a worktree's mark", `comment on database $ is 'pgrove {"kind":"worktree","worktree":"other"}'`],
  ["nothing behind the name", "alter database $ rename to $_elsewhere"],
])("%s is another one than was agreed to", async (_what, statement) => {
  const target = await makeTarget();
  const consent = async () => void (await server.psql("postgres", statement.replaceAll("$", target.database)));
  const error = await rejection(restore(bench, target, archive, { consent }));
  expect(error).toMatchObject({ code: "changed_meanwhile", exit: 5 });
  const left = statement.includes("rename") ? `${target.database}_elsewhere` : target.database;
  expect(await databasesLike(server, target.database)).toEqual([left]);
  expect(await server.psql(left, "select count(*) from item")).toBe("1");
});

describe("where nothing was", () => {
  test.each([{}, { discardPrevious: true }])("a restore with %p leaves what was made there alone", async (request) => {
    const target = await openLive(server, uniqueName("fresh"), bench);
    const findLate = async () => {
      await makePrecious(target.database);
      return await findDump(bench, archive);
    };
    const consent = () => Promise.reject(new Error("nothing was there to be asked about"));
    const error = await rejection(restore(bench, target, archive, { findDump: findLate, consent, ...request }));
    expect(error).toMatchObject({ code: "made_meanwhile", exit: 5 });
    expect(await readPrecious(target.database)).toBe("42");
    expect(await databasesLike(server, target.database)).toEqual([target.database]);
  });

  test("so does one into a new database, and a copy", async () => {
    const [into, to] = [uniqueName("into"), await openLive(server, uniqueName("to"), bench)];
    const findLate = async () => {
      await makePrecious(into);
      return await findDump(bench, archive);
    };
    const intoNew = restore(bench, source, archive, { findDump: findLate, intoNew: into });
    expect(await rejection(intoNew)).toMatchObject({ code: "made_meanwhile", exit: 5 });
    expect(await readPrecious(into)).toBe("42");

    const client = connect(server, source.database);
    await client`select 1`; // somebody is in the source, about which is asked once the target was looked at
    const whenBusy = async () => {
      await makePrecious(to.database);
      return "stream" as const;
    };
    const copied = copyDatabase(bench.tools, source, to, copyRequest({ whenBusy, discardPrevious: true }));
    expect(await rejection(copied)).toMatchObject({ code: "made_meanwhile", exit: 5 });
    await client.end();
    expect(await readPrecious(to.database)).toBe("42");
    expect(await server.psql(source.database, "select count(*) from item")).toBe(String(ROWS));
  });
});

test("what changes between the last look and the rename is seen behind the rename, which is taken back", async () => {
  const [target, aside] = [await makeTarget(), uniqueName("aside")];
  const { database } = target;
  const run = newRunId(new Date());
  const control = await connectForAdmin(target.toolbox, run, [database]);
  const other = connect(server, "postgres");
  try {
    const agreed = [{ database, agreed: await findStanding(control, database) }];
    const swap = { renames: [[database, aside]] as const, statements: [], occupied: [database], agreed, run };
    const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
    const { promise: marked, resolve: onMarked } = Promise.withResolvers<void>();
    const marking = other.begin(async (transaction) => {
      await transaction.unsafe(`comment on database ${database} is 'pgrove {"kind":"worktree","worktree":"other"}'`);
      onMarked(); // it holds the database now, which the rename will wait for
      await mayCommit;
    });
    await marked;
    const swapping = rejection(swapDatabases(control, () => connectForAdmin(target.toolbox, run, [database]), swap));
    const waiting = `select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter database%${aside}%'`;
    await waitFor("the rename to wait", 60_000, async () => (await server.psql("postgres", waiting)) === "1", 50);
    commit();
    await marking;
    expect(await swapping).toMatchObject({ code: "changed_meanwhile", exit: 5 });
  } finally {
    await other.end();
    await control.end();
  }
  expect(await databasesLike(server, aside)).toEqual([]);
  expect(await server.psql(database, "select count(*) from item")).toBe("1");
});

describe("what goes beside it", () => {
  /** Another database under the name, with the comment that the one there had. */
  async function replaceBySame(name: string): Promise<void> {
    const comment = await server.psql(
      "postgres",
      `select shobj_description(oid, 'pg_database') from pg_database where datname = '${name}'`,
    );
    await server.psql("postgres", `drop database "${name}" with (force)`);
    await server.psql("postgres", `create database "${name}"`);
    await server.psql(name, "create table precious as select 42 as answer");
    await server.psql("postgres", `comment on database "${name}" is '${comment}'`);
  }
  const changed = { code: "changed_meanwhile", exit: 5 };

  test("the state that was kept the last time is named, and another one under its name stays", async () => {
    const target = await makeTarget();
    const previous = previousName(target.database);
    await copyDatabase(bench.tools, source, target, copyRequest());
    const losses: Loss[] = [];
    const consent = async (loss: Loss) => {
      losses.push(loss);
      if (losses.length > 1) await replaceBySame(previous);
    };
    await copyDatabase(bench.tools, source, target, copyRequest({ consent, ...SERVICES }));
    expect(losses[0]).toMatchObject({ kept: false });
    expect(losses[0]?.older).toBeUndefined();
    expect(await rejection(copyDatabase(bench.tools, source, target, copyRequest({ consent })))).toMatchObject(changed);
    expect(losses[1]).toMatchObject({ kept: true, older: { database: previous } });
    expect(await readPrecious(previous)).toBe("42");
    await copyDatabase(bench.tools, source, target, copyRequest());
  });

  test("a snapshot, and the state before the last rewind", async () => {
    const target = await makeTarget();
    const take = { keep: 5, whenConnected: async () => "disconnect" as const };
    const { database } = await createSnapshot(bench.tools, target, { ...take, name: "a" });
    const removing = { name: "a", consent: async () => await replaceBySame(database) };
    expect(await rejection(removeSnapshot(bench.tools, target, removing))).toMatchObject(changed);
    expect(await readPrecious(database)).toBe("42");
    await server.psql("postgres", `drop database ${database} with (force)`);

    await createSnapshot(bench.tools, target, { ...take, name: "a" });
    const choose = async () => Promise.reject(new Error("the name is given"));
    const rewind = (consent: (loss: Loss) => Promise<void>) =>
      rewindDatabase(bench.tools, target, { name: "a", choose, services: [], consent });
    await rewind(async () => undefined);
    const before = `${target.database}_snapshot_before-rewind`;
    const consent = async ({ older }: Loss) => {
      expect(older?.database).toBe(before);
      await replaceBySame(before);
    };
    expect(await rejection(rewind(consent))).toMatchObject(changed);
    expect(await readPrecious(before)).toBe("42");
  });
});

describe("schemas", () => {
  const remake = (schema: string, comment = "") =>
    `drop schema if exists ${schema} cascade; create schema ${schema}; create table ${schema}.precious as select 42 as answer;
     comment on schema ${schema} is '${comment.replaceAll("'", "''")}'`;

  test.each(["copy", "restore"] as const)("a %s leaves one alone that was made anew, or made at all", async (way) => {
    const target = await makeTarget();
    const replace = (schema: string, hooks: { consent?: () => Promise<void>; meanwhile?: () => Promise<void> }) => {
      const { consent = async () => undefined, meanwhile = async () => undefined } = hooks;
      const live = mainOf(target, schema);
      const findLate = async () => {
        await meanwhile();
        return await findDump(bench, archive);
      };
      if (way === "restore") return restore(bench, live, archive, { consent, findDump: findLate });
      return copyDatabase(bench.tools, source, live, copyRequest({ consent }));
    };
    await server.psql(target.database, "create schema old; create schema same");
    const anew = replace("old", { consent: async () => void (await server.psql(target.database, remake("old"))) });
    expect(await rejection(anew)).toMatchObject({ code: "changed_meanwhile", exit: 5 });
    expect(await server.psql(target.database, "select answer from old.precious")).toBe("42");
    if (way === "restore") {
      const made = replace("fresh", {
        meanwhile: async () => void (await server.psql(target.database, remake("fresh"))),
      });
      expect(await rejection(made)).toMatchObject({ code: "made_meanwhile", exit: 5 });
      expect(await server.psql(target.database, "select answer from fresh.precious")).toBe("42");
    }
    await replace("same", {});
    expect(await server.psql(target.database, "select count(*) from same.item")).toBe(String(ROWS));
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("a copy leaves one alone that is made anew while the rows come in", async () => {
    const target = await makeTarget();
    await server.psql(target.database, "create schema late");
    const command = ["docker", "exec", server.container, "psql", "-XqU", server.user, "-d", target.database, "-c"];
    const phases: string[] = [];
    const progress = ({ phase }: { phase: string }) => {
      phases.push(phase);
      if (phase === "analyze") Bun.spawnSync([...command, remake("late")]); // the rows are in, the swap is next
    };
    const copied = copyDatabase({ ...bench.tools, progress }, source, mainOf(target, "late"), copyRequest());
    expect(await rejection(copied)).toMatchObject({ code: "changed_meanwhile", exit: 5 });
    expect(phases.filter((phase) => phase === "analyze")).toHaveLength(1);
    expect(await server.psql(target.database, "select answer from late.precious")).toBe("42");
  });

  test("emptying and rewinding leave one alone that was made anew, though it carries the mark", async () => {
    const target = await makeTarget();
    const { live, comment } = await makeEmptyWorktree(bench, target, "feature_x");
    await createSnapshot(bench.tools, live, { name: "a", keep: 5, whenConnected: async () => "disconnect" });
    const consent = async () => void (await server.psql(target.database, remake("feature_x", comment)));
    const choose = async () => Promise.reject(new Error("the name is given"));
    const ways = [
      () => replaceByEmpty(bench.tools, live, { like: async () => "", comment, consent, ...SERVICES }),
      () => rewindDatabase(bench.tools, live, { name: "a", choose, services: [], consent }),
    ];
    for (const way of ways) {
      const error = await rejection(way());
      expect(error).toMatchObject({ code: "changed_meanwhile", exit: 5 });
      expect(await server.psql(target.database, "select answer from feature_x.precious")).toBe("42");
    }
  });
});
