/**
 * An extension that wants its restoring mode while a dump is loaded, as TimescaleDB does. It is one made up for this, of
 * the same name, with the two functions: its own table takes rows in that mode alone, and it notes what it was told.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { planRestore, testRestore } from "../../../src/dump/restore.ts";
import { planParts } from "../../../src/dump/restore-parts.ts";
import {
  type Bench,
  copyRequest,
  dump,
  findDump,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { runOk } from "../../support/engine/run.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";

const SCRIPT = `
  create table @extschema@.chunk (id int, name text);
  select pg_extension_config_dump('chunk', '');
  create table @extschema@.told (what text, chunks int);
  create function @extschema@.guard() returns trigger language plpgsql as $$ begin
    if current_setting('timescaledb.restoring', true) is distinct from 'on' then raise 'a chunk outside of the restoring mode'; end if;
    return new; end $$;
  create trigger guard before insert on @extschema@.chunk for each row execute function @extschema@.guard();
  create function @extschema@.timescaledb_pre_restore() returns bool language plpgsql as $$ begin
    execute format('alter database %I set timescaledb.restoring = on', current_database());
    insert into @extschema@.told select 'pre', count(*) from @extschema@.chunk; return true; end $$;
  create function @extschema@.timescaledb_post_restore() returns bool language plpgsql as $$ begin
    if exists (select from @extschema@.chunk where name = 'of another version') then raise 'catalog version mismatch'; end if;
    execute format('alter database %I reset timescaledb.restoring', current_database());
    insert into @extschema@.told select 'post', count(*) from @extschema@.chunk; return true; end $$;
  create schema _timescaledb_functions;
  create function _timescaledb_functions.start_background_workers() returns bool language plpgsql as $$ begin
    insert into @extschema@.told values ('jobs in ' || regexp_replace(current_database(), '_.*', ''), 0); return true; end $$;`;
const TOLD = `select string_agg(what || ' ' || chunks, ', ' order by ctid) || ' ' ||
  (select count(*) from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database()))
  || ' ' || (select extversion from pg_extension where extname = 'timescaledb') || ' ' || (select count(*) from measure)`;

let server: TestServer;
let bench: Bench;
/** With the extension in public, and in a schema of its own. */
const IN_PUBLIC = { source: "in_public", home: "public" };
const IN_OWN = { source: "in_own", home: "ts" };

beforeAll(async () => {
  bench = await makeBench();
  const folder = join(bench.folder, "files/usr/share/postgresql/17/extension");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "timescaledb.control"), "default_version = '2.0'\nrelocatable = false\n");
  for (const version of ["1.0", "2.0"]) await writeFile(join(folder, `timescaledb--${version}.sql`), SCRIPT);
  server = await startServer({ major: 17, files: join(bench.folder, "files") });
  for (const { source, home } of [IN_PUBLIC, IN_OWN]) {
    await server.createDatabase(source);
    await server.psql(
      source,
      `create schema if not exists ${home}; create extension timescaledb schema ${home} version '1.0';
       set timescaledb.restoring = on; insert into ${home}.chunk values (1, 'a'), (2, 'b');
       create table measure as select n from generate_series(1, 7) n;
       create function seen(n int) returns int immutable language plpgsql as $$ begin
         if current_setting('timescaledb.restoring', true) = 'on' and exists (select from pg_catalog.pg_trigger where tgname = 'last')
         then raise 'what was loaded is analyzed in the restoring mode'; end if;
         return n; end $$;
       create index on measure (seen(n));
       create trigger last before truncate on measure execute function suppress_redundant_updates_trigger()`,
    );
  }
});
afterAll(async () => {
  await server.remove();
  await bench.remove();
});

const live = (name: string) => openLive(server, name, bench);

test("a restore begins the mode in front of the load, ends it behind it, and leaves the version that was dumped", async () => {
  for (const { source, home } of [IN_PUBLIC, IN_OWN]) {
    for (const format of ["custom", "sql"] as const) {
      const back = uniqueName("told");
      const path = pathOf(await dump(bench, await live(source), { format }));
      bench.notes.length = 0;
      await restore(bench, await live(back), path, { jobs: 2 });
      expect(bench.notes.join("\n")).toContain("one at a time");
      expect(await server.psql(back, `${TOLD} from ${home}.told`)).toBe("pre 0, post 2, jobs in told 0 0 1.0 7");
    }
  }
  const path = pathOf(await dump(bench, await live(IN_PUBLIC.source)));
  const request = { noOwner: false, deep: true, approveForeign: async () => undefined };
  expect(await testRestore(bench.tools, await live("postgres"), await findDump(bench, path), request)).toMatchObject({
    comparison: { tables: 1, rows: 7 },
  });
});

test("so does a copy that is streamed", async () => {
  const back = uniqueName("told");
  await copyDatabase(bench.tools, await live(IN_OWN.source), await live(back), copyRequest({ strategy: "stream" }));
  expect(await server.psql(back, `${TOLD} from ts.told`)).toBe("pre 0, post 2, jobs in told 0 0 1.0 7");
});

test("what it does not take, and a part, are refused, and nothing is replaced", async () => {
  const { source } = IN_PUBLIC;
  const back = uniqueName("kept");
  await server.createDatabase(back);
  const path = pathOf(await dump(bench, await live(source)));
  const part = { tables: ["measure"], schemas: [], content: "all" as const };
  const asking = { consent: async () => undefined, approveForeign: async () => undefined };
  const request = { findDump: () => findDump(bench, path), noOwner: false, part, ...asking };
  expect(await rejection(planParts(bench.tools, await live(back), request))).toMatchObject({
    code: "timescaledb_whole",
    exit: 5,
  });
  await server.psql(source, "set timescaledb.restoring = on; insert into chunk values (3, 'of another version')");
  const other = pathOf(await dump(bench, await live(source)));
  const error = await rejection(restore(bench, await live(back), other));
  expect(error).toMatchObject({ code: "timescaledb_refused", message: expect.stringContaining("version mismatch") });
  expect(await server.psql(back, "select to_regclass('measure') is null")).toBe("t");
  await restore(bench, await live(back), path, { skippedExtensions: ["timescaledb"] });
  expect(await server.psql(back, "select count(*), to_regclass('chunk') is null from measure")).toBe("7|t");
  await runOk("docker", [
    "exec",
    server.container,
    "sh",
    "-c",
    "rm /usr/share/postgresql/17/extension/timescaledb--1.0.sql",
  ]);
  const plan = { ...request, discardPrevious: false, services: [] };
  const lacking = await rejection(planRestore(bench.tools, await live(back), plan));
  expect(lacking).toMatchObject({ code: "extension_version", exit: 4, message: expect.stringContaining("2.0") });
});
