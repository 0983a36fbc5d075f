/** Up, down and up again on a throw-away database: what is found, and where. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Finding } from "../../../src/migrate/migration.ts";
import { tryRoundTrip } from "../../../src/migrate/schema/round-trip.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { type Bench, databasesLike, makeBench, openLive } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { MigrationFolder } from "../../support/migration-folder.ts";
import { FACTS } from "../../support/migration-ledgers.ts";

let bench: Bench;
let server: TestServer;
let live: LiveTarget;

beforeAll(async () => {
  bench = await makeBench();
  server = await sharedServer(17);
  live = await openLive(server, "postgres", bench);
});

afterAll(async () => {
  await bench.remove();
});

/** All of them are the branch's own, unless `own` says from which number on. */
async function tryAll(
  files: Record<string, string>,
  schemaFile?: string,
  { own = 0n, all = false } = {},
): Promise<Finding[]> {
  await using folder = await MigrationFolder.create(files);
  const read = await folder.read();
  expect(read.findings).toEqual([]);
  const findings = await tryRoundTrip(bench.tools, live, {
    ...{
      files: read,
      own: read.migrations.filter(({ version }) => version >= own),
      all,
      facts: FACTS,
      settings: { lockTimeoutMs: 0, statementTimeoutMs: 0 },
    },
    schema: {},
    ...(schemaFile === undefined ? {} : { schemaFile: { path: folder.at(schemaFile), shown: schemaFile } }),
  });
  expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  return findings;
}

const GOOD = {
  "1_users.up.sql": "create table users (id int primary key, name text, age int);",
  "1_users.down.sql": "drop table users;",
  "2_no_name.up.sql": "alter table users drop name;",
  "2_no_name.down.sql": "alter table users add name text;", // it comes back as the last column
};

describe("a round trip", () => {
  test("of migrations whose way back undoes them finds nothing", async () => {
    expect(await tryAll(GOOD)).toEqual([]);
  });

  test("goes down only as far as there is a way", async () => {
    expect(await tryAll({ ...GOOD, "3_one_way.up.sql": "create table log (id int);" })).toEqual([]);
  });

  test("names the down that leaves something, with what it leaves", async () => {
    const files = {
      ...GOOD,
      "3_index.up.sql": "create index if not exists on_age on users (age); create table extra (id int);",
      "3_index.down.sql": "drop table extra;",
      "4_more.up.sql": "create table more (id int);",
      "4_more.down.sql": "drop table more;",
    };
    const [finding, ...others] = await tryAll(files);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: "round-trip", level: "error", file: "migrations/3_index.down.sql", line: 1 });
    expect(finding?.message).toMatch(/^what takes 3 index back leaves another schema\n/);
    expect(finding?.message).toContain("+ CREATE INDEX on_age ON public.users USING btree (age);");
  });

  test("names the up that makes something else the second time", async () => {
    const files = {
      "1_twice.up.sql": `do $$ begin
          if to_regclass('mark') is null then create sequence mark; else alter sequence mark increment 5; end if; end $$;`,
      "1_twice.down.sql": "select 1;",
    };
    expect(await tryAll(files)).toMatchObject([{ file: "migrations/1_twice.down.sql" }]);
  });

  test("takes back only the branch's own, unless all are asked for", async () => {
    const files = {
      "1_old.up.sql": "create table old (id int);",
      "1_old.down.sql": "select 1; -- and the table stays",
      "2_new.up.sql": "create table new (id int);",
      "2_new.down.sql": "drop table new;",
    };
    expect(await tryAll(files, undefined, { own: 2n })).toEqual([]);
    expect(await tryAll(files, undefined, { own: 3n })).toEqual([]);
    expect(await tryAll(files, undefined, { own: 2n, all: true })).toMatchObject([
      { file: "migrations/1_old.down.sql" },
    ]);
    const bad = { ...files, "2_new.down.sql": "select 1;" };
    expect(await tryAll(bad, undefined, { own: 2n })).toMatchObject([{ file: "migrations/2_new.down.sql" }]);
  });

  test("shows an up or a down that fails at its place", async () => {
    const up = await tryAll({ ...GOOD, "3_bad.up.sql": "select 1;\nselect nothing;" });
    expect(up).toMatchObject([{ file: "migrations/3_bad.up.sql", line: 2, column: 8 }]);
    expect(up[0]?.message).toContain('column "nothing" does not exist');
    const down = await tryAll({ ...GOOD, "3_bad.up.sql": "select 1;", "3_bad.down.sql": "\ndrop table gone;" });
    expect(down).toMatchObject([{ file: "migrations/3_bad.down.sql" }]);
    expect(down[0]?.message).toContain('table "gone" does not exist');
  });
});

describe("the schema file", () => {
  test("that is missing, or is not what the migrations make, is a finding with the difference", async () => {
    expect(await tryAll(GOOD, "db/schema.sql")).toMatchObject([
      { rule: "schema-file", message: "db/schema.sql is missing" },
    ]);
    const [finding] = await tryAll({ ...GOOD, "db/schema.sql": "-- another\n" }, "db/schema.sql");
    expect(finding).toMatchObject({ rule: "schema-file", file: "db/schema.sql", line: 1 });
    expect(finding?.message).toContain("- -- another\n+ -- The database's schema");
  });
});
