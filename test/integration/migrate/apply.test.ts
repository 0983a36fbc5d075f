import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { AppliedStep } from "../../../src/migrate/run/apply.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { openLive, rejection, uniqueName } from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { down, HEAD, type MigrationBench, makeMigrationBench } from "../../support/migrate/bench.ts";
import { patiently } from "../../support/patience.ts";

const TABLE = "create table item (id int primary key, name text not null);";

/** "up 1, up 2" */
const told = (applied: readonly AppliedStep[]) =>
  applied.map(({ step }) => `${step.direction} ${step.version}`).join(", ");

describe.each(takingTurns([15, 17, 18], import.meta.path))("PostgreSQL %p", (major) => {
  let server: TestServer;
  let bench: MigrationBench;

  beforeAll(async () => {
    server = await sharedServer(major);
  });
  beforeEach(async () => {
    bench = await makeMigrationBench(server);
  });
  afterEach(() => bench.remove());

  test("up, nothing more to do, down, and up again", async () => {
    await bench.write({
      "1_item.up.sql": `${TABLE}\ninsert into item values (1, 'a');`,
      "1_item.down.sql": "drop table item",
      "2_note.up.sql": "alter table item add column note text -- and no semicolon",
      "2_note.down.sql": "alter table item drop column note; /* the end */",
    });
    expect(told(await bench.migrate(HEAD))).toBe("up 1, up 2");
    expect(await bench.migrate(HEAD)).toEqual([]);
    expect(told(await bench.migrate(down(2)))).toBe("down 2, down 1");
    expect(await bench.query("select to_regclass('item') is null")).toBe("t");
    expect([await bench.ledger(), await bench.query("select count(*) from schema_migrations")]).toEqual([[], "0"]);
    expect(told(await bench.migrate(HEAD))).toBe("up 1, up 2");
    expect(await bench.ledger()).toEqual(["1|run|t", "2|run|t"]);
    expect(await bench.query("table schema_migrations")).toBe("2|f");
    expect(
      await bench.query(
        "select up_checksum ~ '^[0-9a-f]{64}$', down_script, applied_by from pgrove.migrations where version = 1",
      ),
    ).toBe("t|drop table item|ann@laptop");
  });

  test("one that fails leaves nothing of itself, and those before it stay", async () => {
    await bench.write({
      "1_item.up.sql": TABLE,
      "2_fill.up.sql": "insert into item values (1, 'a');\r\n\r\n  insert into item (id, nme) values (2, 'é');\r\n",
      "3_more.up.sql": "create table more ();",
    });
    const error = await rejection(bench.migrate(HEAD));
    expect([error.exit, error.code]).toEqual([1, "migration_failed"]);
    expect(error.message.split("\n").slice(0, 3)).toEqual([
      'migrations/2_fill.up.sql:3:25  ERROR: column "nme" of relation "item" does not exist (42703)',
      "    insert into item (id, nme) values (2, 'é');",
      `  ${" ".repeat(24)}^`,
    ]);
    expect(error.message).toContain("done before it: 1 item (1 of 3)");
    expect(await bench.ledger()).toEqual(["1|run|t"]);
    expect(await bench.query("select count(*) from item")).toBe("0");
    expect(
      await bench.query("select version, success, error from pgrove.migration_history order by id desc limit 1"),
    ).toStartWith("2|f|column");
  });

  test.each([
    ["insert into item values (1, 'a');\n-- again\ninsert into item values (1, 'b');\n", ":3:1  ERROR: duplicate key"],
    ["select 1;\ndo $$ begin raise notice 'once'; raise exception 'no'; end $$;\nselect 2;", ":2:1  ERROR: no"],
    ["insert into item values (1, null)", ":1:1  ERROR: null value"],
  ])("the statement is found where PostgreSQL names no place: %j", async (sql, place) => {
    await bench.write({ "1_item.up.sql": TABLE, "2_fill.up.sql": sql });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toStartWith(`migrations/2_fill.up.sql${place}`);
    expect(bench.notes.filter((note) => note.includes("once")).length).toBeLessThanOrEqual(1);
    expect([await bench.ledger(), await bench.query("select count(*) from item")]).toEqual([["1|run|t"], "0"]);
  });

  test("a mistake that only the commit finds takes everything back", async () => {
    await bench.write({
      "1_late.up.sql":
        "create table a (id int primary key, other int references a deferrable initially deferred); insert into a values (1, 2);",
    });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toContain("violates foreign key constraint");
    expect(await bench.query("select to_regclass('a') is null")).toBe("t");
    expect(await bench.ledger()).toEqual([]);
  });

  test("what a script does to its session ends with it", async () => {
    const settings = [
      "set search_path to pg_temp;",
      "set local search_path to nowhere;",
      "select set_config('search_path', '', false);",
      "set role pg_read_all_data;",
      "set session authorization pg_monitor;",
      "set statement_timeout = 1; set lock_timeout = 1;",
      "set default_transaction_read_only = on; set session characteristics as transaction read only;",
      "reset all;",
    ];
    const files = settings.map((sql, place): [string, string] => [`${place + 1}_set.up.sql`, sql]);
    const tables = settings.map((_, place): [string, string] => [
      `${place + 1}_table.up.sql`,
      `select pg_sleep(0.005); create table t${place} ();`,
    ]);
    const both = files.flatMap((file, place) => [file, tables[place] ?? file]);
    await bench.write(
      Object.fromEntries(both.map(([name, sql], place) => [name.replace(/^\d+/, String(place + 1)), sql])),
    );
    expect(await bench.migrate(HEAD)).toHaveLength(2 * settings.length);
    expect(
      await bench.query(
        "select distinct tableowner, schemaname, count(*) from pg_tables where tablename ~ '^t\\d$' group by 1, 2",
      ),
    ).toBe(`postgres|public|${settings.length}`);
  });

  test("a BEGIN and COMMIT around everything are ours; elsewhere they are the file's own", async () => {
    await bench.write({
      "1_pair.up.sql": `begin;\n${TABLE}\ncommit;`,
      "2_own.up.sql": "insert into item values (1, 'a'); begin; insert into item values (2, 'b'); commit;",
      "3_half.up.sql":
        "begin;\ninsert into item values (3, 'c');\ncommit;\nbegin;\ninsert into item values (4, 'd');\ninsert into item values (1, 'e');\ncommit;",
    });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toStartWith("migrations/3_half.up.sql:6:1  ERROR: duplicate key");
    expect(await bench.query("select string_agg(name, '' order by id) from item")).toBe("abc");
    expect(await bench.ledger()).toEqual(["1|run|t", "2|run|t", "3|run|f"]);
    expect(
      await bench.query(
        "select failed_direction, failed_statement, error like 'duplicate key%' from pgrove.migrations where not success",
      ),
    ).toBe("up|4|t");
    expect(await bench.query("table schema_migrations")).toBe("3|t");
    await bench.query("delete from item where id = 1");
    expect(told(await bench.migrate(HEAD))).toBe("up 3");
    expect(await bench.query("select string_agg(name, '' order by id) from item")).toBe("ebcd");
    expect([await bench.ledger(), await bench.query("table schema_migrations")]).toEqual([
      ["1|run|t", "2|run|t", "3|run|t"],
      "3|f",
    ]);
  });

  test("CREATE INDEX CONCURRENTLY that fails is in doubt, names its index, and is gone on with", async () => {
    await bench.write({
      "1_item.up.sql": `${TABLE} insert into item values (1, 'a'), (2, 'a');`,
      "2_index.up.sql":
        "create index concurrently by_id on item (id);\ncreate unique index concurrently by_name on item (name);",
    });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toStartWith("migrations/2_index.up.sql:2:1  ERROR: could not create unique index");
    expect(error.hint).toContain("DROP INDEX CONCURRENTLY public.by_name;");
    expect((await rejection(bench.migrate(down(1)))).code).toBe("in_doubt");
    await bench.query("drop index by_name; update item set name = 'b' where id = 2");
    expect(told(await bench.migrate(HEAD))).toBe("up 2");
    expect(await bench.query("select indisvalid from pg_index where indexrelid = 'by_name'::regclass")).toBe("t");
  });

  test("psql's commands and rows for COPY", async () => {
    await bench.write({
      "1_item.up.sql": `${TABLE}\ncopy item from stdin;\n1\ta\n2\tbe\\\\gin\n\\.\n`,
      "2_exec.up.sql": "select format('create table t%s ()', n) from generate_series(1, 3) n \\gexec\n\\echo done\n",
      "3_bad.up.sql": "copy item from stdin;\n3\tc\n\\.\n\nselect nope;\ncreate table never ();\n",
    });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toStartWith('migrations/3_bad.up.sql:5: ERROR:  column "nope" does not exist');
    expect(error.message).toContain("nothing of it was done: 3 bad was rolled back");
    const newest = "select version, success, error from pgrove.migration_history order by id desc limit 1";
    expect(await bench.query(newest)).toStartWith('3|f|column "nope" does not exist');
    expect(await bench.query("select string_agg(name, ',' order by id) from item")).toBe("a,be\\gin");
    expect(await bench.query("select count(*) from pg_tables where tablename ~ '^t[123]$'")).toBe("3");
    expect(await bench.ledger()).toEqual(["1|run|t", "2|run|t"]);
  });

  test("of what a statement made for \\gexec has committed it is not said that nothing was done", async () => {
    await bench.write({ "1_item.up.sql": "create table made ();\nselect 'commit' \\gexec\nselect nope;\n" });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toContain("unless a statement made for \\gexec has ended its transaction");
    expect(error.message).not.toContain("nothing of it was done");
  });

  test("a script of psql's fails with its last words, whatever was said before", async () => {
    const say = "do $$ begin raise notice 'ERROR:  none'; end $$;\n";
    await bench.write({ "1_item.up.sql": TABLE, "2_said.up.sql": `\\echo begun\n${say.repeat(30)}select nope;\n` });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toStartWith('migrations/2_said.up.sql:32: ERROR:  column "nope" does not exist');
    const newest = "select error from pgrove.migration_history order by id desc limit 1";
    expect(await bench.query(newest)).toBe('column "nope" does not exist');
    expect(bench.notes.filter((note) => note.includes("ERROR:  none"))).toHaveLength(30);
  });

  test("a lock that is held too long is tried again, and who holds it is named", async () => {
    await bench.write({ "1_item.up.sql": TABLE, "2_wide.up.sql": "alter table item add column wide text;" });
    await bench.migrate({ kind: "steps", direction: "up", count: 1 });
    const holder = await bench.connect();
    await holder.unsafe("begin; lock table item in access share mode");
    const settings = { lockTimeoutMs: 200, statementTimeoutMs: 0, retryPauseMs: 100 };
    const running = bench.migrate(HEAD, { settings });
    await waitFor("a second try", 20_000, async () => bench.notes.some((note) => note.includes("trying again")));
    await holder.unsafe("commit");
    expect(told(await running)).toBe("up 2");
    await holder.end();
    expect(bench.notes.join("\n")).toMatch(/2 wide waits for pgrove\S* \(postgres\), pid \d+/);
  });

  test("a lock that is never free ends in words", async () => {
    await bench.write({ "1_item.up.sql": TABLE, "2_wide.up.sql": "alter table item add column wide text;" });
    await bench.migrate({ kind: "steps", direction: "up", count: 1 });
    const holder = await bench.connect();
    await holder.unsafe("begin; lock table item in access share mode");
    const settings = { lockTimeoutMs: 50, statementTimeoutMs: 0, retryPauseMs: 20 };
    const error = await rejection(bench.migrate(HEAD, { settings }));
    await holder.end();
    expect([error.exit, error.message]).toEqual([1, expect.stringContaining("(55P03)")]);
    expect(await bench.ledger()).toEqual(["1|run|t"]);
  });

  test("a statement that runs too long is ended", async () => {
    await bench.write({ "1_slow.up.sql": "create table a (); select pg_sleep(60);" });
    const error = await rejection(bench.migrate(HEAD, { settings: { lockTimeoutMs: 0, statementTimeoutMs: 100 } }));
    expect([error.message, error.hint]).toEqual([
      expect.stringContaining("statement timeout"),
      expect.stringContaining("--statement-timeout"),
    ]);
    expect(await bench.query("select to_regclass('a') is null")).toBe("t");
  });

  test("interrupted in the middle: rolled back, and the session is ended", async () => {
    await bench.write({ "1_slow.up.sql": "create table a (); select pg_sleep(60);" });
    const running = rejection(bench.migrate(HEAD)).catch((error: unknown) => error);
    const sleeping = `select count(*) from pg_stat_activity where datname = '${bench.database}' and wait_event = 'PgSleep'`;
    await waitFor("the script to sleep", 20_000, async () => (await bench.query(sleeping)) === "1");
    bench.interrupt(new Error("stopped"));
    await running;
    await waitFor("its session to end", 20_000, async () => (await bench.query(sleeping)) === "0");
    expect([await bench.ledger(), await bench.query("select to_regclass('a') is null")]).toEqual([[], "t"]);
  });

  test("notices are told as they come, with the migration's name", async () => {
    await bench.write({ "1_note.up.sql": "do $$ begin raise notice 'half-way'; end $$" });
    await bench.migrate(HEAD);
    expect(bench.notes).toContain("1 note: half-way");
  });

  test("a mistake of syntax, before which not even the transaction has begun, is told and nothing else", async () => {
    await bench.write({ "1_typo.up.sql": "create tabel a (id int);" });
    const error = await rejection(bench.migrate(HEAD));
    expect(error.message).toStartWith("migrations/1_typo.up.sql:1:8  ERROR: syntax error");
    expect(bench.notes).toEqual([]);
  });

  test("steps that nobody has agreed to are not run", async () => {
    await bench.write({ "1_item.up.sql": TABLE });
    const error = await rejection(bench.migrate(HEAD, { agreed: [] }));
    expect([error.exit, error.code]).toEqual([5, "changed_meanwhile"]);
    expect(await bench.ledger()).toEqual([]);
  });
});

test("30 at once: each migration is run once", async () => {
  const bench = await makeMigrationBench(await sharedServer(17));
  const names = ["a", "b", "c", "d", "e"];
  await bench.write(
    Object.fromEntries(names.map((name, place) => [`${place + 1}_${name}.up.sql`, `create table ${name} ();`])),
  );
  const runs = await Promise.all(
    Array.from({ length: 30 }, () => bench.migrate(HEAD, { lockWaitMs: patiently(60_000) })),
  );
  expect(runs.flat().map(({ step }) => step.version)).toEqual([1n, 2n, 3n, 4n, 5n]);
  expect(await bench.ledger()).toEqual([1, 2, 3, 4, 5].map((version) => `${version}|run|t`));
  await bench.remove();
});

const FORCES_ROW_SECURITY = `
create function guard() returns event_trigger language plpgsql as $$
declare made record;
begin
  for made in select object_identity from pg_event_trigger_ddl_commands() where command_tag = 'CREATE TABLE' loop
    execute format('alter table %s enable row level security', made.object_identity);
    execute format('alter table %s force row level security', made.object_identity);
  end loop;
end $$;
create event trigger guard on ddl_command_end when tag in ('CREATE TABLE') execute function guard()`;

/** A login that row security counts for, which owns the database. */
async function asOwner(bench: MigrationBench, name: string): Promise<LiveTarget> {
  const { server, database } = bench;
  await bench.query(`create role ${name} login password 'pw'; grant ${name} to current_user`);
  await bench.query(`alter database ${database} owner to ${name}; alter schema public owner to ${name}`);
  return await openLive(server, database, bench, { user: name, password: "pw" });
}

test("row security that an event trigger forces on every table does not hide the ledger, and is said where it does", async () => {
  const bench = await makeMigrationBench(await sharedServer(17));
  const name = uniqueName("owner");
  const live = await asOwner(bench, name);
  await bench.query(FORCES_ROW_SECURITY);
  await bench.write({ "1_a.up.sql": "create table a (id int)", "2_b.up.sql": "create table b (id int)" });
  const one = { kind: "steps", direction: "up", count: 1 } as const;
  expect(told(await bench.migrate(one, {}, live))).toBe("up 1");
  expect(told(await bench.migrate(one, {}, live))).toBe("up 2");
  const secured = "select relrowsecurity, relforcerowsecurity from pg_class where oid = 'pgrove.migrations'::regclass";
  expect(await bench.query(secured)).toBe("t|f");
  await bench.query("alter table pgrove.migrations force row level security");
  const hidden = await rejection(bench.migrate(HEAD, {}, live));
  expect([hidden.exit, hidden.code, hidden.hint]).toEqual([5, "row_security", expect.stringContaining("NO FORCE")]);
  await bench.query("create policy everything on pgrove.migrations using (true)");
  expect(await bench.migrate(HEAD, {}, live)).toEqual([]);
  await bench.remove();
});

test("a ledger that cannot be written behind a script is named as that", async () => {
  const bench = await makeMigrationBench(await sharedServer(17));
  await bench.write({ "1_a.up.sql": "create table a (id int)" });
  await bench.migrate(HEAD);
  await bench.query("alter table pgrove.migrations add check (version < 2)");
  await bench.write({ "1_a.up.sql": "create table a (id int)", "2_b.up.sql": "create table b (id int)" });
  const error = await rejection(bench.migrate(HEAD));
  expect([error.code, error.message]).toEqual(["ledger_failed", expect.stringContaining("pgrove's own tables")]);
  expect(error.message).not.toContain("2_b.up.sql");
  expect(await bench.query("select to_regclass('b') is null")).toBe("t");
  await bench.remove();
});

test.each([
  ["set transaction read only; select 1", "migration_read_only", "take SET TRANSACTION READ ONLY"],
  ["drop table if exists schema_migrations", "ledger_dropped", "migrations.table"],
  ["drop schema public cascade; create schema public; create table b (id int)", "ledger_dropped", "migrations.table"],
])("what a script does to the ledger is told as that, and taken back: %s", async (sql, code, hint) => {
  const bench = await makeMigrationBench(await sharedServer(17));
  await bench.write({ "1_a.up.sql": "create table a (id int)", "2_b.up.sql": sql });
  const error = await rejection(bench.migrate(HEAD));
  expect([error.exit, error.code, error.hint]).toEqual([1, code, expect.stringContaining(hint)]);
  expect(error.message).toContain("2 b ");
  expect([await bench.query("select to_regclass('a')"), await bench.ledger()]).toEqual(["a", ["1|run|t"]]);
  await bench.remove();
});

test("what commits on its way is explained inside a transaction, and outside never begun again unasked", async () => {
  const bench = await makeMigrationBench(await sharedServer(17));
  const procedure = `create procedure bump() language plpgsql as $$ begin
    for i in 1..3 loop update b set n = n + 1 where id = i; commit; end loop; end $$;`;
  const first = `create table b (id int primary key, n int); insert into b select i, 0 from generate_series(1, 3) i; ${procedure}`;
  await bench.write({ "1_b.up.sql": first, "2_bump.up.sql": "call bump()" });
  expect((await rejection(bench.migrate(HEAD))).hint).toContain("-- pgrove:no-transaction");
  const holder = await bench.connect();
  await holder.unsafe("begin; select from b where id = 3 for update");
  await bench.write({ "1_b.up.sql": first, "2_bump.up.sql": "-- pgrove:no-transaction\ncall bump()" });
  const settings = { lockTimeoutMs: 100, statementTimeoutMs: 0, retryPauseMs: 10 };
  const error = await rejection(bench.migrate(HEAD, { settings }));
  await holder.end();
  expect(await bench.query("select string_agg(n::text, '' order by id) from b")).toBe("110");
  expect(error.hint).toContain("pgrove migrate force 2");
  await bench.remove();
});
