/** The ledger and the other tool's table beside it, on real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LAYOUTS, type Layout } from "../../../src/config/schema-migrations.ts";
import { findForeignChanges } from "../../../src/migrate/ledger/foreign-changes.ts";
import { readHistory, readLedger } from "../../../src/migrate/ledger/ledger.ts";
import { renumberLedger } from "../../../src/migrate/ledger/ledger-renumber.ts";
import { markDoubt, recordDoubt, recordFailure, recordStep } from "../../../src/migrate/ledger/ledger-sql.ts";
import type { Step } from "../../../src/migrate/migration.ts";
import { readMigrationVersion } from "../../../src/postgres/catalog.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import { rejection, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { appliedVersions, FACTS, filesOf, openLedger, openSql, stepOf } from "../../support/migration-ledgers.ts";

/** What another tool's table says, in its own words. */
const SAYS: Readonly<Record<Layout, string>> = {
  "golang-migrate": "select version || case when dirty then ' dirty' else '' end from schema_migrations",
  dbmate: "select version from schema_migrations order by version",
  goose: "select version_id::text from goose_db_version g where is_applied order by g.version_id",
  diesel: "select version from __diesel_schema_migrations order by version",
  sqlx: "select version || case when success then '' else ' dirty' end from _sqlx_migrations order by version",
};

async function say(sql: Sql, layout: Layout): Promise<string> {
  const rows = await sql.unsafe(SAYS[layout]).values();
  return rows.flat().join(" ");
}

describe.each(takingTurns([15, 17, 18], import.meta.path))("PostgreSQL %i", (major) => {
  let server: TestServer;
  const open: Sql[] = [];
  beforeAll(async () => {
    server = await sharedServer(major);
  });
  afterAll(async () => {
    await Promise.all(open.map((sql) => sql.end({ timeout: 1 })));
  });
  const makeDatabase = async () => {
    const name = uniqueName("ledger");
    await server.createDatabase(name);
    const sql = openSql(server, name);
    open.push(sql);
    return { name, sql };
  };

  test("reading writes nothing, and an empty database has nothing applied", async () => {
    const { sql } = await makeDatabase();
    const ledger = await readLedger(sql, { layout: "golang-migrate" });
    expect(ledger).toMatchObject({ exists: false, rows: [], companion: undefined });
    expect(await sql`select 1 from pg_namespace where nspname = 'pgrove'`).toBeEmpty();
  });

  const AFTER: Readonly<Record<Layout, { up: string; down: string; none: string }>> = {
    "golang-migrate": { up: "12", down: "7", none: "" },
    dbmate: { up: "007 12", down: "007", none: "" },
    goose: { up: "0 7 12", down: "0 7", none: "0" },
    diesel: { up: "007 12", down: "007", none: "" },
    sqlx: { up: "7 12", down: "7", none: "" },
  };

  test.each([...LAYOUTS])("%s's table says what the ledger says, up and down", async (layout) => {
    const { sql } = await makeDatabase();
    const files = filesOf(["007_users", "12_orders"], layout);
    const { place } = await openLedger(sql, files);
    const record = (version: bigint, direction: "up" | "down") =>
      sql.unsafe(`begin; ${recordStep(place, stepOf(files, version, direction), FACTS)} commit`);
    await record(7n, "up");
    await record(12n, "up");
    expect(await say(sql, layout)).toBe(AFTER[layout].up);
    expect(await appliedVersions(sql, files)).toEqual([7, 12]);
    await record(12n, "down");
    expect(await say(sql, layout)).toBe(AFTER[layout].down);
    expect(await appliedVersions(sql, files)).toEqual([7]);
    await record(7n, "down");
    expect(await say(sql, layout)).toBe(AFTER[layout].none);
    expect(await appliedVersions(sql, files)).toEqual([]);
  });

  test("a row knows everything of its migration, and the history is only added to", async () => {
    const { sql } = await makeDatabase();
    const files = filesOf(["1_it's \\ odd"]);
    const { place } = await openLedger(sql, files);
    const step = stepOf(files, 1n);
    await sql.unsafe(`begin; select pg_sleep(0.02); ${recordStep(place, step, FACTS)} commit`);
    const [row] = (await readLedger(sql, { layout: "golang-migrate", downScripts: true })).rows;
    expect(row).toMatchObject({ version: 1n, name: "it's \\ odd", upChecksum: step.script.checksum, success: true });
    expect(row).toMatchObject({ appliedBy: "ann@test", gitCommit: "0123abc", origin: "run", failed: null });
    expect(row?.downScript).toBe(step.down?.sql ?? "");
    expect(row?.durationMs).toBeGreaterThanOrEqual(20);
    await sql.unsafe(recordFailure(place, stepOf(files, 1n, "down"), "it failed", FACTS));
    await sql.unsafe(recordStep(place, stepOf(files, 1n, "down"), FACTS, 12.5));
    const history = await readHistory(sql, await readLedger(sql, { layout: "golang-migrate" }), 10);
    expect(history.map(({ action, success, error }) => [action, success, error])).toEqual([
      ["down", true, null],
      ["down", false, "it failed"],
      ["up", true, null],
    ]);
    expect(history[0]?.durationMs).toBe(12.5);
  });

  test("down scripts are read only when they are asked for", async () => {
    const { sql } = await makeDatabase();
    const files = filesOf(["1_a"]);
    const { place } = await openLedger(sql, files);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    const [row] = (await readLedger(sql, { layout: "golang-migrate" })).rows;
    expect(row?.downScript).toBeNull();
    expect(row?.downChecksum).toBe(stepOf(files, 1n).down?.checksum ?? "");
  });

  test.each([
    ["a second up", (step: Step): Step => step],
    ["a second down", (step: Step): Step => ({ ...step, direction: "down", version: 2n })],
  ])("%s is not recorded, and takes its transaction with it", async (_, second) => {
    const { sql } = await makeDatabase();
    const files = filesOf(["1_a", "2_b"]);
    const { place } = await openLedger(sql, files);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    const again = sql.unsafe(
      `begin; create table made_twice (); ${recordStep(place, second(stepOf(files, 1n)), FACTS)} commit`,
    );
    expect(await again.then(String, (error: unknown) => String(error))).toMatch(/duplicate key|not applied any more/);
    await sql.unsafe("rollback");
    expect(await sql`select 1 from pg_class where relname = 'made_twice'`).toBeEmpty();
    expect(await appliedVersions(sql, files)).toEqual([1]);
  });

  describe("in doubt", () => {
    const DIRTY: Readonly<Record<Layout, { up: string; down: string; settled: string }>> = {
      "golang-migrate": { up: "2 dirty", down: "1 dirty", settled: "2" },
      dbmate: { up: "1", down: "1 2", settled: "1 2" },
      goose: { up: "0 1", down: "0 1 2", settled: "0 1 2" },
      diesel: { up: "1", down: "1 2", settled: "1 2" },
      sqlx: { up: "1 2 dirty", down: "1 2", settled: "1 2" },
    };

    test.each([...LAYOUTS])("%s: the ledger says where, until it is gone on with", async (layout) => {
      const { sql } = await makeDatabase();
      const files = filesOf(["1_a", "2_b"], layout);
      const { place } = await openLedger(sql, files);
      const [first, up, down] = [stepOf(files, 1n), stepOf(files, 2n), stepOf(files, 2n, "down")];
      await sql.unsafe(recordStep(place, first, FACTS));
      await sql.unsafe(markDoubt(place, up, 1, FACTS));
      await sql.unsafe(markDoubt(place, up, 2, FACTS));
      await sql.unsafe(recordDoubt(place, up, { statement: 2, error: "no such table" }, FACTS));
      expect(await say(sql, layout)).toBe(DIRTY[layout].up);
      const doubtful = await readLedger(sql, { layout });
      expect(doubtful.rows.at(-1)?.failed).toEqual({ direction: "up", statement: 2, error: "no such table" });
      expect(findForeignChanges(doubtful, files)).toEqual({ add: [], remove: [], sentences: [] });
      await sql.unsafe(recordStep(place, up, FACTS, 5));
      expect(await say(sql, layout)).toBe(DIRTY[layout].settled);
      await sql.unsafe(markDoubt(place, down, 1, FACTS));
      expect(await say(sql, layout)).toBe(DIRTY[layout].down);
      const back = await readLedger(sql, { layout });
      expect(back.rows.at(-1)?.failed).toEqual({ direction: "down", statement: 1, error: "" });
      expect(findForeignChanges(back, files)).toEqual({ add: [], remove: [], sentences: [] });
      await sql.unsafe(recordStep(place, down, FACTS, 5));
      expect(await appliedVersions(sql, files)).toEqual([1]);
    });

    test("golang-migrate: the last down that stops half-way leaves -1, dirty", async () => {
      const { sql } = await makeDatabase();
      const files = filesOf(["1_a"]);
      const { place } = await openLedger(sql, files);
      await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
      await sql.unsafe(markDoubt(place, stepOf(files, 1n, "down"), 1, FACTS));
      expect(await say(sql, "golang-migrate")).toBe("-1 dirty");
      const ledger = await readLedger(sql, { layout: "golang-migrate" });
      expect(findForeignChanges(ledger, files)).toEqual({ add: [], remove: [], sentences: [] });
    });
  });

  test("a script's search_path does not lead the record astray", async () => {
    const { sql } = await makeDatabase();
    const files = filesOf(["1_a"]);
    const { place } = await openLedger(sql, files);
    await sql.unsafe(`begin; set local search_path to ''; ${recordStep(place, stepOf(files, 1n), FACTS)} commit`);
    expect(await appliedVersions(sql, files)).toEqual([1]);
  });

  test("quoted names: schema and table as pgrove.yaml writes them", async () => {
    const { sql } = await makeDatabase();
    await sql.unsafe(`create schema "Odd.Schema"`);
    const files = filesOf(["1_a"]);
    const where = { table: '"Odd.Schema"."my""Table"' };
    const { place } = await openLedger(sql, files, where);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    const [row] = await sql.unsafe<{ version: number; dirty: boolean }[]>(
      `select version::int, dirty from "Odd.Schema"."my""Table"`,
    );
    expect(row).toEqual({ version: 1, dirty: false });
    expect(await appliedVersions(sql, files, where)).toEqual([1]);
  });

  test("a schema of its own holds everything, and what lies beside it is not looked at", async () => {
    const { sql } = await makeDatabase();
    const files = filesOf(["1_a", "2_b"]);
    await sql.unsafe(`create schema wt; create table schema_migrations (version bigint primary key, dirty boolean not null);
      insert into schema_migrations values (2, false)`);
    const where = { schema: "wt" };
    const { place } = await openLedger(sql, files, where);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    const tables =
      await sql`select relname from pg_class where relnamespace = 'wt'::regnamespace and relkind = 'r' order by 1`;
    expect(tables.map(({ relname }) => relname)).toEqual([
      "pgrove_migration_history",
      "pgrove_migrations",
      "schema_migrations",
    ]);
    expect(await appliedVersions(sql, files, where)).toEqual([1]);
    expect(await appliedVersions(sql, files)).toEqual([1, 2]);
  });

  test("a session in another schema is not told that everything is applied there", async () => {
    const { sql } = await makeDatabase();
    await openLedger(sql, filesOf(["1_users"]));
    await sql.unsafe("create schema other; set search_path to other");
    const refused = await rejection(readLedger(sql, { layout: "golang-migrate" }));
    expect(refused).toMatchObject({ code: "other_schema", exit: 5, message: expect.stringContaining("public") });
  });

  test("the table is found where the search_path leads, and kept there", async () => {
    const { sql } = await makeDatabase();
    await sql.unsafe(`create schema app; create table app.schema_migrations (version bigint primary key, dirty boolean not null);
      set search_path to app, public`);
    const files = filesOf(["1_a"]);
    const { place } = await openLedger(sql, files);
    expect(place.companion.table).toBe(`"app"."schema_migrations"`);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    const [row] = await sql`select version::int from app.schema_migrations`;
    expect(row).toEqual({ version: 1 });
  });

  test("a table that was dropped is made again", async () => {
    const { sql } = await makeDatabase();
    const files = filesOf(["1_a"], "dbmate");
    const { place } = await openLedger(sql, files);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    await sql.unsafe("drop table schema_migrations");
    await openLedger(sql, files);
    expect(await say(sql, "dbmate")).toBe("1");
  });

  test.each([...LAYOUTS])("%s: migrations that got other numbers keep their rows", async (layout) => {
    const { sql } = await makeDatabase();
    const files = filesOf(["1_a", "2_b", "3_c"], layout);
    const { place } = await openLedger(sql, files);
    for (const version of [1n, 2n, 3n]) await sql.unsafe(recordStep(place, stepOf(files, version), FACTS));
    const changes = [
      { from: 2n, to: 3n, digits: "3" },
      { from: 3n, to: 4n, digits: "004" },
    ];
    await renumberLedger(sql, await readLedger(sql, { layout }), changes, FACTS);
    const ledger = await readLedger(sql, { layout });
    expect(ledger.rows.map(({ digits, name }) => `${digits} ${name}`)).toEqual(["1 a", "3 b", "004 c"]);
    const says = { "golang-migrate": "4", dbmate: "004 1 3", goose: "0 1 3 4", diesel: "004 1 3", sqlx: "1 3 4" };
    expect(await say(sql, layout)).toBe(says[layout]);
    expect(findForeignChanges(ledger, filesOf(["1_a", "3_b", "004_c"], layout)).sentences).toBeEmpty();
    const [last] = await readHistory(sql, ledger, 1);
    expect(last).toMatchObject({ action: "renumber", version: 4n, name: "c" });
  });

  test("the version that a database is at is known to whoever asks for no more", async () => {
    const { sql } = await makeDatabase();
    await sql.unsafe("create schema wt; set search_path to wt");
    const files = filesOf(["7_a"]);
    for (const where of [{ schema: "wt" }, {}]) {
      const { place } = await openLedger(sql, files, where);
      await sql.unsafe(recordStep(place, stepOf(files, 7n), FACTS));
      expect(await readMigrationVersion(sql)).toBe("7");
      await sql.unsafe("drop table if exists wt.pgrove_migrations, wt.schema_migrations");
    }
    await sql.unsafe("set search_path to public");
    expect(await readMigrationVersion(sql)).toBe("7"); // by pgrove's own ledger alone
  });

  describe("who may not", () => {
    const user = uniqueName("reader");
    const asUser = (name: string) => {
      const sql = openSql(server, name, user, "secret");
      open.push(sql);
      return sql;
    };
    beforeAll(() => server.psql("postgres", `create role ${user} login password 'secret'`));

    test("a reader reads, and cannot write", async () => {
      const { name, sql } = await makeDatabase();
      const files = filesOf(["1_a"]);
      const { place } = await openLedger(sql, files);
      await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
      await sql.unsafe(
        `grant usage on schema pgrove to ${user}; grant select on pgrove.migrations, schema_migrations to ${user}`,
      );
      const ledger = await readLedger(asUser(name), { layout: "golang-migrate" });
      expect(await rejection(readHistory(asUser(name), ledger, 5))).toMatchObject({ code: "not_allowed", exit: 1 });
      expect(await appliedVersions(asUser(name), files)).toEqual([1]);
      expect(await rejection(openLedger(asUser(name), files, { table: "other" }))).toMatchObject({
        code: "not_allowed",
        exit: 1,
      });
    });

    test("who may not even read is told whom to ask", async () => {
      const { name, sql } = await makeDatabase();
      const files = filesOf(["1_a"]);
      await openLedger(sql, files);
      const error = await rejection(readLedger(asUser(name), { layout: "golang-migrate" }));
      expect(error).toMatchObject({ code: "not_allowed", exit: 1 });
      expect(error.hint).toContain("GRANT SELECT");
    });

    test("the version is passed over where it may not be read", async () => {
      const { name, sql } = await makeDatabase();
      await openLedger(sql, filesOf(["1_a"]));
      expect(await readMigrationVersion(asUser(name))).toBeUndefined();
    });

    test("who may not create is told so, and nothing is made", async () => {
      const { name, sql } = await makeDatabase();
      const error = await rejection(openLedger(asUser(name), filesOf(["1_a"])));
      expect(error).toMatchObject({ code: "not_allowed", exit: 1 });
      expect(error.message).toContain("permission denied");
      expect(await sql`select 1 from pg_class where relname in ('migrations', 'schema_migrations')`).toBeEmpty();
    });

    test("a database that can only be read says so", async () => {
      const { sql } = await makeDatabase();
      await sql.unsafe("set default_transaction_read_only = on");
      expect(await rejection(openLedger(sql, filesOf(["1_a"])))).toMatchObject({ code: "read_only", exit: 5 });
    });
  });
});
