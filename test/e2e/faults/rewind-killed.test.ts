/**
 * What is replaced by `rewind` and `seed --reset` is kept, whenever pgrove is killed: the target is one of its two states,
 * whole, and what was written to it last is in it or in the state that was kept.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "postgres";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { type Gate, holdInPlace, holdLocks, openAndStrike } from "../../support/faults/gates.ts";
import { thorough, waitUntilHeld } from "../../support/faults/moments.ts";
import { waitForNothing } from "../../support/faults/world.ts";
import { Grove } from "../../support/worktrees/grove.ts";

const SAVED = 50;
const LAST = 52;

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(18);
});

/** Where a unit is, as SQL and pgrove need it. */
interface Scene {
  grove: Grove;
  database: string;
  table: string;
  unit: string;
}

/** Undefined where no migration has made the table yet. */
async function count({ grove, database, table }: Scene): Promise<unknown> {
  if ((await grove.ask(database, `select to_regclass('${table}')`)) === null) return undefined;
  return await grove.ask(database, `select count(*)::int from ${table}`);
}

async function addRow({ grove, database, table }: Scene): Promise<void> {
  await grove.ask(database, `insert into ${table} values (0, 'written later')`);
}

/** A worktree with a snapshot of 50 rows, one of 51 from a first rewind, and 52 in place. */
async function openScene(isolation: "database" | "schema"): Promise<Scene> {
  const grove = await Grove.create(server, { yaml: `isolation: ${isolation}\nmigrations: {dir: migrations}\n` });
  await grove.commit("a migration", {
    "migrations/1_a.up.sql": "create table item (id int, name text)",
    "seeds/base.sql": "insert into item values (1, 'one')",
  });
  const { database } = await grove.make("feature");
  const schema = isolation === "schema" ? `${grove.project}_feature` : "public";
  const unit = isolation === "schema" ? `${database}/${schema}` : database;
  const scene = { grove, database, table: `"${schema}".item`, unit };
  await grove.ok(["snapshot", "good", "feature"]);
  await addRow(scene);
  await grove.ok(["rewind", "good", "feature", "--yes"]);
  for (let row = SAVED; row < LAST; row++) await addRow(scene);
  return scene;
}

/** The databases that snapshots of the unit are kept as, the newest first. */
async function kept({ grove, unit }: Scene, name?: string): Promise<string[]> {
  const rows = await grove.sql<{ name: string; mark: string }[]>`
    select datname::text as name, shobj_description(oid, 'pg_database') as mark from pg_database
     where shobj_description(oid, 'pg_database') like '%snapshot%' order by oid desc`;
  const mine = rows.filter(({ mark }) => mark.includes(JSON.stringify(unit)) || mark.includes(unit));
  return mine.filter(({ mark }) => name === undefined || mark.includes(name)).map((row) => row.name);
}

/** Starts it and kills it while the gate holds it up in a statement like that. */
async function killAt({ grove }: Scene, args: string[], gate: Gate, statement: RegExp): Promise<void> {
  await using held = gate;
  const program = grove.repo.start(args);
  await waitUntilHeld(grove.sql as Sql, grove.repo, program, statement);
  await openAndStrike(held, program, "SIGKILL");
  expect(await program.ended).toMatchObject({ signal: "SIGKILL" });
}

/** Starts it and kills it as soon as that has come true. */
async function killWhen({ grove }: Scene, args: string[], moment: () => Promise<boolean>): Promise<void> {
  const program = grove.repo.start(args);
  await waitFor("the moment to strike at", 60_000, async () => !program.isRunning() || (await moment()), 1);
  program.kill("SIGKILL");
  await program.ended;
}

/** After the next run: one of two whole states is there, and the one with the last rows is there or kept. */
async function requireNothingLost(
  scene: Scene,
  expected: readonly (number | undefined)[],
  newest: string,
): Promise<void> {
  const { grove } = scene;
  await grove.ok(["rewind", "good", "feature", "--dry-run"]);
  await waitForNothing(server, grove.repo);
  const now = await count(scene);
  expect<unknown[]>([...expected]).toContain(now);
  if (now === LAST) return;
  await grove.ok(["rewind", newest, "feature", "--yes"]);
  expect(await count(scene)).toBe(LAST);
}

const BEFORE = "before-rewind";
const REWIND = ["rewind", "good", "feature", "--yes"];

describe("a schema", () => {
  const held = /^alter schema .* rename/;
  const holdSchema = ({ grove, table }: Scene) =>
    holdLocks(server, grove.project, `grant usage on schema ${table.split(".")[0]} to postgres`);

  test("rewind, killed behind saving and before the exchange: the target stays, the older state too", async () => {
    const scene = await openScene("schema");
    await using grove = scene.grove;
    const [older] = await kept(scene, BEFORE);
    await killAt(scene, REWIND, await holdSchema(scene), held);
    expect(await count(scene)).toBe(LAST);
    expect(await kept(scene, BEFORE)).toContain(String(older));
    await requireNothingLost(scene, [LAST], BEFORE);
    await grove.ok(REWIND);
    expect(await count(scene)).toBe(SAVED);
    await grove.ok(["rewind", BEFORE, "feature", "--yes"]);
    expect(await count(scene)).toBe(LAST);
    expect(await kept(scene, BEFORE)).toHaveLength(1);
  });

  test("rewind, killed behind the exchange and before the older state goes: both are kept", async () => {
    const scene = await openScene("schema");
    await using _ = scene.grove;
    const [older] = await kept(scene, BEFORE);
    await killAt(scene, REWIND, await holdInPlace(server, String(older)), /^drop database/);
    expect(await count(scene)).toBe(SAVED);
    await requireNothingLost(scene, [SAVED], BEFORE);
  });

  // At the same gate as the rewind, by the same steps.
  if (thorough)
    test("seed --reset, killed behind saving and before the exchange", async () => {
      const scene = await openScene("schema");
      await using grove = scene.grove;
      await killAt(scene, ["seed", "--reset-force", "-t", "feature", "--yes"], await holdSchema(scene), held);
      expect(await count(scene)).toBe(LAST);
      await requireNothingLost(scene, [LAST], BEFORE);
      await grove.ok(["seed", "--reset-force", "-t", "feature", "--yes"]);
      expect(await count(scene)).toBe(1);
    });
});

describe("a database", () => {
  test("rewind, killed in the transaction that swaps: the target stays, the older state too", async () => {
    const scene = await openScene("database");
    await using grove = scene.grove;
    const [older] = await kept(scene, BEFORE);
    await killAt(scene, REWIND, await holdInPlace(server, String(older)), /^alter database .* rename/);
    expect(await count(scene)).toBe(LAST);
    expect(await kept(scene, BEFORE)).toEqual([String(older)]);
    await requireNothingLost(scene, [LAST], BEFORE);
    await grove.ok(REWIND);
    expect(await count(scene)).toBe(SAVED);
  });

  test("rewind and seed --reset, killed as soon as what was there has its new name", async () => {
    const scene = await openScene("database");
    await using grove = scene.grove;
    const before = await kept(scene);
    const oid = await grove.oid(scene.database);
    const moved = async () => (await grove.oid(scene.database)) !== oid;
    await killWhen(scene, ["seed", "--reset-force", "-t", "feature", "--yes"], moved);
    const [name] = (await kept(scene)).filter((each) => !before.includes(each));
    const snapshot = String(name).replace(/^.*_snapshot_/, "");
    await requireNothingLost(scene, [undefined, 0, 1], snapshot);
    const again = await grove.oid(scene.database);
    await killWhen(scene, REWIND, async () => (await grove.oid(scene.database)) !== again);
    await requireNothingLost(scene, [SAVED], BEFORE);
  });
});
