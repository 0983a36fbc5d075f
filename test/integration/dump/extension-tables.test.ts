/** Tables that an extension makes, and users add rows to, as PostGIS has its spatial_ref_sys; and types that only it has. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { testRestore } from "../../../src/dump/restore.ts";
import { type PartsRequest, restoreParts } from "../../../src/dump/restore-parts.ts";
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
import { startServer, type TestServer } from "../../support/engine/server.ts";

const EXTENSION = `
  create type place as (x int, y int);
  create table place_system (id int primary key, note text);
  insert into place_system values (1, 'its own');
  select pg_extension_config_dump('place_system', 'where id > 100');
  create function far(place) returns int language sql immutable as 'select $1.x + $1.y';`;

let server: TestServer;
let bench: Bench;
const source = uniqueName("places");
const SYSTEMS = "select string_agg(id || ' ' || note, ', ' order by id) from place_system";

beforeAll(async () => {
  bench = await makeBench();
  const folder = join(bench.folder, "places/usr/share/postgresql/17/extension");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "places.control"), "default_version = '1'\nrelocatable = false\nschema = public\n");
  await writeFile(join(folder, "places--1.sql"), EXTENSION);
  server = await startServer({ major: 17, files: join(bench.folder, "places") });
  await server.createDatabase(source);
  await server.psql(
    source,
    `create extension places; insert into place_system values (101, 'ours');
     create table spot (id serial primary key, at place); create index on spot (far(at));
     insert into spot (at) select row(n, n)::place from generate_series(1, 20) n`,
  );
});
afterAll(async () => {
  await server.remove();
  await bench.remove();
});

const open = (database: string) => openLive(server, database, bench);

async function restorePart(path: string, database: string, table: string) {
  const part: PartsRequest["part"] = { tables: [table], schemas: [], content: "all" };
  const agreed = { noOwner: false, approveForeign: async () => undefined, consent: async () => undefined };
  const live = await open(database);
  return await restoreParts(bench.tools, live, { ...agreed, findDump: () => findDump(bench, path), part });
}

test("rows that were added come back beside the extension's own, in every format and in a copy", async () => {
  const live = await open(source);
  for (const format of ["custom", "sql", "directory"] as const) {
    const made = await dump(bench, live, { format });
    const back = uniqueName("back");
    await restore(bench, await open(back), pathOf(made));
    expect(await server.psql(back, SYSTEMS)).toBe("1 its own, 101 ours");
    const found = await findDump(bench, pathOf(made));
    const tried = { noOwner: true, jobs: 1, deep: true, approveForeign: async () => undefined };
    expect((await testRestore(bench.tools, live, found, tried)).contents?.differences).toEqual([]);
  }
  const to = await open(uniqueName("copy"));
  await copyDatabase(bench.tools, live, to, copyRequest({ strategy: "stream" }));
  expect(await server.psql(to.database, SYSTEMS)).toBe("1 its own, 101 ours");
});

test("as a part of a dump they are told with their counts, and wanted where nobody has made the table", async () => {
  const path = pathOf(await dump(bench, await open(source)));
  const [having, lacking] = [uniqueName("having"), uniqueName("lacking")];
  for (const name of [having, lacking]) await server.createDatabase(name);
  await server.psql(having, "create extension places");
  const { tables } = await restorePart(path, having, "place_system");
  expect(tables).toEqual([{ schema: "public", name: "place_system", before: 1, after: 2 }]);
  expect(await server.psql(having, SYSTEMS)).toBe("1 its own, 101 ours");
  const missing = await rejection(restorePart(path, lacking, "place_system"));
  expect(missing).toMatchObject({ code: "table_missing", exit: 4 });
  expect(missing.hint).toContain("CREATE EXTENSION");
});

test("a part that needs the extension's type says what is missing, and goes where that is", async () => {
  const path = pathOf(await dump(bench, await open(source), { tables: ["spot"] }));
  const error = await rejection(restore(bench, await open(uniqueName("bare")), path));
  expect(error).toMatchObject({ code: "load_part", exit: 1 });
  expect([error.message.includes("needs public.place"), error.hint?.includes("--table")]).toEqual([true, true]);
  const having = uniqueName("having");
  await server.createDatabase(having);
  await server.psql(having, "create extension places");
  expect((await restorePart(path, having, "spot")).tables).toMatchObject([{ name: "spot", after: 20 }]);
});

test("a foreign table is not read to be counted", async () => {
  const [from, to] = [uniqueName("foreign"), uniqueName("foreign")];
  for (const name of [from, to]) {
    await server.createDatabase(name);
    await server.psql(
      name,
      `create extension postgres_fdw; create server far foreign data wrapper postgres_fdw options (host 'nowhere.invalid');
       create user mapping for public server far options (user 'x', password 'y'); create foreign table away (id int) server far`,
    );
  }
  const path = pathOf(await dump(bench, await open(from)));
  expect((await restorePart(path, to, "away")).tables).toMatchObject([{ name: "away", before: undefined }]);
});
