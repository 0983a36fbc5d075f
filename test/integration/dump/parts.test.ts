/** A part of a dump goes into a database that stays: in one transaction, or not at all. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type PartsChange, type PartsRequest, planParts, restoreParts } from "../../../src/dump/restore-parts.ts";
import {
  type Bench,
  dump,
  findDump,
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
let source: string;
let path: string;
beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
  source = uniqueName("parts");
  await server.createDatabase(source);
  await server.psql(source, SCHEMA);
  path = pathOf(await dump(bench, await openLive(server, source, bench)));
});
afterAll(() => bench.remove());

const SCHEMA = `create table "odd.Name" (id int primary key, at timestamptz default now());
  create table item (id serial primary key, name text not null check (name <> ''), note text);
  create index item_names on item (lower(name)); create statistics item_stats on id, name from item;
  create table item_more (id int);
  comment on table item is 'what is sold'; comment on column item.name is 'as it is called';
  comment on index item_names is 'for the search'; comment on constraint item_pkey on item is 'by number';
  alter table item enable row level security; create policy seen on item using (true);
  create function touched() returns trigger language plpgsql as 'begin return new; end';
  create trigger touch before update on item for each row execute function touched();
  create table tag (item int references item, tag text);
  insert into item (name) select 'item ' || g from generate_series(1, 50) g; insert into tag select g, 'x' from generate_series(1, 50) g;
  insert into "odd.Name" values (1), (2);
  create schema shop; create table shop.item (id int); insert into shop.item values (7); create view shop.seen as select * from shop.item;`;

const open = (database: string) => openLive(server, database, bench);

async function restorePart(database: string, part: Partial<PartsRequest["part"]>) {
  const changes: PartsChange[] = [];
  const result = await restoreParts(bench.tools, await open(database), {
    ...{ findDump: () => findDump(bench, path), noOwner: false, approveForeign: async () => undefined },
    part: { tables: [], schemas: [], content: "all", ...part },
    consent: async (change) => void changes.push(change),
  });
  return { ...result, change: changes[0] };
}

/** Everything about a table that a dump has of it. */
const describe = (database: string, table = "public.item") =>
  server.psql(
    database,
    `select jsonb_pretty(jsonb_build_object(
       'columns', (select jsonb_agg(jsonb_build_array(attname, format_type(atttypid, atttypmod), attnotnull,
                    pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)) order by attnum)
                     from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum where attrelid = t and attnum > 0),
       'constraints', (select jsonb_agg(jsonb_build_array(conname, pg_get_constraintdef(oid), obj_description(oid)) order by conname)
                         from pg_constraint where conrelid = t and contype <> 'n'),
       'indexes', (select jsonb_agg(jsonb_build_array(pg_get_indexdef(indexrelid), obj_description(indexrelid)) order by indexrelid::regclass::text)
                     from pg_index where indrelid = t),
       'triggers', (select jsonb_agg(pg_get_triggerdef(oid)) from pg_trigger where tgrelid = t and not tgisinternal),
       'policies', (select jsonb_agg(polname) from pg_policy where polrelid = t), 'comment', obj_description(t),
       'statistics', (select jsonb_agg(stxname) from pg_statistic_ext where stxrelid = t),
       'secured', (select relrowsecurity from pg_class where oid = t),
       'next', (select pg_get_serial_sequence(t::regclass::text, 'id'))))
     from (values ('${table}'::regclass::oid)) as _(t)`,
  );
const count = (database: string, table: string) => server.psql(database, `select count(*) from ${table}`);

test("a table that is not there is made, with all that is its own and nothing else", async () => {
  const database = uniqueName("parts_new");
  await server.createDatabase(database);
  await server.psql(database, "create function touched() returns trigger language plpgsql as 'begin return new; end'");
  const { tables, change } = await restorePart(database, { tables: ["public.item", "odd.Name"] });
  expect(change).toMatchObject({ replaced: [], filled: [], made: [{ name: "item" }, { name: "odd.Name" }] });
  expect(tables.map(({ name, before, after }) => [name, before, after])).toEqual([
    ["item", undefined, 50],
    ["odd.Name", undefined, 2],
  ]);
  expect(await describe(database)).toBe(await describe(source));
  expect(await server.psql(database, "select nextval('item_id_seq')")).toBe("51");
  expect(await server.psql(database, "select to_regclass('item_more') is null and to_regclass('tag') is null")).toBe(
    "t",
  );
});

test("one that is there is replaced, or keeps its rows when only rows are added; a failure changes nothing", async () => {
  const database = uniqueName("parts_there");
  await restore(bench, await open(database), path);
  await server.psql(
    database,
    "drop table tag; delete from item where id > 10; alter table item add later int; create table own (id int)",
  );
  const { tables, change } = await restorePart(database, { tables: ["public.item"] });
  expect(change?.replaced).toMatchObject([{ schema: "public", name: "item", rows: 10 }]);
  expect(tables).toMatchObject([{ before: 10, after: 50 }]);
  expect(await describe(database)).toBe(await describe(source));
  await server.psql(database, "select 1 from own");

  await server.psql(database, "delete from item where id <= 50; insert into item (id, name) values (1000, 'own')");
  const filled = await restorePart(database, { tables: ["public.item"], content: "data" });
  expect(filled.change?.filled).toMatchObject([{ name: "item", rows: 1 }]);
  expect(filled.tables).toMatchObject([{ before: 1, after: 51 }]);
  // Its keys are there by now.
  expect(
    await rejection(restorePart(database, { tables: ["public.item", "odd.Name"], content: "data" })),
  ).toMatchObject({ exit: 1 });
  expect([await count(database, "item"), await count(database, '"odd.Name"')]).toEqual(["51", "2"]);
  // Another table needs it.
  await server.psql(database, "create table needing (item int references item)");
  const needed = await rejection(restorePart(database, { tables: ["public.item"] }));
  expect(needed).toMatchObject({ exit: 1, message: expect.stringContaining("needing") });
  expect(await count(database, "item")).toBe("51");
});

test("a schema that is not there is made whole, and one that is there is not touched", async () => {
  const database = uniqueName("parts_schema");
  await server.createDatabase(database);
  expect((await restorePart(database, { schemas: ["shop"] })).tables).toMatchObject([
    { schema: "shop", name: "item", after: 1 },
  ]);
  expect(await count(database, "shop.seen")).toBe("1");
  expect(await rejection(restorePart(database, { schemas: ["shop"] }))).toMatchObject({
    code: "schema_exists",
    exit: 5,
  });
  expect((await restorePart(database, { schemas: ["shop"], content: "data" })).tables).toMatchObject([
    { before: 1, after: 2 },
  ]);
});

test("what the dump or the database does not have, and what is unclear, is said before anything is done", async () => {
  const database = uniqueName("parts_none");
  await server.createDatabase(database);
  const refused = (part: Partial<PartsRequest["part"]>) => rejection(restorePart(database, part));
  expect(await refused({ tables: ["nowhere"], schemas: ["gone"] })).toMatchObject({
    exit: 4,
    message: expect.stringMatching(/nowhere.*gone/),
  });
  expect(await refused({ tables: ["item"] })).toMatchObject({ exit: 2, message: expect.stringContaining("item") });
  expect(await refused({ tables: ["tag"], content: "data" })).toMatchObject({ code: "table_missing", exit: 4 });
  const sql = pathOf(await dump(bench, await open(source), { format: "sql" }));
  const plan = planParts(bench.tools, await open(database), {
    ...{ findDump: () => findDump(bench, sql), noOwner: false, part: { tables: ["tag"], schemas: [], content: "all" } },
    ...{ approveForeign: async () => undefined, consent: async () => undefined },
  });
  expect(await rejection(plan)).toMatchObject({ code: "dump_unsupported", exit: 5 });
});

test("a whole dump goes in without its rows", async () => {
  const database = uniqueName("parts_bare");
  await restore(bench, await open(database), path, { schemaOnly: true });
  expect(await describe(database)).toBe(await describe(source));
  expect([await count(database, "item"), await count(database, "shop.item")]).toEqual(["0", "0"]);
});
