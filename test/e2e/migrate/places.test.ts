/** Where a ledger lies, who may touch it, who is in the way, and where in a file PostgreSQL has found a mistake. */
import { beforeAll, describe, expect, test } from "bun:test";
import { golangMigrateLockKeys } from "../../../src/migrate/ledger/migration-lock.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { waitForWords } from "../../support/faults/moments.ts";
import { Stage, tableFiles } from "../../support/migrate/stage.ts";
import { openSql } from "../../support/migration-ledgers.ts";
import { Grove } from "../../support/worktrees/grove.ts";

const TWO = { ...tableFiles("1_a"), ...tableFiles("2_b") };

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

describe("the ledger's place", () => {
  test.concurrent("names that need quotes: the database, the schema and the table", async () => {
    const database = `stage "quoted" ${process.pid}; é`;
    await server.psql("postgres", `create database "${database.replaceAll('"', '""')}"`);
    await using stage = await Stage.create(server, TWO, {
      database,
      sql: `create schema "my ""schema"; create table bystander (id int);`,
    });
    const table = JSON.stringify('"my ""schema"."Schema Migrations; --"');
    await stage.write({
      "pgrove.yaml": `project: quoted\nserver: {url: "\${DATABASE_URL}"}\nmigrations: {table: ${table}}\n`,
    });
    await stage.ok("up");
    const rows = () => stage.rows(`select version, dirty from "my ""schema"."Schema Migrations; --"`);
    expect([await stage.ledger(), await rows(), await stage.companion()]).toEqual(["1 2", ["2|false"], ""]);
    await stage.ok("down --yes");
    expect([await stage.ledger(), await rows()]).toEqual(["1", ["1|false"]]);
    expect(await stage.tables()).toEqual(["a", "bystander"]);
  });

  test.concurrent("a URL's schema and golang-migrate's table are where its own program would have them", async () => {
    await using stage = await Stage.create(server, TWO, {
      sql: "create schema app; create table app.moved (version bigint primary key, dirty boolean not null); insert into app.moved values (1, false)",
    });
    const led = { DATABASE_URL: `${stage.url()}?search_path=app&x-migrations-table=moved` };
    await stage.ok("up", led);
    expect(await stage.rows("select version from app.moved")).toEqual(["2"]);
    expect(await stage.rows("select to_regclass('app.a') is null, to_regclass('app.b') is not null")).toEqual([
      "true|true",
    ]);
    expect(await stage.tables()).toEqual([]);
  });

  test.concurrent("two worktrees with a schema each migrate at once, and neither knows of the other", async () => {
    await using grove = await Grove.create(server, { yaml: "isolation: schema", sql: "select 1" });
    const files = Object.entries(TWO).map(([name, text]) => [`migrations/${name}`, text]);
    await grove.commit("first", Object.fromEntries(files));
    const made = [await grove.make("left", "--empty"), await grove.make("right", "--empty")];
    await Promise.all(made.map(({ path }) => grove.ok(["migrate", "up"], { cwd: path })));
    const [left, right] = made;
    await grove.ok(["migrate", "down", "--yes", "--skip-backup"], { cwd: left?.path ?? "" });
    const found = await grove.ask(
      grove.project,
      `select string_agg(schemaname || '.' || tablename, ' ' order by 1) from (
           select replace(schemaname, '${grove.project}', '') as schemaname, tablename from pg_tables
            where tablename in ('a', 'b') order by 1, 2) t`,
    );
    expect(found).toMatch(/^\S*left\.a \S*right\.a \S*right\.b$/);
    expect(await grove.ask(grove.project, "select to_regclass('public.schema_migrations') is null")).toBe(true);
    expect(right?.path).not.toBe(left?.path);
  });
});

describe("users", () => {
  test.concurrent("who may only read sees how it stands; who may not write is told so, and nothing has changed", async () => {
    await using stage = await Stage.create(server, TWO);
    const reader = `reader_${stage.database}`;
    await stage.sql.unsafe(`create role ${reader} login password 'read only';
        revoke all on schema public from public; grant usage on schema public to ${reader}`);
    try {
      const asReader = { DATABASE_URL: stage.url(reader, "read only") };
      const refused = await stage.fails(1, "up", asReader);
      expect(refused).toContain("permission denied");
      expect(refused).not.toContain("read only");
      expect(await stage.rows("select count(*) from pg_namespace where nspname = 'pgrove'")).toEqual(["0"]);
      await stage.ok("up 1");
      expect(await stage.fails(1, "status", asReader)).toContain("GRANT SELECT ON");
      await stage.sql.unsafe(`grant usage on schema pgrove to ${reader};
          grant select on all tables in schema pgrove, public to ${reader}`);
      expect(await stage.json("status", asReader)).toMatchObject({ current: "1", pending: [{ version: "2" }] });
      await stage.fails(1, "up", asReader);
      expect([await stage.ledger(), await stage.companion(), await stage.tables()]).toEqual(["1", "1|false", ["a"]]);
      await stage.ok("up");
      expect(await stage.ok("up", asReader)).toBe("no change");
    } finally {
      await stage.sql.unsafe(`drop owned by ${reader}; drop role ${reader}`);
    }
  });

  test.concurrent("a database that is read only by setting", async () => {
    await using stage = await Stage.create(server, TWO);
    await stage.sql.unsafe(`alter database ${stage.database} set default_transaction_read_only = on`);
    const { code, stderr } = await stage.run("up");
    expect([code, stderr]).toEqual([5, expect.stringContaining("can only be read")]);
    expect(stderr).toContain("RESET default_transaction_read_only");
    expect(await stage.ledger()).toBe("");
  });
});

describe("golang-migrate's lock", () => {
  test.concurrent("is waited for and respected, and is held while pgrove migrates", async () => {
    await using stage = await Stage.create(server, {
      "1_slow.up.sql": "create table a (id int);\nselect pg_advisory_xact_lock(4711);\n",
    });
    const [byUrl] = golangMigrateLockKeys(stage.database, "public", "schema_migrations");
    const key = String(byUrl?.key);
    await stage.sql.unsafe(`select pg_advisory_lock(${key})`);
    expect(await stage.fails(5, "up --lock-timeout 200ms")).toContain("is migrating");
    const waiting = stage.start("up --lock-timeout 30s");
    await waitForWords(waiting, /waiting until it is done/);
    expect(await stage.tables()).toEqual([]);
    await stage.sql.unsafe(`select pg_advisory_lock(4711); select pg_advisory_unlock(${key})`);
    const other = openSql(server, stage.database);
    try {
      const waits = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and not granted";
      await waitFor("the migration to be at work", 20_000, async () => (await stage.rows(waits))[0] === "1", 5);
      const [tried] = await other.unsafe<{ ok: boolean }[]>(`select pg_try_advisory_lock(${key}) as ok`);
      expect(tried?.ok).toBe(false);
      await stage.sql.unsafe("select pg_advisory_unlock(4711)");
      expect(await waiting.ended).toMatchObject({ code: 0 });
      const [again] = await other.unsafe<{ ok: boolean }[]>(`select pg_try_advisory_lock(${key}) as ok`);
      expect(again?.ok).toBe(true);
    } finally {
      await other.end();
    }
  });
});

describe("a mistake is shown where it is", () => {
  const MISTAKES: [what: string, sql: string][] = [
    ["on the first line", "selec 1;\n"],
    ["behind line ends of Windows", "create table a (id int);\r\n\r\n  selec 1;\r\n"],
    ["behind wide letters on its line", "create table a (id int);\nselect '日本語 🐘 é', selec from a;\n"],
    ["behind both", "-- ÄÖÜ 🐘\r\ncreate table a (note text);\r\ninsert into a values ('🐘🐘');\tselec 1;\r\n"],
    ["in a comment's neighbourhood", "/* selec */ create table a (id int) /* ; */;\n-- selec\nselect selec;\n"],
    ["behind a byte order mark", "\ufeffselect 1;\nselect selec;\n"],
  ];

  /** Line and column, from 1, of the last `selec`: characters, as an editor counts them. */
  function placeOfMistake(sql: string): string {
    const before = sql.replace("\ufeff", "").slice(0, sql.replace("\ufeff", "").lastIndexOf("selec"));
    const lines = before.split(/\r\n|\n/);
    return `${lines.length}:${[...(lines.at(-1) ?? "")].length + 1}`;
  }

  test.concurrent("by line and column, with a caret below it; in a transaction, nothing is done", async () => {
    await using stage = await Stage.create(server);
    for (const [what, sql] of MISTAKES) {
      for (const mark of ["", "-- pgrove:no-transaction\n"]) {
        await stage.sql.unsafe("drop schema if exists pgrove cascade; drop table if exists a, schema_migrations");
        const text = sql.startsWith("\ufeff") ? `\ufeff${mark}${sql.slice(1)}` : `${mark}${sql}`;
        await stage.write({ "1_a.up.sql": text });
        const { code, stderr } = await stage.run("up");
        const place = `1_a.up.sql:${placeOfMistake(text)}`;
        expect([what, mark, stderr]).toEqual([what, mark, expect.stringContaining(place)]);
        expect(code).toBeOneOf([1, 3]);
        expect(stderr).toMatch(/\n[ \t]+\^/);
        if (mark === "") expect(await stage.tables()).toEqual([]);
      }
    }
  });

  test.concurrent("with PostgreSQL's detail and hint, and by the running file of many", async () => {
    await using stage = await Stage.create(server, {
      ...tableFiles("1_a"),
      "2_b.up.sql": "insert into a values (1);\ninsert into a values (1);\n",
      ...tableFiles("3_c"),
    });
    const stderr = await stage.fails(1, "up");
    expect(stderr).toContain("migrations/2_b.up.sql");
    expect(stderr).toContain("DETAIL: Key (id)=(1) already exists.");
    expect(stderr).toContain("done before it: 1 a (1 of 3)");
    expect([await stage.ledger(), await stage.companion()]).toEqual(["1", "1|false"]);
    expect(await stage.rows("select count(*) from a")).toEqual(["0"]);
    const history = await stage.rows("select version, success from pgrove.migration_history order by id");
    expect(history).toEqual(["1|true", "2|false"]);
  });
});
