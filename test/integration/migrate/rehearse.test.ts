/** Rehearsals: migrations run on a copy, and the target is what it was. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { MigrationFiles } from "../../../src/migrate/files/read-migrations.ts";
import { applyWish } from "../../../src/migrate/run/apply.ts";
import { type HeldLock, type Rehearsal, rehearse } from "../../../src/migrate/run/rehearse.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { type Bench, databasesLike, fingerprint, makeBench, openLive } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { FACTS, filesOf, openSql, script } from "../../support/migration-ledgers.ts";

let bench: Bench;
let server: TestServer;

beforeAll(async () => {
  bench = await makeBench();
  server = await sharedServer(17);
});

afterAll(async () => {
  await bench.remove();
});

async function createLive(): Promise<LiveTarget> {
  const database = `rehearse_${randomUUID().slice(0, 8)}`;
  await server.createDatabase(database);
  await server.psql(database, "create table item (id int primary key, name text); insert into item values (1, 'a')");
  return await openLive(server, database, bench);
}

/** Migrations of their own SQL, numbered from 1. */
function filesWith(...ups: string[]): MigrationFiles {
  const names = ups.map((_, place) => `${place + 1}_step`);
  const files = filesOf(names);
  const migrations = files.migrations.map((migration, place) => ({
    ...migration,
    up: script(ups[place] ?? "", `migrations/${names[place]}.up.sql`),
  }));
  return { ...files, migrations };
}

async function rehearseAll(live: LiveTarget, files: MigrationFiles): Promise<Rehearsal> {
  return await rehearse(bench.tools, live, {
    whenBusy: async () => "stream",
    run: async (work, copy, readLocks) => {
      const held = new Map<bigint, HeldLock[]>();
      const applied = await applyWish(work, copy, {
        ...{ files, wish: { kind: "head" }, allowOutOfOrder: false, facts: FACTS },
        settings: { lockTimeoutMs: 0, statementTimeoutMs: 0 },
        beforeCommit: async (sql, { version }) => void held.set(version, await readLocks(sql)),
      });
      return applied.map(({ step, durationMs }) => ({
        ...{ name: step.digits, durationMs },
        locks: held.get(step.version) ?? [],
      }));
    },
  });
}

const noScratch = () => databasesLike(server, "pgrove_scratch_");

describe("a rehearsal", () => {
  test("says what each migration locks and what becomes of the schema; the target stays as it is", async () => {
    const live = await createLive();
    const before = await fingerprint(server, live.database);
    const files = filesWith(
      "alter table item add note text; create table fresh (id int references item)",
      "create index on item (name)",
      "select 1",
    );
    const { steps, difference, strategy } = await rehearseAll(live, files);
    expect(strategy).toBe("template");
    expect(steps.map(({ name, locks }) => [name, locks])).toEqual([
      ["1", [{ table: "public.item", mode: "ACCESS EXCLUSIVE" }]],
      ["2", [{ table: "public.item", mode: "SHARE" }]],
      ["3", []],
    ]);
    expect(difference.split("\n")).toContain("+     note text");
    expect(difference.split("\n")).toContain("+ CREATE TABLE public.fresh (");
    expect(await fingerprint(server, live.database)).toEqual(before);
    expect(await noScratch()).toEqual([]);
  });

  test("that fails says so with the file and line, and the target was not touched", async () => {
    const live = await createLive();
    const before = await fingerprint(server, live.database);
    const files = filesWith("alter table item add note text", "select 1;\ninsert into item values (1, 'twice')");
    const failing = rehearseAll(live, files);
    await expect(failing).rejects.toMatchObject({
      exit: 1,
      message: expect.stringMatching(
        /^the rehearsal on a copy failed; .* was not touched\nmigrations\/2_step\.up\.sql/,
      ),
    });
    expect(await fingerprint(server, live.database)).toEqual(before);
    expect(await noScratch()).toEqual([]);
  });

  test("leaves whoever is connected where they are, and streams", async () => {
    const live = await createLive();
    const session = openSql(server, live.database);
    await session`select 1`;
    const { strategy, steps } = await rehearseAll(live, filesWith("alter table item add note text"));
    expect([strategy, steps.length]).toEqual(["stream", 1]);
    expect(await session`select count(*)::int as n from item`).toMatchObject([{ n: 1 }]);
    await session.end();
  });

  test("in a schema of a worktree's own copies that schema alone", async () => {
    const live = await createLive();
    await server.psql(live.database, "create schema feature; create table feature.thing (id int)");
    const own = { ...live, target: { ...live.target, schema: "feature" } };
    const { steps, difference } = await rehearseAll(own, filesWith("alter table thing add note text"));
    expect(steps[0]?.locks).toEqual([{ table: "feature.thing", mode: "ACCESS EXCLUSIVE" }]);
    expect(difference).toContain("+     note text");
    expect(difference).not.toContain("pgrove_migrations");
    const columns = "select count(*) from information_schema.columns where table_name = 'thing'";
    expect(await server.psql(live.database, columns)).toBe("1");
  });
});
