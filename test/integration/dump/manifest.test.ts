import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Manifest } from "../../../src/dump/manifest.ts";
import { testRestore } from "../../../src/dump/restore.ts";
import {
  type Bench,
  createSmall,
  databasesLike,
  dump,
  ensureRoles,
  findDump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  await ensureRoles(server);
});
afterAll(() => bench.remove());

const FIELDS = [
  ...[
    "codec",
    "collate",
    "content",
    "contents",
    "created_at",
    "ctype",
    "database",
    "database_size_bytes",
    "duration_ms",
    "encoding",
  ],
  ...["extensions", "format", "git", "locale", "locale_provider", "migration_version", "name", "note", "partial"],
  ...[
    "pg_dump_version",
    "pgrove_version",
    "project",
    "roles",
    "run",
    "server_version",
    "sha256",
    "signature",
    "size_bytes",
    "source",
  ],
  ...["tables", "tablespaces", "version"],
];

test("names every table, also one whose name holds the login's password", async () => {
  const [database, role] = [uniqueName("secretive"), uniqueName("apple")];
  await server.psql("postgres", `create role ${role} login superuser password 'apple'`);
  await createSmall(server, database, 3);
  await server.psql(database, "create table apple_trees (id int); insert into apple_trees values (1), (2)");
  const live = await openLive(server, database, bench, { user: role, password: "apple" });
  const { manifest } = await dump(bench, live);
  expect(manifest.tables.map(({ name }) => name)).toContain("apple_trees");
  await server.psql("postgres", `drop database ${database}; drop role ${role}`);
});

test("says what the dump is and holds, in every field", async () => {
  const database = uniqueName("manifest");
  await server.psql(
    "postgres",
    `create database ${database} template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`,
  );
  await server.psql(
    database,
    `create schema x; create extension citext schema x; create table x.b as select generate_series(1, 12) as i; create table a (id int);
     create table part (id int) partition by range (id); create table part1 partition of part for values from (0) to (9);
     insert into part values (1), (2); create policy p on a to pgrove_reader; alter table x.b owner to pgrove_owner; create view v as select 1`,
  );
  const started = Date.now();
  const git = { commit: "0123456789abcdef0123456789abcdef01234567", branch: "feature/x" };
  const request = { git, note: "before; the 'move'", project: "onyx", pgroveVersion: "1.2.3" };
  const result = await dump(bench, await openLive(server, database, bench), request);
  const path = pathOf(result);
  const manifest: Manifest = await Bun.file(`${path}.manifest.json`).json();
  const bytes = await Bun.file(path).bytes();
  const version = (await server.psql(database, "show server_version")).split(" ")[0] ?? "";
  const size = Number(await server.psql(database, "select pg_database_size(current_database())"));

  expect(Object.keys(manifest).sort()).toEqual(FIELDS);
  for (const key of JSON.stringify(manifest).matchAll(/"([A-Za-z_]+)":/g)) expect(key[1]).toMatch(/^[a-z0-9_]+$/);
  expect(manifest).toEqual(result.manifest);
  expect(manifest).toMatchObject({
    ...{ version: 1, name: basename(path), project: "onyx", source: "main", database, git, note: request.note },
    ...{ format: "custom", codec: "zstd", content: "all", partial: false, pgrove_version: "1.2.3" },
    ...{ sha256: createHash("sha256").update(bytes).digest("hex"), size_bytes: bytes.length },
    ...{ server_version: version, pg_dump_version: version, encoding: "LATIN1", collate: "C", ctype: "C" },
    ...{ locale_provider: "c", locale: null, tablespaces: [], migration_version: null },
  });
  expect(manifest.roles).toEqual(["pgrove_owner", "pgrove_reader", "postgres"]);
  expect(manifest.extensions.map(({ name, schema }) => [name, schema])).toEqual([
    ["citext", "x"],
    ["plpgsql", "pg_catalog"],
  ]);
  const tables = manifest.tables.map(({ schema, name, rows, exact }) => [schema, name, rows, exact]);
  expect(tables).toEqual([
    ["public", "a", 0, true],
    ["public", "part1", 2, true],
    ["x", "b", 12, true],
  ]);
  for (const { bytes: tableBytes } of manifest.tables) expect(tableBytes).toBeGreaterThanOrEqual(0);
  expect(Math.abs(manifest.database_size_bytes - size)).toBeLessThan(1 << 20);
  expect(Date.parse(manifest.created_at)).toBeWithin(started - 1, Date.now());
  expect(manifest.created_at).toEndWith("Z");
  expect(manifest.duration_ms).toBeWithin(1, Date.now() - started + 1);
  expect(manifest.run).toMatch(/^\d{14}[0-9a-f]{8}$/);
});

describe("the migration version is that of", () => {
  const ledgers = [
    {
      tool: "golang-migrate",
      sql: "create table schema_migrations (version bigint primary key, dirty boolean); insert into schema_migrations values (42, false)",
      version: "42",
    },
    {
      tool: "dbmate",
      sql: "create table schema_migrations (version varchar(128) primary key); insert into schema_migrations values ('20240101000000'), ('20250303111111'), ('20240202000000')",
      version: "20250303111111",
    },
    {
      tool: "goose",
      sql: "create table goose_db_version (id serial primary key, version_id bigint, is_applied boolean); insert into goose_db_version (version_id, is_applied) values (0, true), (1, true), (2, true)",
      version: "2",
    },
    {
      tool: "goose, after a step down",
      sql: "create table goose_db_version (id serial primary key, version_id bigint, is_applied boolean); insert into goose_db_version (version_id, is_applied) values (0, true), (1, true), (2, true), (2, false)",
      version: "1",
    },
    {
      tool: "alembic",
      sql: "create table alembic_version (version_num varchar(32)); insert into alembic_version values ('ae1027a6acf')",
      version: "ae1027a6acf",
    },
    {
      tool: "a ledger with nothing in it",
      sql: "create table schema_migrations (version bigint primary key, dirty boolean)",
      version: null,
    },
    {
      tool: "a table of that name that is none",
      sql: "create table schema_migrations (step text); insert into schema_migrations values ('x')",
      version: null,
    },
  ];
  test.each(ledgers)("$tool", async ({ sql, version }) => {
    const database = uniqueName("ledger");
    await server.createDatabase(database);
    await server.psql(database, sql);
    const { manifest } = await dump(bench, await openLive(server, database, bench), { content: "schema" });
    expect(manifest.migration_version).toBe(version);
  });
});

describe("what was counted is compared", () => {
  const altered = async (change: (manifest: Manifest) => void): Promise<{ path: string; target: string }> => {
    const target = uniqueName("counted");
    await createSmall(server, target, 50);
    const path = pathOf(await dump(bench, await openLive(server, target, bench)));
    const file = Bun.file(`${path}.manifest.json`);
    const manifest: Manifest = await file.json();
    expect(manifest.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ["item", 50],
      ["tag", 50],
    ]);
    change(manifest);
    await Bun.write(file, JSON.stringify(manifest));
    return { path, target };
  };
  const table = (manifest: Manifest, name: string) => {
    const found = manifest.tables.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no table ${name}`);
    return found;
  };

  test("another exact count fails the restore and its rehearsal, and the target is untouched", async () => {
    const { path, target } = await altered((manifest) => Object.assign(table(manifest, "tag"), { rows: 51 }));
    const before = await fingerprint(server, target);
    const live = await openLive(server, target, bench);
    const rehearsal = testRestore(bench.tools, live, await findDump(bench, path), {
      ...{ noOwner: false, jobs: 1 },
      approveForeign: async () => undefined,
    });
    for (const error of [await rejection(rehearsal), await rejection(restore(bench, live, path))]) {
      expect(error).toMatchObject({ code: "rows_differ", exit: 1 });
      expect(error.message).toContain("public.tag has 50 rows, not 51");
    }
    expect(await fingerprint(server, target)).toEqual(before);
    expect(await databasesLike(server, target)).toEqual([target]);
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("a table that does not come back fails it", async () => {
    const { path, target } = await altered((manifest) => {
      manifest.tables.push({ ...table(manifest, "tag"), name: "lost" });
    });
    const error = await rejection(restore(bench, await openLive(server, target, bench), path));
    expect(error).toMatchObject({ code: "rows_differ" });
    expect(error.message).toContain("public.lost");
  });

  test("an estimate that is far off is a doubt, and no reason to fail", async () => {
    const { path, target } = await altered((manifest) =>
      Object.assign(table(manifest, "tag"), { rows: 5000, exact: false }),
    );
    const { comparison } = await restore(bench, await openLive(server, target, bench), path);
    expect(comparison).toMatchObject({ tables: 2, rows: 100 });
    expect(comparison?.doubts).toHaveLength(1);
    expect(bench.notes.filter((note) => note.includes("5,000"))).toEqual(comparison?.doubts ?? []);
  });

  test("a damaged manifest, or one of another file, refuses the dump by name and by path", async () => {
    const { path, target } = await altered((manifest) => Object.assign(manifest, { sha256: "0".repeat(64) }));
    const live = await openLive(server, target, bench);
    expect(await rejection(restore(bench, live, path))).toMatchObject({ code: "dump_damaged", exit: 1 });
    await Bun.write(`${path}.manifest.json`, '{"version": 1, "name":');
    for (const name of [path, basename(path)]) {
      expect(await rejection(restore(bench, live, name))).toMatchObject({ code: "manifest_damaged", exit: 1 });
    }
    expect(await server.psql(target, "select count(*) from item")).toBe("50");
  });
});
