/** Dumps as people bring them: made by other hands, for other logins, of databases that are not quite in order. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { manifestPath } from "../../../src/dump/manifest.ts";
import { planRestore, type RestoreRequest, testRestore } from "../../../src/dump/restore.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  databasesLike,
  dump,
  findDump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let old: TestServer;
let bench: Bench;
const dev = uniqueName("dev");
const ghost = uniqueName("ghost");

/** Every dump is agreed to here, whoever has made it. */
const approveForeign = async () => undefined;

beforeAll(async () => {
  [server, old] = await Promise.all([sharedServer(17), sharedServer(15)]);
  bench = await makeBench();
  for (const each of [server, old]) await each.psql("postgres", `create role ${dev} login createdb password 'pw'`);
});
afterAll(() => bench.remove());

/** What a shell command inside the container writes to stdout, as a file here. */
async function fileFrom(command: string, ending: string, on = server): Promise<string> {
  const path = join(bench.folder, `${uniqueName("f")}.${ending}`);
  const inside = `docker exec -e PGUSER=postgres ${on.container} bash -c '${command}' > '${path}'`;
  await runOk("bash", ["-euo", "pipefail", "-c", inside]);
  return path;
}

/** Restores into a new database; `login` is who does it. */
async function back(path: string, request: Partial<RestoreRequest> = {}, login?: string): Promise<string> {
  const database = uniqueName("back");
  await restore(bench, await liveAs(database, login), path, request);
  return database;
}

function liveAs(database: string, login?: string, on = server) {
  return openLive(on, database, bench, login === undefined ? {} : { user: login, password: "pw" });
}

describe("what a new database has, and what it has not", () => {
  test("dumps of the schema public, in every format", async () => {
    const source = uniqueName("public");
    await createSmall(server, source, 20);
    await server.psql(source, "create table notes as select 'CREATE SCHEMA public;'::text as line");
    const before = await fingerprint(server, source);
    for (const [command, ending, noOwner] of [
      [`pg_dump -n public ${source}`, "sql", false],
      [`pg_dump -n public -Fc ${source}`, "dump", false],
      [`pg_dump -n public -Ft ${source}`, "tar", true],
    ] as const) {
      expect(await fingerprint(server, await back(await fileFrom(command, ending), { noOwner }))).toEqual(before);
    }
  });

  test("--clean without IF EXISTS, twice in one file", async () => {
    const source = uniqueName("clean");
    await createSmall(server, source, 20);
    await server.psql(
      source,
      "create view seen as select * from item; create schema app; create table app.more (id int)",
    );
    const before = await fingerprint(server, source);
    const both = `pg_dump --clean -n public ${source}; pg_dump --clean -n app ${source}`;
    expect(await fingerprint(server, await back(await fileFrom(both, "sql")))).toEqual(before);
  });

  test("progress names the table that loads, of a plain dump, too", async () => {
    const source = uniqueName("named");
    await createSmall(server, source, 20_000);
    bench.progress.length = 0;
    await back(await fileFrom(`pg_dump ${source}`, "sql"));
    const subjects = bench.progress.filter(({ phase }) => phase === "restore").map(({ subject }) => subject);
    expect(subjects).toContain("public.item");
  });
});

test("a table with a part on another server is restored and copied without asking that", async () => {
  const source = uniqueName("parted");
  await server.createDatabase(source);
  await server.psql(
    source,
    `create extension postgres_fdw; create server far foreign data wrapper postgres_fdw options (host 'nowhere.invalid');
     create user mapping for public server far options (user 'x', password 'y');
     create table event (at int, kind text) partition by range (at);
     create table event_here partition of event for values from (0) to (10);
     create foreign table event_there partition of event for values from (10) to (20) server far;
     create table page (path text); create foreign table page_there () inherits (page) server far;
     insert into event values (1, 'a'), (2, 'b'); insert into page select 'x' from generate_series(1, 50)`,
  );
  const path = await fileFrom(`pg_dump -Fc ${source}`, "dump");
  const state = `select (select count(*) from event_here), (select count(*) from only page),
    (select count(*) > 0 from pg_stats where tablename = 'event_here'), count(*) from pg_foreign_table`;
  const restored = await back(path);
  expect(await server.psql(restored, state)).toBe("2|50|t|2");
  const [from, to] = [await liveAs(source), await liveAs(uniqueName("parted"))];
  await copyDatabase(bench.tools, from, to, copyRequest({ strategy: "stream" }));
  expect(await server.psql(to.database, state)).toBe("2|50|t|2");
});

describe("roles that are not there", () => {
  test("--no-owner is enough for a policy, a mapping and default privileges, in an archive and in plain SQL", async () => {
    const source = uniqueName("policy");
    await server.createDatabase(source);
    await server.psql(
      source,
      `create role ${ghost}; create table notes (id int); insert into notes values (1), (2);
       alter table notes enable row level security; create policy partly on notes to ${ghost} using (id = 1);
       create policy others on notes using (id = 2);
       alter default privileges for role ${ghost} grant select on tables to public;
       alter table notes owner to ${ghost}`,
    );
    const paths = [await fileFrom(`pg_dump -Fc ${source}`, "dump"), await fileFrom(`pg_dump ${source}`, "sql")];
    await server.psql(source, `drop policy partly on notes; alter table notes owner to postgres`);
    await server.psql(source, `drop owned by ${ghost}; drop role ${ghost}`);
    for (const path of paths) {
      const error = await rejection(back(path));
      expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
      expect([error.message.includes(ghost), error.hint?.includes("--no-owner")]).toEqual([true, true]);
      bench.notes.length = 0;
      const database = await back(path, { noOwner: true });
      expect(bench.notes.join("\n")).toContain("policy partly on public.notes");
      const state = "select count(*), (select string_agg(polname, ',') from pg_policy), bool_and(relrowsecurity)";
      expect(await server.psql(database, `${state} from notes, pg_class where relname = 'notes'`)).toBe("2|others|t");
    }
  });
});

describe("a login with few rights", () => {
  test("is told what it may not create, goes on without, and its rows are counted where row security is forced", async () => {
    const source = uniqueName("rights");
    await createSmall(server, source, 30);
    await server.psql(
      source,
      `create function f() returns event_trigger language plpgsql as 'begin end';
       create event trigger watch on sql_drop execute function f(); create publication everything for all tables;
       alter table item enable row level security; alter table item force row level security;
       create policy p on item using (id = 1)`,
    );
    const path = pathOf(await dump(bench, await openLive(server, source, bench)));
    const target = uniqueName("rights_back");
    const error = await rejection(restore(bench, await liveAs(target, dev), path, { noOwner: true }));
    expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
    for (const name of ["event trigger watch", "publication everything"]) expect(error.message).toContain(name);
    expect(error.hint).toContain("--skip-forbidden");
    expect(await databasesLike(server, target)).toEqual([]);
    const request = { noOwner: true, skipForbidden: true };
    const result = await restore(bench, await liveAs(target, dev), path, request);
    expect(result.comparison).toMatchObject({ tables: 2, rows: 60, doubts: [] });
    const forced = "select count(*), bool_and(relforcerowsecurity) from item, pg_class where relname = 'item'";
    expect(await server.psql(target, forced)).toBe("30|t");
    expect(await server.psql(target, "select count(*) from pg_event_trigger")).toBe("0");
  });

  test("owners that it is not in, before anything is made", async () => {
    const source = uniqueName("owned");
    await createSmall(server, source, 3);
    const target = uniqueName("owned_back");
    const archive = pathOf(await dump(bench, await openLive(server, source, bench)));
    const error = await rejection(restore(bench, await liveAs(target, dev), archive));
    expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
    expect(error.message).toContain(`roles that ${dev} is not in, and so may not give anything to: postgres`);
    expect(await databasesLike(server, target)).toEqual([]);
  });

  test("settings that it may not give are named and stay behind; the others come along", async () => {
    const source = uniqueName("settings");
    await server.createDatabase(source);
    await server.psql("postgres", `alter database ${source} owner to ${dev}`);
    await server.psql("postgres", `alter database ${source} set log_min_duration_statement = 0`);
    await server.psql("postgres", `alter database ${source} set work_mem = '5MB'`);
    const live = await liveAs(source, dev);
    const path = pathOf(await dump(bench, live));
    bench.notes.length = 0;
    await restore(bench, live, path);
    expect(bench.notes.join("\n")).toContain("log_min_duration_statement");
    const settings = `select setconfig from pg_db_role_setting s join pg_database d on d.oid = setdatabase where datname = '${source}'`;
    expect(await server.psql("postgres", settings)).toBe("{work_mem=5MB}");
  });

  test("limits of its role neither end nor refuse the load", async () => {
    const [limited, source] = [uniqueName("limited"), uniqueName("limits")];
    await server.psql("postgres", `create role ${limited} login createdb password 'pw'`);
    for (const setting of ["default_transaction_read_only = on", "statement_timeout = '1s'", "lock_timeout = '1s'"])
      await server.psql("postgres", `alter role ${limited} set ${setting}`);
    await createSmall(server, source, 20);
    const slow = `grep -v "SET .*_timeout" | sed "s/^COPY public.tag/SELECT pg_catalog.pg_sleep(1.5);\\n&/"`;
    for (const command of [`pg_dump -Fc ${source}`, `pg_dump ${source} | ${slow}`]) {
      const path = await fileFrom(command, "any");
      const database = await back(path, { noOwner: true }, limited);
      expect(await server.psql(database, "select count(*) from tag")).toBe("20");
    }
  });
});

describe("what a server does not take of a whole dump", () => {
  test("a view that needs a search_path: explained, and loaded with one on request", async () => {
    const source = uniqueName("path");
    await old.createDatabase(source);
    await old.psql(source, "create table documents (id int); insert into documents values (1), (2)");
    await old.psql(
      source,
      "create function doc_count() returns bigint language plpgsql as 'begin return (select count(*) from documents); end'",
    );
    await old.psql(source, "create materialized view totals as select doc_count() as n");
    const live = await openLive(old, source, bench);
    const [archive, plain] = [pathOf(await dump(bench, live)), pathOf(await dump(bench, live, { format: "sql" }))];
    for (const path of [archive, plain]) {
      const dumped = await findDump(bench, path);
      const error = await rejection(testRestore(bench.tools, live, dumped, { noOwner: true, jobs: 1, approveForeign }));
      expect(error).toMatchObject({ code: "load_search_path", exit: 1 });
      expect(error.message).toContain("documents without a schema");
      expect(error.hint).toContain("--search-path");
      expect(error.hint).not.toContain("dumps verify");
      const [database, jobs] = [uniqueName("path_back"), 2];
      await restore(bench, await openLive(old, database, bench), path, { searchPath: "public, pg_temp", jobs });
      expect(await old.psql(database, "select n from totals")).toBe("2");
    }
    const to = await openLive(old, uniqueName("path_copy"), bench);
    await copyDatabase(bench.tools, live, to, copyRequest({ strategy: "stream", searchPath: "public" }));
    expect(await old.psql(to.database, "select n from totals")).toBe("2");
  });

  test("a check that reads another table is named, with what would help", async () => {
    const source = uniqueName("order");
    await server.createDatabase(source);
    await server.psql(source, "create table z_limits (most int); insert into z_limits values (9)");
    await server.psql(
      source,
      `create function most() returns int language sql as 'select coalesce(max(most), 0) from public.z_limits';
       create table a_items (n int constraint within_limit check (n <= most())); insert into a_items values (5)`,
    );
    const live = await openLive(server, source, bench);
    const error = await rejection(restore(bench, live, pathOf(await dump(bench, live))));
    expect(error).toMatchObject({ code: "load_order", exit: 1 });
    expect(error.message).toContain("within_limit");
    expect(await server.psql(source, "select count(*) from a_items")).toBe("1");
  });

  test("a locale that is not there is replaced, and said before the load", async () => {
    const source = uniqueName("locale");
    await createSmall(server, source, 5);
    const path = pathOf(await dump(bench, await openLive(server, source, bench)));
    const manifest = await Bun.file(manifestPath(path)).json();
    await Bun.write(manifestPath(path), JSON.stringify({ ...manifest, collate: "xx_YY.UTF-8", ctype: "xx_YY.UTF-8" }));
    bench.notes.length = 0;
    const live = await openLive(server, uniqueName("locale_back"), bench);
    const request = { findDump: () => findDump(bench, path), noOwner: false, jobs: 1, discardPrevious: false };
    await planRestore(bench.tools, live, { ...request, services: [], consent: async () => undefined, approveForeign });
    expect(bench.notes.join("\n")).toContain("xx_YY.UTF-8");
    await restore(bench, live, path);
    expect(await server.psql(live.database, "select count(*) from item")).toBe("5");
  });

  test("a dump that unpacks to more than the server's disk has is stopped, and nothing of it stays", async () => {
    const source = uniqueName("room");
    await server.createDatabase(source);
    await server.psql(source, "create table big as select repeat('x', 1000) as t from generate_series(1, 20000)");
    const path = await fileFrom(`pg_dump ${source} | sed "s/^COPY/SELECT pg_sleep(60);\\n&/"`, "sql");
    const live = await openLive(server, uniqueName("room_back"), bench);
    let asked = 0;
    const freeDataBytes = () => Promise.resolve(asked++ < 2 ? 4e8 : 1e6);
    const full = { ...live, toolbox: { ...live.toolbox, freeDataBytes } };
    const error = await rejection(restore(bench, full, path));
    expect(error).toMatchObject({ code: "server_disk_full", exit: 1 });
    expect(await databasesLike(server, live.database)).toEqual([]);
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });
});

describe("databases that are not quite in order", () => {
  test("one whose collation has changed is streamed, or refused with the statement that helps", async () => {
    const [source, target] = [uniqueName("collation"), uniqueName("collation_copy")];
    await createSmall(server, source, 7);
    await server.psql("postgres", `update pg_database set datcollversion = '1.0' where datname = '${source}'`);
    const [from, to] = [await openLive(server, source, bench), await openLive(server, target, bench)];
    const error = await rejection(copyDatabase(bench.tools, from, to, copyRequest({ strategy: "template" })));
    expect(error).toMatchObject({ code: "collation_changed", exit: 5 });
    expect(error.hint).toContain("REFRESH COLLATION VERSION");
    bench.notes.length = 0;
    expect(await copyDatabase(bench.tools, from, to, copyRequest())).toMatchObject({ strategy: "stream" });
    expect(bench.notes.join("\n")).toContain("streaming instead");
    expect(await server.psql(target, "select count(*) from item")).toBe("7");
  });

  test("one that was dropped half-way is replaced and not kept, and is nobody's source", async () => {
    const [source, broken] = [uniqueName("fine"), uniqueName("broken")];
    await createSmall(server, source, 7);
    await server.createDatabase(broken);
    await server.psql("postgres", `update pg_database set datconnlimit = -2 where datname = '${broken}'`);
    const path = pathOf(await dump(bench, await openLive(server, source, bench)));
    const live = await openLive(server, broken, bench);
    const copied = copyDatabase(bench.tools, live, await openLive(server, uniqueName("none"), bench), copyRequest());
    expect(await rejection(copied)).toMatchObject({ code: "database_invalid", exit: 5 });
    expect(await restore(bench, live, path)).not.toHaveProperty("previous");
    expect(await server.psql(broken, "select count(*) from item")).toBe("7");
    expect(await databasesLike(server, broken)).toEqual([broken]);
  });
});
