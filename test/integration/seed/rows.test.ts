import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { interruption } from "../../../src/errors.ts";
import { loadFactories } from "../../../src/seed/factory/factory-file.ts";
import { type RowsRequest, seedRows } from "../../../src/seed/load/rows.ts";
import { readTables } from "../../../src/seed/schema/read-tables.ts";
import { readStats } from "../../../src/seed/stats.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { type Bench, fingerprint, makeBench, openLive, rejection, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";

const SHOP = `
  create table customer (id bigint generated always as identity primary key, email text not null unique, name text not null);
  create table purchase (id serial primary key, customer_id bigint not null references customer, amount int not null check (amount between 1 and 900));
  create index purchase_customer on purchase (customer_id) where amount > 3;
  create table note (customer_id bigint references customer on delete cascade, text text);
  comment on index purchase_customer is 'kept by its comment';
  create view per_customer as select c.id, c.email, count(*) as count from customer c join purchase p on p.customer_id = c.id group by c.id;`;

const BIG = 100_000;

describe.each(takingTurns([15, 17, 18], import.meta.path))("rows on PostgreSQL %i", (major) => {
  let bench: Bench;
  let server: TestServer;
  beforeAll(async () => {
    bench = await makeBench();
    server = await sharedServer(major);
  });
  afterAll(() => bench.remove());

  async function prepare(schema = SHOP, yaml = "") {
    const database = uniqueName("seed_rows");
    await server.createDatabase(database);
    await server.psql(database, schema);
    const dir = join(bench.folder, database);
    await mkdir(dir);
    if (yaml !== "") await writeFile(join(dir, "factories.yaml"), yaml);
    const factories = await loadFactories(dir, { today: new Date("2026-01-01") });
    const seed = async (only: string[] | undefined, count: number, more: Partial<RowsRequest> = {}, own = bench) =>
      await seedRows(own.tools, await openLive(server, database, own), {
        ...{ factories, upsert: false, skipTriggers: false, loads: true, consent: async () => undefined },
        wish: { counts: new Map(), defaultCount: 10, count, ...(only === undefined ? {} : { only }) },
        ...more,
      });
    const ask = (query: string) => server.psql(database, query);
    const counts = () => ask("select (select count(*) from customer) || ' ' || (select count(*) from purchase)");
    return { database, seed, ask, counts };
  }

  test("rows are added behind those of earlier runs, and sequences follow", async () => {
    const { seed, ask, counts } = await prepare();
    await seed(["customer", "purchase"], 25);
    await seed(["customer"], 2000);
    expect(await counts()).toBe("2025 25");
    expect(await ask("insert into purchase (customer_id, amount) values (2025, 5) returning id")).toBe("26");
    expect(await ask("insert into customer (email, name) values ('x', 'y') returning id")).toBe("2026");
    expect(
      await ask("select count(*) from purchase p left join customer c on c.id = p.customer_id where c.id is null"),
    ).toBe("0");
  });

  test("many rows into empty tables: the schema is afterwards what it was", async () => {
    const { seed, database, counts, ask } = await prepare();
    const before = await schemaOf(server, database);
    const { loaded } = await seed(["customer", "purchase"], BIG);
    expect(loaded?.entities.map(({ inserted }) => inserted)).toEqual([BIG, BIG]);
    expect(await counts()).toBe(`${BIG} ${BIG}`);
    expect(await schemaOf(server, database)).toEqual(before);
    expect(await ask("select bool_and(indisvalid) from pg_index")).toBe("t");
  });

  test.each([500, BIG])("of %i rows one that is refused is named, and nothing stays", async (count) => {
    const refuse = `create function refuse() returns trigger language plpgsql as $$ begin
        if new.id = 321 then raise exception 'not this one'; end if; return new; end $$;
      create trigger refuse before insert on customer for each row execute function refuse();`;
    const { seed, database, counts, ask } = await prepare(SHOP + refuse);
    const before = await schemaOf(server, database);
    const error = await rejection(seed(["customer", "purchase"], count));
    expect(error.message).toContain("customer");
    expect(error.message).toContain("not this one");
    if (count === BIG) expect(error.message).toContain("row 321");
    expect(await counts()).toBe("0 0");
    expect(await schemaOf(server, database)).toEqual(before);
    expect(await ask("select to_regclass('pgrove.seed_runs') is null")).toBe("t");
  });

  test.each([500, 2000])("of %i rows a value that does not fit is named with its field and row", async (count) => {
    const yaml = "entities: {visit: {fields: {day: {template: '2026-01-{row}'}}}}\n";
    const { seed, ask } = await prepare("create table visit (id int primary key, day date)", yaml);
    const error = await rejection(seed(["visit"], count));
    expect(error.message).toMatch(/^visit, row \d+, field day = "2026-01-(32|0)": date/);
    expect(await ask("select count(*) from visit")).toBe("0");
  });

  test("a key that is taken: of rows that are there an upsert helps, of generated ones other values do", async () => {
    const schema = `create function first(text) returns text immutable language sql as 'select left($1, 1)';
      create table tag (name text primary key); create table mark (id int primary key, name text not null);
      create unique index mark_first on mark (first(name));`;
    const { seed, ask } = await prepare(schema, "entities: {tag: {fields: {name: {template: 't{row}'}}}}\n");
    await ask("insert into tag values ('t2')");
    const taken = await rejection(seed(["tag"], 3));
    expect(taken).toMatchObject({ hint: expect.stringContaining("pgrove seed tag --upsert") });
    const own = await rejection(seed(["mark"], 90));
    expect(own).toMatchObject({
      hint: expect.stringContaining('entities: {mark: {fields: {name: {template: "{row}"}}}}'),
    });
    expect(await rejection(seed(["mark"], 90, { upsert: true }))).toMatchObject({ hint: own.hint });
  });

  test("a check that cannot be met, or not be computed, is named with its table, its columns and what to write", async () => {
    const { seed } = await prepare(`create table mask (bits int not null check (bits & 1 = 2));
      create table term (part int not null check (make_date(2024, part, 1) > '2025-01-01'))`);
    const unmet = await rejection(seed(["mask"], 50));
    expect(unmet.message).toMatch(/^mask, field bits: .*"mask_bits_check"/);
    expect(unmet.hint).toContain("entities: {mask: {fields: {bits: {int: {min: 1, max: 9}}}}}");
    expect(unmet.hint).toContain("the check: ((bits & 1) = 2)");
    const failed = await rejection(seed(["term"], 50));
    expect(failed.message).toMatch(/^term: date field value out of range/);
    expect(failed.hint).toContain("entities: {term: {fields: {part: {int: {min: 1, max: 9}}}}}");
    expect(failed.hint).toContain("the check: (make_date(2024, part, 1) > '2025-01-01'::date)");
  });

  test("rows that a trigger leaves out are missed", async () => {
    const { seed, counts } = await prepare(`${SHOP}
      create function drop_one() returns trigger language plpgsql as $$ begin
        if new.id = 7 then return null; end if; return new; end $$;
      create trigger drop_one before insert on customer for each row execute function drop_one();`);
    const error = await rejection(seed(["customer"], 2000));
    expect(error.code).toBe("rows_missing");
    expect(await counts()).toBe("0 0");
  });

  test("triggers are fired, unless they are not wanted", async () => {
    const { seed, ask } = await prepare(`${SHOP}
      create table log (id bigint);
      create function log() returns trigger language plpgsql as $$ begin insert into log values (new.id); return new; end $$;
      create trigger log after insert on customer for each row execute function log();`);
    await seed(["customer"], 10);
    await seed(["customer"], 1500, { skipTriggers: true });
    expect(await ask("select count(*) from log")).toBe("10");
    expect(await ask("select count(*) from customer")).toBe("1510");
  });

  test("an upsert makes the same rows again: inserted, updated, unchanged", async () => {
    const { seed, ask } = await prepare();
    const customers = async (count: number) => (await seed(["customer"], count, { upsert: true })).loaded?.entities[0];
    expect(await customers(40)).toMatchObject({ inserted: 40, updated: 0, unchanged: 0 });
    const first = await ask("select md5(string_agg(c::text, ',' order by id)) from customer c");
    await ask("update customer set name = 'changed' where id <= 3; delete from customer where id = 40");
    expect(await customers(40)).toMatchObject({ inserted: 1, updated: 3, unchanged: 36 });
    expect(await ask("select md5(string_agg(c::text, ',' order by id)) from customer c")).toBe(first);
    expect(await customers(50)).toMatchObject({ inserted: 10, updated: 0, unchanged: 40 });
    await ask("insert into customer (email, name) values ('mine', 'mine')");
    expect((await rejection(customers(60))).code).toBe("keys_taken");
    expect(await ask("select count(*) from customer")).toBe("51");
  });

  test("an upsert knows rows by a key that PostgreSQL computes", async () => {
    const { seed, ask } = await prepare(`create table named (
      code text primary key check (code = upper(btrim(code))), note text check (note = lower(note)))`);
    const named = async (count: number) => (await seed(["named"], count, { upsert: true })).loaded?.entities[0];
    expect(await named(20)).toMatchObject({ inserted: 20, updated: 0, unchanged: 0 });
    await ask("update named set note = 'other' where code = (select min(code) from named)");
    expect(await named(25)).toMatchObject({ inserted: 5, updated: 1, unchanged: 19 });
  });

  test("an upsert writes only rows that differ", async () => {
    const { seed, ask } = await prepare();
    await seed(["customer"], 2000);
    await ask("update customer set name = 'changed' where id <= 3");
    const before = await ask(
      "select md5(string_agg(xmin::text || ctid::text, ',' order by id)) from customer where id > 3",
    );
    const { loaded } = await seed(["customer"], 2000, { upsert: true });
    expect(loaded?.entities[0]).toMatchObject({ inserted: 0, updated: 3, unchanged: 1997 });
    expect(
      await ask("select md5(string_agg(xmin::text || ctid::text, ',' order by id)) from customer where id > 3"),
    ).toBe(before);
    expect(await ask("select count(*) from customer where xmax::text <> '0'")).toBe("0");
  });

  test("a key in which NULL equals NULL, and rows of a table that inherits", async () => {
    const yaml = "entities: {tag: {fields: {code: 'null', note: {constant: now}}}}\n";
    const { seed, ask } = await prepare("create table tag (code int unique nulls not distinct, note text)", yaml);
    await ask("create table old_tag () inherits (tag); insert into old_tag values (null, 'before')");
    const upsert = async () => (await seed(["tag"], 1, { upsert: true })).loaded?.entities[0];
    expect(await upsert()).toMatchObject({ inserted: 1, updated: 0, unchanged: 0 });
    expect(await upsert()).toMatchObject({ inserted: 0, updated: 0, unchanged: 1 });
    await ask("update only tag set note = 'before'");
    expect(await upsert()).toMatchObject({ inserted: 0, updated: 1, unchanged: 0 });
    expect(await ask("select tableoid::regclass || ' ' || note from tag order by 1")).toBe("old_tag before\ntag now");
  });

  test.each([
    { what: "a deferrable key", null: "not null", key: "deferrable" },
    { what: "a column that may be empty", null: "", key: "" },
    { what: "a key that waits for the end of the run, and not longer", null: "not null", key: "" },
  ])("a cycle is closed by $what", async (cycle) => {
    const { seed, ask } = await prepare(`
      create table team (id int primary key, lead_id int ${cycle.null});
      create table member (id int primary key, team_id int not null references team);
      alter table team add foreign key (lead_id) references member ${cycle.key};`);
    const keys = () =>
      ask("select json_agg(pg_get_constraintdef(oid) order by oid) from pg_constraint where contype = 'f'");
    const before = await keys();
    await seed(["team", "member"], 1200);
    expect(await keys()).toBe(before);
    expect(
      await ask("select count(*) from team t join member m on m.id = t.lead_id join team o on o.id = m.team_id"),
    ).toBe("1200");
  });

  const all = { generated: false };

  test("cleaning takes children first, and begins the rows anew", async () => {
    const { seed, ask, counts } = await prepare();
    const hash = "select md5(string_agg(c::text, ',' order by id)) from customer c";
    await seed(["customer", "purchase"], 20);
    const first = await ask(hash);
    const { cleaned } = await seed(["customer", "purchase"], 20, { clean: all });
    expect([...cleaned]).toEqual([
      ["public.purchase", 20],
      ["public.customer", 20],
    ]);
    expect(await ask(hash)).toBe(first);
    await seed(["customer", "purchase"], 0, { clean: all, loads: false });
    expect(await counts()).toBe("0 0");
  });

  test("rows that others refer to stay: the tables are named, whatever their keys would do", async () => {
    const { seed, ask, counts } = await prepare();
    await seed(["customer", "purchase"], 20);
    const error = await rejection(seed(["customer"], 5, { clean: all }));
    expect(error).toMatchObject({ code: "still_referenced", exit: 5 });
    expect(error.message).toContain("public.purchase (20 rows)");
    await ask("delete from purchase; insert into note values (1, 'mine')");
    expect((await rejection(seed(["customer"], 5, { clean: all }))).message).toContain("public.note (1 row)");
    expect(await counts()).toBe("20 0");
  });

  test("only generated rows go, and only of runs that are old enough", async () => {
    const { seed, ask, counts } = await prepare();
    await seed(["customer", "purchase"], 20);
    await ask(
      "insert into customer (email, name) values ('mine', 'mine'); update pgrove.seed_runs set finished_at = now() - interval '2 days'",
    );
    await seed(["customer"], 5);
    const old = { generated: true, olderThanMs: 86_400_000 };
    await seed(["customer", "purchase"], 0, { clean: old, loads: false });
    expect(await counts()).toBe("6 0");
    await seed(["customer", "purchase"], 0, { clean: { generated: true }, loads: false });
    expect(await ask("select string_agg(email, ',') from customer")).toBe("mine");
  });

  const COMPUTED = `
    create type size as enum ('s', 'm', 'l');
    create table document (id uuid primary key default gen_random_uuid(), made_at timestamptz not null, size size not null);
    create table page (document_id uuid references document, number int, text text, primary key (document_id, number));
    create table tag (document_id uuid not null references document, word text, primary key (document_id, word));`;
  const FACTORIES = `
    generator_version: 1
    entities:
      document: {fields: {id: {uuid_v7: {at: made_at}}, size: {weighted: {s: 5, m: 3, l: 1}}}}
      page: {per: document, count: {weighted: {1: 2, 3: 1}}, fields: {document_id: "@document.id"}}`;

  test("rows of computed keys are known again by what made them", async () => {
    const { seed, ask } = await prepare(COMPUTED, FACTORIES);
    const left = () => ask("select (select count(*) from document) || ' ' || (select count(*) from page)");
    await seed(["document", "page"], 1500);
    await ask("update pgrove.seed_runs set finished_at = now() - interval '2 days'");
    await seed(["document", "page"], 30);
    await ask("insert into document values (default, now(), 's'); update document set size = 'l'");
    const pages = await ask("select count(*) from page");
    const clean = { generated: true, olderThanMs: 86_400_000 };
    const { cleaned } = await seed(["document", "page"], 0, { clean, loads: false });
    expect(cleaned.get("public.document")).toBe(1500);
    expect(await left()).toBe(`31 ${Number(pages) - (cleaned.get("public.page") ?? 0)}`);
    await seed(["document", "page"], 0, { clean: { generated: true }, loads: false });
    expect(await left()).toBe("1 0");
  });

  test("keys that hang on rows of others cannot be told from theirs", async () => {
    const { seed, ask } = await prepare(COMPUTED, FACTORIES);
    await seed(["document"], 20);
    await seed(["tag"], 20);
    const error = await rejection(seed(["tag"], 0, { clean: { generated: true }, loads: false }));
    expect(error).toMatchObject({ code: "rows_unknown", exit: 5 });
    expect(await ask("select count(*) from tag")).toBe("20");
  });

  test("rows that an upsert found there are not taken for generated ones", async () => {
    const { seed, ask } = await prepare(
      "create table size (code char(1) primary key check (code in ('s', 'm')), note text)",
    );
    await ask("insert into size values ('s', 'mine')");
    await seed(["size"], 2, { upsert: true });
    const error = await rejection(seed(["size"], 0, { clean: { generated: true }, loads: false }));
    expect(error).toMatchObject({ code: "rows_unknown", exit: 5 });
    expect(await ask("select count(*) from size")).toBe("2");
  });

  test("the catalogues are read without compiling the query, and the ledger is made without a word", async () => {
    const { database, seed, ask } = await prepare("create table one (id int primary key)");
    await ask("create schema pgrove");
    const said = bench.notes.length;
    await seed(["one"], 1);
    expect(bench.notes.slice(said).filter((note) => note.includes("exists"))).toEqual([]);
    const live = await openLive(server, database, bench);
    const sql = await live.toolbox.connect(database, newRunId(bench.tools.clock.now()));
    const isLoaded = async () =>
      (await sql<{ found: boolean }[]>`select pg_read_file('/proc/self/maps') like '%llvmjit.so%' as found`)[0]?.found;
    await sql.unsafe("set jit_above_cost = 1000");
    await readTables(sql);
    expect(await isLoaded()).toBe(false);
    const [jit] = await sql<{ available: boolean }[]>`select pg_jit_available() as available`;
    expect(await isLoaded()).toBe(jit?.available);
    await sql.end();
  });

  test("a target that is a schema is seeded, and cleaned, by itself", async () => {
    const { database, ask } = await prepare(`${SHOP} create schema feature; set search_path to feature; ${SHOP}`);
    const live = await openLive(server, database, bench);
    const inSchema = { ...live, target: { ...live.target, schema: "feature" } };
    const factories = await loadFactories(join(bench.folder, database), { today: new Date("2026-01-01") });
    const run = async (count: number, more: Partial<RowsRequest>) =>
      await seedRows(bench.tools, inSchema, {
        ...{ factories, upsert: false, skipTriggers: false, loads: true, consent: async () => undefined },
        wish: { counts: new Map(), defaultCount: 10, count, only: ["customer", "purchase"] },
        ...more,
      });
    const rows = () => ask("select (select count(*) from feature.purchase) || ' ' || (select count(*) from customer)");
    await run(20, {});
    await run(20, { upsert: true });
    expect(await rows()).toBe("20 0");
    await run(0, { clean: { generated: true }, loads: false });
    expect(await rows()).toBe("0 0");
    expect(await ask("select to_regclass('feature.pgrove_seed_runs'), to_regnamespace('pgrove')")).toBe(
      "feature.pgrove_seed_runs|",
    );
  });

  test("a role that owns nothing makes and removes rows, or is told what it may not", async () => {
    const { database, seed, ask } = await prepare();
    const role = uniqueName("seeder");
    await ask(
      `create role ${role} login password 'x'; grant select, insert, delete on all tables in schema public to ${role}`,
    );
    const factories = await loadFactories(join(bench.folder, database), { today: new Date("2026-01-01") });
    const live = await openLive(server, database, bench, { user: role, password: "x" });
    const run = async (count: number, more: Partial<RowsRequest> = {}) =>
      await seedRows(bench.tools, live, {
        ...{ factories, upsert: false, skipTriggers: false, loads: true, consent: async () => undefined },
        wish: { counts: new Map(), defaultCount: 10, count, only: ["customer"] },
        ...more,
      });
    expect(await rejection(run(5))).toMatchObject({ code: "ledger_denied", exit: 5 });
    await ask(`create schema pgrove authorization ${role}`);
    expect(await rejection(run(5))).toMatchObject({ code: "sequence_denied", exit: 5 });
    await ask(`grant select, update on all sequences in schema public to ${role}`);
    await run(5);
    await run(3, { clean: all });
    expect(await ask("select count(*) from customer")).toBe("3");
    await seed(["purchase"], 1);
    await ask(`drop schema pgrove cascade; drop owned by ${role}; drop role ${role}`);
  });

  test("a row of somebody's keeps the generated ones that it refers to", async () => {
    const { seed, ask, counts } = await prepare();
    await seed(["customer", "purchase"], 20);
    await ask("insert into purchase (customer_id, amount) values (1, 5)");
    const error = await rejection(seed(["customer", "purchase"], 0, { clean: { generated: true }, loads: false }));
    expect(error.message).toContain("public.purchase (1 row)");
    expect(await counts()).toBe("20 21");
  });

  test("a question that is answered with no changes nothing", async () => {
    const { seed, counts } = await prepare();
    await seed(["customer"], 20);
    const consent = async () => {
      throw new Error("no");
    };
    await seed(["customer"], 5, { clean: all, consent }).catch(() => undefined);
    expect(await counts()).toBe("20 0");
  });

  test("an interrupted run leaves nothing, and the indexes are there", async () => {
    const { seed, database, counts } = await prepare();
    const before = await schemaOf(server, database);
    const own = await makeBench();
    const interrupting = {
      ...own,
      tools: {
        ...own.tools,
        progress: ({ rows = 0 }) => {
          if (rows > BIG / 2) own.interrupt(interruption("SIGINT"));
        },
      },
    };
    const error = await rejection(seed(["customer", "purchase"], BIG, {}, interrupting));
    expect(error.exit).toBe(130);
    expect(await counts()).toBe("0 0");
    expect(await schemaOf(server, database)).toEqual(before);
    await own.remove();
  });

  test("statistics: exact rows, sizes, how far sequences are", async () => {
    const { seed, database } = await prepare();
    await seed(["customer"], 30);
    const { tables, sequences } = await readStats(bench.tools, await openLive(server, database, bench));
    expect(tables.find(({ name }) => name === "customer")).toMatchObject({ rows: 30, isExact: true, schema: "public" });
    const of = (name: string) => sequences.find(({ column }) => column === name);
    expect(of("customer.id")).toMatchObject({ lastValue: 30n, maxValue: 2n ** 63n - 1n });
    expect(of("purchase.id")).toMatchObject({ lastValue: null, maxValue: 2n ** 31n - 1n, used: 0 });
  });

  test("statistics of a login that may not see everything: what it cannot count is not said to be counted", async () => {
    const { seed, ask, database } = await prepare();
    await seed(["customer"], 30);
    const user = uniqueName("reader");
    await ask(`create role ${user} login password 'x'; grant select on customer, purchase to ${user};
      alter table customer enable row level security; alter role ${user} set row_security = off`);
    const { tables } = await readStats(bench.tools, await openLive(server, database, bench, { user, password: "x" }));
    const own = tables.filter(({ schema }) => schema === "public");
    const counted = own.map(({ name, isExact }) => `${name} ${isExact}`).sort();
    expect(counted).toEqual(["customer false", "note false", "purchase true"]);
    await ask(`drop owned by ${user}; drop role ${user}`);
  });
});

/** The definitions of all of the user's objects, without rows and the state of sequences. */
async function schemaOf(server: TestServer, database: string): Promise<string[]> {
  const lines = await fingerprint(server, database);
  return lines.filter((line) => !/^\["(rows|sequence)"|pgrove/.test(line));
}
