/** What the schema file holds: the same bytes on every version, and a schema that can be loaded by each of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { readSchemaText } from "../../../src/migrate/schema/schema-text.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { type Bench, makeBench, openLive } from "../../support/database.ts";
import type { Major } from "../../support/engine/images.ts";
import { sharedServer } from "../../support/engine/server.ts";

const FIXTURE = join(import.meta.dir, "../../support/fixtures/schema-kinds.sql");
const MAJORS: readonly Major[] = [15, 17, 18];

let bench: Bench;
const texts = new Map<Major, string>();

beforeAll(async () => {
  bench = await makeBench();
  const sql = await Bun.file(FIXTURE).text();
  for (const major of MAJORS) texts.set(major, await read(major, "schema_kinds", sql));
});

afterAll(async () => {
  await bench.remove();
});

/** The schema text of a new database in which the SQL was run. */
async function read(major: Major, name: string, sql: string, schema?: string, home?: string): Promise<string> {
  const server = await sharedServer(major);
  const database = `${name}_${randomUUID().slice(0, 8)}`;
  await server.createDatabase(database);
  await server.psql(database, sql);
  const live = await openLive(server, database, bench);
  const target = schema === undefined ? live.target : { ...live.target, schema };
  return await readText({ ...live, target }, home);
}

async function readText(live: LiveTarget, home?: string): Promise<string> {
  const { runner, abort, clock } = bench.tools;
  return await readSchemaText(live, { run: newRunId(clock.now()), runner, abort }, home);
}

describe("the text of one schema", () => {
  test("is the same on PostgreSQL 15, 17 and 18", () => {
    const [first = "", ...others] = MAJORS.map((major) => texts.get(major) ?? "");
    expect(first).toContain("CREATE TABLE app.users (");
    for (const other of others) expect(other.split("\n")).toEqual(first.split("\n"));
  });

  test("says nothing of versions, and of what every database has", () => {
    const text = texts.get(18) ?? "";
    for (const habit of ["Dumped", "restrict", "transaction_timeout", "COMMENT ON EXTENSION", "CREATE SCHEMA public"]) {
      expect(text).not.toContain(habit);
    }
    expect(text.startsWith("SET statement_timeout = 0;\n")).toBe(true);
    expect(text.endsWith(";\n")).toBe(true);
  });

  test("leaves functions and comments as they were written, blanks at line ends included", () => {
    const text = texts.get(17) ?? "";
    expect(text).toContain("begin   \n  -- a comment with trailing blanks   \n");
    expect(text).toContain("two\nlines   \nof it");
  });

  test.each([...MAJORS])("of 18, loaded into %d, is the same again", async (major) => {
    expect(await read(major, `schema_kinds_again_${major}`, texts.get(18) ?? "")).toBe(texts.get(major) ?? "");
  });
});

test("pgrove's own tables are left out, the other tool's stays; a public schema that was touched is not written", async () => {
  const text = await read(
    17,
    "schema_own",
    `create schema pgrove; create table pgrove.migrations (version bigint);
     alter schema public owner to postgres; comment on schema public is 'standard public schema';
     create table schema_migrations (version bigint primary key, dirty boolean not null);`,
  );
  expect(text).toContain("CREATE TABLE public.schema_migrations (");
  expect(text).not.toMatch(/pgrove|SCHEMA public/);
});

test("a worktree's schema writes what main's does", async () => {
  const sql = (schema: string) => `create schema "${schema}"; set search_path to "${schema}", public;
    comment on schema "${schema}" is 'mark of ${schema}';
    create extension if not exists pgcrypto schema public;
    create table item (id serial primary key, token uuid default gen_random_uuid(), salt text default gen_salt('bf'));
    create table pgrove_migrations (version bigint);
    create table "Feature-X" (id int);
    create function f() returns int language sql as 'select 1 from item';
    create function g() returns bigint language sql begin atomic select count(*) from item; end;
    create view v as select item.id, other.id as other from item join item other using (id);`;
  const main = await read(17, "schema_main", sql("public").replace('create schema "public";', ""), "public", "public");
  const worktree = await read(17, "schema_worktree", sql("Feature-X"), "Feature-X", "public");
  expect(worktree).toContain("nextval('public.item_id_seq'::regclass)");
  expect(worktree).toContain('CREATE TABLE public."Feature-X" (');
  expect(worktree.split("\n")).toEqual(main.split("\n"));
});
