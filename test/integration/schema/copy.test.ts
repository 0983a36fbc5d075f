import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CopyRequest, copyDatabase } from "../../../src/copy/copy.ts";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import type { Loss } from "../../../src/unit/unit.ts";
import {
  type Bench,
  copyRequest,
  createEveryKind,
  createSmall,
  databasesLike,
  fingerprint,
  makeBench,
  openLive,
  rejection,
  uniqueName,
} from "../../support/database.ts";
import type { Major } from "../../support/engine/images.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { mainOf, makeEmptyWorktree, makeWorktree, ODD_NAMES, schemaFingerprint } from "./worktree.ts";

const [slashed, longest] = ODD_NAMES;

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.remove());

function copy(source: LiveTarget, target: LiveTarget, request: Partial<CopyRequest> = {}) {
  bench.notes.length = 0;
  return copyDatabase(bench.tools, source, target, copyRequest(request));
}

/** The kinds that live in a schema, and that the fixture's `app` holds. */
const KINDS = ["collation", "column", "constraint", "default privileges", "function", "index", "operator", "policy"];
const MORE_KINDS = ["relation", "rows", "rule", "sequence", "text search", "trigger", "type"];

describe.each(takingTurns([15, 18], import.meta.path))("every kind of object, PostgreSQL %d", (major: Major) => {
  const database = uniqueName("kinds");
  let server: TestServer;
  let live: LiveTarget;
  let main: LiveTarget;
  let before: string[];

  beforeAll(async () => {
    server = await sharedServer(major);
    await createEveryKind(server, database);
    live = await openLive(server, database, bench);
    main = mainOf(live, "app");
    before = await schemaFingerprint(server, database, "app", "app");
  });

  test("comes equal into a schema of the same database", async () => {
    expect([...new Set(before.map((line) => JSON.parse(line)[0]))]).toEqual([...KINDS, ...MORE_KINDS]);
    const target = mainOf(live, slashed);
    const answer = await copy(main, target);
    expect(answer).toMatchObject({ strategy: "stream", database, schema: slashed });
    expect(bench.notes.join("\n")).toMatch(/left out, .*event trigger watched/);
    expect(bench.notes.join("\n")).toMatch(/functions names the schema app .*app\.place_of\(text\)/);
    const changed = await schemaFingerprint(server, database, slashed, "app");
    // Its own SET search_path leads where its schema is now; the extensions are where they were.
    const isHardBody = (line: string) => JSON.parse(line)[1].startsWith("app.hard_body");
    expect(changed.filter((line) => !isHardBody(line))).toEqual(before.filter((line) => !isHardBody(line)));
    expect(changed.find(isHardBody)).toContain("SET search_path TO 'feature/x ünï");
    expect(await schemaFingerprint(server, database, "app", "app")).toEqual(before);

    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("comes over what is there, and belongs to the worktree's role, every object of it", async () => {
    const worktree = await makeEmptyWorktree(bench, live, longest);
    await server.psql(
      database,
      `create table ${worktree.name}.counted as select 'old' as a; create view ${worktree.name}.gone as select 1 as a`,
    );
    const losses: Loss[] = [];
    await copy(main, worktree.live, { consent: async (loss) => void losses.push(loss) });
    expect(losses).toEqual([expect.objectContaining({ schema: longest, sessions: [] })]);
    expect(losses[0]?.sizeBytes).toBeGreaterThan(0);
    expect(await server.psql(database, `select to_regclass('${worktree.name}.gone') is null`)).toBe("t");
    const rows = (lines: string[]) => lines.filter((line) => JSON.parse(line)[0] === "rows");
    expect(rows(await schemaFingerprint(server, database, longest, "app"))).toEqual(rows(before));
    const catalogs = [
      ["pg_class", "rel"],
      ["pg_proc", "pro"],
      ["pg_type", "typ"],
      ["pg_collation", "coll"],
      ["pg_operator", "opr"],
      ["pg_statistic_ext", "stx"],
      ["pg_ts_config", "cfg"],
    ];
    // A range's own functions and its multirange belong to whoever made it, and go with it.
    const others = catalogs.map(
      ([catalog, prefix]) => `select pg_describe_object('${catalog}'::regclass, o.oid, 0) as object from ${catalog} o
         where ${prefix}namespace = to_regnamespace('"${longest}"') and ${prefix}owner <> '${quoteIdentifier(worktree.role.name)}'::regrole
           and not exists (select from pg_depend where classid = '${catalog}'::regclass and objid = o.oid and deptype = 'i')`,
    );
    expect(await server.psql(database, others.join(" union all "))).toBe("");
    expect(await server.psql(database, `select obj_description('"${longest}"'::regnamespace)`)).toBe(worktree.comment);
  });
});

describe("sources", () => {
  test("a database of another, older server, with its extensions where they are not here", async () => {
    const [from, to] = [await sharedServer(15), await sharedServer(18)];
    const [source, target] = [uniqueName("from"), uniqueName("to")];
    await createSmall(from, source, 30);
    await from.psql(
      source,
      `create schema ext; create extension citext schema ext; create schema audit; create table audit.log (a int);
       alter table item add mail ext.citext default 'A@b'`,
    );
    await to.createDatabase(target);
    const [live, other] = [await openLive(to, target, bench), await openLive(from, source, bench)];
    const worktree = await makeEmptyWorktree(bench, live, "feature_x");
    const ambiguous = await rejection(copy(other, worktree.live));
    expect(ambiguous).toMatchObject({ code: "schema_ambiguous", exit: 5 });
    expect(ambiguous.message).toContain("audit, ext, public");
    const lacking = await rejection(copy(other, worktree.live, { wanted: ["public"] }));
    expect(lacking).toMatchObject({ code: "extension_missing", exit: 4 });
    await to.psql(target, "create extension citext"); // in public
    await copy(other, worktree.live, { wanted: ["public"] });
    expect(await to.psql(target, "select count(*), min(mail::text), pg_typeof(min(mail)) from feature_x.item")).toBe(
      "30|A@b|citext",
    );
    expect(await to.psql(target, "select count(*) from feature_x.tag")).toBe("30");
  });

  test("another worktree, and back over main's own schema, with the extensions that lie in it", async () => {
    const server = await sharedServer(18);
    const database = uniqueName("back");
    await server.createDatabase(database);
    await server.psql(
      database,
      `create extension citext; create table item (id int generated always as identity primary key, name citext unique);
       insert into item (name) values ('One'), ('Two'); comment on schema public is 'ours'; grant create on schema public to public`,
    );
    const live = await openLive(server, database, bench);
    const main = mainOf(live, "public");
    const [one, two] = [await makeWorktree(live, "one"), await makeWorktree(live, "Two.*")];
    await copy(main, one.live, { comment: one.comment });
    await server.psql(database, `insert into one.item (name) values ('Three')`);
    await copy(one.live, two.live, { comment: two.comment });
    expect(await server.psql(database, `select string_agg(name, ' ' order by id) from "Two.*".item`)).toBe(
      "One Two Three",
    );
    const properties = () =>
      server.psql(
        database,
        `select nspacl, pg_get_userbyid(nspowner), obj_description(oid), (select extnamespace::regnamespace from pg_extension
           where extname = 'citext') from pg_namespace where nspname = 'public'`,
      );
    const before = await properties();
    await copy(two.live, main);
    expect(await properties()).toBe(before);
    expect(
      await server.psql(
        database,
        "select count(*), min(pg_get_userbyid(relowner)) from item, pg_class where relname = 'item' and relnamespace = 'public'::regnamespace",
      ),
    ).toBe("3|postgres");
    expect(await server.psql(database, "select name = 'THREE' from public.item where id = 3")).toBe("t");
    expect(await server.psql(database, "select count(*) from one.item")).toBe("3");
  });

  test("a schema with an extension that cannot be moved, there and back", async () => {
    const server = await sharedServer(15);
    const database = uniqueName("fixed");
    await server.createDatabase(database);
    await server.psql(
      database,
      `create extension xml2; create type span as range (subtype = float8); create domain doc as text check (xml_valid(value));
       create table item (id serial, d doc, s span default span(1, 2), m span_multirange); create view seen as select d from item;
       create function same(item) returns doc language sql as 'select $1.d'; insert into item (d) values ('<a/>');
       alter default privileges in schema public grant select on tables to pg_monitor`,
    );
    const own = await openLive(server, database, bench);
    const main = mainOf(own, "public");
    const worktree = await makeWorktree(own, "feature_x");
    const before = await fingerprint(server, database);
    await copy(main, worktree.live, { comment: worktree.comment });
    expect(
      await server.psql(
        database,
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'doc_check' and connamespace = 'feature_x'::regnamespace",
      ),
    ).toBe("CHECK (xml_valid(VALUE))");
    await server.psql(database, "insert into feature_x.item (d) values ('<b/>'); truncate item");
    await copy(worktree.live, main);
    expect(await server.psql(database, "select string_agg(d, '') from item")).toBe("<a/><b/>");
    await server.psql(
      database,
      "delete from item where d = '<b/>'; drop schema feature_x cascade; select setval('item_id_seq', 1)",
    );
    expect(await fingerprint(server, database)).toEqual(before);
  });

  test("a whole database takes main without the worktrees' schemas, and a worktree's schema alone", async () => {
    const server = await sharedServer(18);
    const [database, all, alone] = [uniqueName("part"), uniqueName("all"), uniqueName("alone")];
    await createSmall(server, database, 5);
    await server.psql(database, "create extension citext; create schema other; create table other.t (c citext)");
    const live = await openLive(server, database, bench);
    const main = mainOf(live, "public");
    const worktree = await makeWorktree(live, slashed);
    await copy(main, worktree.live, { comment: worktree.comment });
    await server.psql(database, `alter table ${worktree.name}.item add mail citext default 'x'`);
    const schemas = "select string_agg(nspname, ' | ' order by nspname) from pg_namespace where nspname !~ '^pg_|^inf'";
    await copy(main, await openLive(server, all, bench));
    expect(await server.psql(all, schemas)).toBe("other | public");
    await copy(worktree.live, await openLive(server, alone, bench));
    expect(await server.psql(alone, schemas)).toBe(`${slashed} | public`);
    expect(await server.psql(alone, `select count(mail) from ${worktree.name}.item`)).toBe("5");
    expect(await server.psql(alone, "select to_regclass('public.item') is null")).toBe("t");
  });
});

describe("what is refused leaves the schema as it was", () => {
  const database = uniqueName("refused");
  let server: TestServer;
  let live: LiveTarget;
  beforeAll(async () => {
    server = await sharedServer(18);
    await createSmall(server, database, 5);
    await server.psql(database, "create schema busy; create table busy.t as select 1 as a");
    live = await openLive(server, database, bench);
  });

  test("rows that cannot be loaded", async () => {
    await server.psql(
      database,
      `create schema broken; create table broken.z (a int); create table broken.a (a int);
       create function broken.known(int) returns boolean language sql as 'select exists (select from broken.z where a = $1)';
       insert into broken.z values (1); insert into broken.a values (1); alter table broken.a add check (broken.known(a))`,
    );
    const worktree = await makeEmptyWorktree(bench, live, "kept");
    await server.psql(database, "create table kept.mine as select 42 as a");
    const before = await fingerprint(server, database);
    const error = await rejection(copy(mainOf(live, "broken"), worktree.live));
    expect(error).toMatchObject({ code: "load_order", exit: 1 });
    expect(await fingerprint(server, database)).toEqual(before);
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("a view outside that needs it, and one inside that needs another schema", async () => {
    const worktree = await makeEmptyWorktree(bench, live, "needed");
    await server.psql(
      database,
      "create table needed.t as select 42 as a; create view busy.looks as select * from needed.t",
    );
    const before = await fingerprint(server, database);
    const needed = await rejection(copy(mainOf(live, "public"), worktree.live));
    expect(needed).toMatchObject({ code: "schema_needed", exit: 5 });
    expect(needed.message).toContain("view busy.looks");
    const leaning = await rejection(copy(mainOf(live, "busy"), mainOf(live, "somewhere")));
    expect(leaning).toMatchObject({ code: "schema_not_self_contained", exit: 5 });
    expect(leaning.message).toContain("needs table needed.t");
    expect(await fingerprint(server, database)).toEqual(before);
  });

  test("a schema that is not the worktree's, itself, and one that is not there", async () => {
    const worktree = await makeWorktree(live, "busy");
    expect(await rejection(copy(mainOf(live, "public"), worktree.live))).toMatchObject({
      code: "schema_not_owned",
      exit: 5,
    });
    const main = mainOf(live, "public");
    expect(await rejection(copy(main, main))).toMatchObject({ code: "usage", exit: 2 });
    expect(await rejection(copy(live, main, { wanted: ["public"] }))).toMatchObject({ code: "usage", exit: 2 });
    expect(await rejection(copy(mainOf(live, "nowhere"), main))).toMatchObject({ code: "schema_missing", exit: 4 });
    expect(await server.psql(database, "select a from busy.t")).toBe("1");
  });
});
