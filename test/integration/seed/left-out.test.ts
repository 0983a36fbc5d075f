/** What a run leaves out, and what it does not have to: checks on what is referred to, triggers at the end, searches. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadFactories } from "../../../src/seed/factory/factory-file.ts";
import { seedRows } from "../../../src/seed/load/rows.ts";
import { type Bench, makeBench, openLive, rejection, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";

const ROWS = 200;

describe.each(takingTurns([15, 17, 18], import.meta.path))("what is left out on PostgreSQL %i", (major) => {
  let bench: Bench;
  let server: TestServer;
  beforeAll(async () => {
    bench = await makeBench();
    server = await sharedServer(major);
  });
  afterAll(() => bench.remove());

  async function prepare(schema: string) {
    const database = uniqueName("seed_left");
    await server.createDatabase(database);
    await server.psql(database, schema);
    const factories = await loadFactories(join(bench.folder, "none"), { today: new Date("2026-01-01") });
    const told: string[] = [];
    const tools = { ...bench.tools, note: (text: string) => void told.push(text) };
    const seed = async (lenient: boolean) =>
      await seedRows(tools, await openLive(server, database, bench), {
        ...{ factories, upsert: false, skipTriggers: false, loads: true, consent: async () => undefined },
        wish: { counts: new Map(), defaultCount: 10, count: ROWS, lenient },
      });
    const ask = (query: string) => server.psql(database, query);
    return { seed, ask, notes: () => told };
  }

  test("of the rows that a key leads to, those are referred to that the checks take", async () => {
    const { seed, ask } = await prepare(`
      create table vehicle (id bigserial primary key, kind text not null check (kind in ('car', 'truck')), unique (id, kind));
      create table car (vehicle_id bigint primary key, kind text not null default 'car' check (kind = 'car'), foreign key (vehicle_id, kind) references vehicle (id, kind));
      create table truck (id serial primary key, vehicle_id bigint not null, kind text generated always as ('truck') stored, foreign key (vehicle_id, kind) references vehicle (id, kind));
      create table late (id serial primary key, vehicle_id bigint not null references vehicle check (vehicle_id > 50));
      create table part (id bigserial, tenant int not null, vehicle_id bigint not null references vehicle, primary key (id, vehicle_id)) partition by list (vehicle_id);
      create table part_1 partition of part for values in (1, 2, 3);`);
    const { leftOut } = await seed(true);
    expect(leftOut).toEqual([]);
    const cars = await ask("select count(*) from vehicle where kind = 'car'");
    expect(await ask("select count(*) from car")).toBe(cars);
    const again = await seed(true);
    expect(again.leftOut.map(({ entity }) => entity)).toEqual(["part"]); // the new vehicles have other numbers
    for (const table of ["truck", "late"]) expect(await ask(`select count(*) from ${table}`)).toBe(`${2 * ROWS}`);
  });

  test("what no row can refer to is left out, with the line of a factory file that would do", async () => {
    const { seed } = await prepare(`
      create table place (code char(2) primary key check (code ~ '^[A-M]{2}$'));
      create table visit (id serial primary key, code char(2) not null references place check (code in ('ZZ', 'YY')));`);
    const { leftOut } = await seed(true);
    expect(leftOut).toMatchObject([
      { entity: "visit", hint: "in seeds/factories.yaml: entities: {place: {fields: {code: {one_of: [ZZ, YY]}}}}" },
    ]);
    expect(leftOut[0]?.why).toContain("code that no row of place has");
  });

  const UNEVEN = `
    create table entry (id bigint generated always as identity primary key);
    create table posting (entry_id bigint not null references entry, line int not null, amount int not null check (amount <> 0), primary key (entry_id, line));
    create table beside (id serial primary key);
    create function even() returns trigger language plpgsql as $$ begin
      if (select sum(amount) from posting where entry_id = new.entry_id) <> 0 then raise exception 'entry % is not even', new.entry_id; end if; return null; end $$;
    create constraint trigger even after insert on posting deferrable initially deferred for each row execute function even();`;

  test("a trigger that refuses rows at the end of the transaction leaves out its own table alone", async () => {
    const { seed, ask } = await prepare(UNEVEN);
    const { leftOut } = await seed(true);
    expect(leftOut.map(({ entity }) => entity)).toEqual(["posting"]);
    expect(leftOut[0]?.why).toMatch(
      /^posting: the constraint trigger even refuses its 200 rows: entry \d+ is not even$/,
    );
    expect(leftOut[0]?.hint).toContain("entities: {entry: {}, posting: {per: entry, ");
    expect(await ask("select (select count(*) from entry) || ' ' || (select count(*) from beside)")).toBe("200 200");
    expect(await rejection(seed(false))).toMatchObject({ code: "row_refused", exit: 1 });
  });

  test("values that do not go with each other are passed over in a search", async () => {
    const { seed, ask } = await prepare(`
      create function known(code text, at timestamp) returns boolean language sql immutable as $$ select code in ('101', '102') and at is not null $$;
      create table job (id serial primary key, code text not null, queued_at timestamp, started_at timestamp not null, check (started_at >= queued_at), check (known(code, started_at)));`);
    expect((await seed(true)).leftOut).toEqual([]);
    expect(await ask("select count(*) from job")).toBe(`${ROWS}`);
  });

  test("a trigger may raise whatever code it likes, and others may have filled the table", async () => {
    const { seed, ask } = await prepare(`
      create table beside (id serial primary key);
      create table locked (id serial primary key);
      create function deny() returns trigger language plpgsql as $$ begin raise exception 'not here' using errcode = 'modifying_sql_data_not_permitted'; end $$;
      create trigger deny before insert on locked for each statement execute function deny();
      create table account (id serial primary key);
      create table account_total (account_id int primary key references account, posts int not null default 0);
      create function total() returns trigger language plpgsql as $$ begin insert into account_total values (new.id); return null; end $$;
      create trigger total after insert on account for each row execute function total();`);
    for (const times of [1, 2]) {
      const { leftOut } = await seed(true);
      expect(leftOut).toMatchObject([
        { entity: "account_total", why: expect.stringContaining("triggers of other tables have made") },
        { entity: "locked", why: expect.stringContaining("not here"), hint: expect.stringContaining("deny()") },
      ]);
      const counts = "select (select count(*) from account_total) || ' ' || (select count(*) from beside)";
      expect(await ask(counts)).toBe(`${ROWS * times} ${ROWS * times}`);
    }
  });

  test("where only some rows can be, those are made, and how many is said", async () => {
    const { seed, ask, notes } = await prepare(`
      create table setting (id uuid primary key, version text not null);
      create unique index on setting ((version is not null));
      create sequence down increment -1;
      create table falling (id int primary key default nextval('down'));
      create table ring (id serial primary key, next_id int not null unique references ring deferrable initially deferred);`);
    expect((await seed(true)).leftOut).toEqual([]);
    expect(notes()).toContainEqual(expect.stringMatching(/^setting: 1 row and no more: .*duplicate key/));
    expect(await ask("select (select count(*) from setting) || ' ' || count(*) from ring")).toBe(`1 ${ROWS}`);
    expect(await ask("insert into falling default values returning id < 0")).toStartWith("t");
  });
});
