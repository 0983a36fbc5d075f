import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DumpFormat } from "../../../src/archive/codec.ts";
import { copyDatabase } from "../../../src/copy/copy.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  databasesLike,
  dump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, startServer, type TestServer } from "../../support/engine/server.ts";

/** A server that has what another lacks: roles, a tablespace, an extension. */
let rich: TestServer;
let poor: TestServer;
let bench: Bench;
const source = uniqueName("rich");

const ROLES = ["only; owner", "only_granted", "only_default", "only_policy"];
const sql = `
  create role "only; owner"; create role only_granted; create role only_default; create role only_policy;
  create extension only_here;
  create table owned (id int primary key, t text) tablespace "only space";
  alter table owned owner to "only; owner";
  create table "odd ; TO name" (id int);
  grant select on "odd ; TO name" to only_granted with grant option;
  alter default privileges grant select on tables to only_default;
  alter table owned enable row level security;
  create policy p on owned for select to only_policy using (t <> ' TO nobody');
  insert into owned values (1, 'one'), (2, 'two');`;

beforeAll(async () => {
  bench = await makeBench();
  [rich, poor] = await Promise.all([startServer({ major: 17 }), sharedServer(17)]);
  const script =
    "d=/usr/share/postgresql/17/extension; touch $d/only_here--1.sql; mkdir -p /var/lib/only; chown postgres /var/lib/only;";
  await runOk("docker", [
    "exec",
    "-u",
    "root",
    rich.container,
    "bash",
    "-c",
    `${script} echo "default_version = '1'" > $d/only_here.control`,
  ]);
  await rich.createDatabase(source);
  await rich.psql(source, `create tablespace "only space" location '/var/lib/only'`);
  await rich.psql(source, sql);
});
afterAll(async () => {
  await rich.remove();
  await bench.remove();
});

describe("what the server lacks is said before anything starts, all of it at once", () => {
  const refuse = async (path: string) => {
    const target = uniqueName("poor");
    await createSmall(poor, target, 3);
    const before = await fingerprint(poor, target);
    const asked: string[] = [];
    const request = { consent: async ({ database }: { database: string }) => void asked.push(database) };
    const error = await rejection(restore(bench, await openLive(poor, target, bench), path, request));
    expect(asked).toEqual([]);
    expect(await fingerprint(poor, target)).toEqual(before);
    expect(await databasesLike(poor, target)).toEqual([target]);
    return error;
  };

  const cases: { format: DumpFormat; manifest: boolean }[] = [
    { format: "custom", manifest: true },
    { format: "custom", manifest: false },
    { format: "directory", manifest: false },
    { format: "sql", manifest: true },
    { format: "sql", manifest: false },
  ];
  test.each(cases)("$format, manifest: $manifest", async ({ format, manifest }) => {
    const path = pathOf(await dump(bench, await openLive(rich, source, bench), { format }));
    if (!manifest) await Bun.file(`${path}.manifest.json`).delete();
    const error = await refuse(path);
    expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
    const line = (kind: string) => error.message.split("\n").find((text) => text.startsWith(`${kind}: `)) ?? "";
    expect(line("roles").replace("roles: ", "").split(", ").sort()).toEqual([...ROLES].sort());
    expect(line("extensions")).toBe("extensions: only_here");
    expect(line("tablespaces")).toBe("tablespaces: only space");
    expect(error.hint).toContain("createuser");
    expect(error.hint).toContain("--no-owner");
    expect(error.hint).toContain("CREATE TABLESPACE");
  });

  test("a copy between servers", async () => {
    const target = uniqueName("poor");
    await createSmall(poor, target, 3);
    const before = await fingerprint(poor, target);
    const [from, to] = [await openLive(rich, source, bench), await openLive(poor, target, bench)];
    const error = await rejection(copyDatabase(bench.tools, from, to, copyRequest()));
    expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
    for (const name of [...ROLES, "only_here", "only space"]) expect(error.message).toContain(name);
    expect(await fingerprint(poor, target)).toEqual(before);
  });
});

test("--no-owner restores an archive without its roles", async () => {
  const database = uniqueName("no_owner");
  await rich.createDatabase(database);
  await rich.psql(
    database,
    `create table t (id int); insert into t values (7); alter table t owner to "only; owner";
    grant select on t to only_granted`,
  );
  const path = pathOf(await dump(bench, await openLive(rich, database, bench)));
  expect(await rejection(restore(bench, await openLive(poor, database, bench), path))).toMatchObject({
    code: "server_lacks",
  });
  await restore(bench, await openLive(poor, database, bench), path, { noOwner: true });
  const owner = "select id, pg_get_userbyid(relowner), relacl is null from t, pg_class where relname = 't'";
  expect(await poor.psql(database, owner)).toBe("7|postgres|t");
});

test("--no-tablespaces puts all of it into the database's own, of archives and of plain SQL", async () => {
  const database = uniqueName("spaced");
  await rich.createDatabase(database);
  await rich.psql(database, `create table t (id int) tablespace "only space"; insert into t values (7)`);
  for (const format of ["custom", "sql"] as const) {
    const path = pathOf(await dump(bench, await openLive(rich, database, bench), { format }));
    const to = await openLive(poor, uniqueName("spaced"), bench);
    expect(await rejection(restore(bench, to, path))).toMatchObject({ code: "server_lacks", exit: 4 });
    await restore(bench, to, path, { noTablespaces: true });
    expect(await poor.psql(to.database, "select id from t")).toBe("7");
  }
});

describe("collations", () => {
  const collated = uniqueName("collated");
  /** A dump, or the source itself, into a server that has not its collations. */
  const ways = ["custom", "sql", "copy"] as const;

  beforeAll(async () => {
    await rich.createDatabase(collated);
    await rich.psql(
      collated,
      `create collation pg_catalog."tlh_KX" (locale = 'C');
       create collation klingon (locale = 'C'); create collation plain (provider = icu, locale = 'und');
       update pg_collation set collcollate = 'tlh_KX.utf8', collctype = 'tlh_KX.utf8' where collname = 'klingon';
       create table word (a text collate "tlh_KX", b text collate plain, c text collate "C");
       insert into word values ('qapla', 'b', 'c')`,
    );
  });

  const bring = async (way: (typeof ways)[number], to: TestServer) => {
    const [from, live] = [await openLive(rich, collated, bench), await openLive(to, uniqueName("collated"), bench)];
    if (way === "copy") return await rejection(copyDatabase(bench.tools, from, live, copyRequest()));
    return await rejection(restore(bench, live, pathOf(await dump(bench, from, { format: way }))));
  };

  test.each(ways)("that the server has not are named before the load: %s", async (way) => {
    const error = await bring(way, poor);
    expect(error).toMatchObject({ code: "server_lacks", exit: 4 });
    expect(error.message.split("\n").at(-1)).toBe("collations: tlh_KX, klingon (its locale tlh_KX.utf8 is not there)");
  });

  test("of ICU, by a server without it", async () => {
    const bare = await startServer({ major: 17 });
    try {
      await bare.psql("postgres", "delete from pg_collation where collprovider = 'i'");
      expect((await bring("custom", bare)).message).toContain("plain (the server was built without ICU)");
    } finally {
      await bare.remove();
    }
  });
});

test("a schema-only, a data-only and a partial dump are what they say", async () => {
  const database = uniqueName("parts");
  await createSmall(poor, database, 5);
  const live = await openLive(poor, database, bench);
  const [all, back] = [await fingerprint(poor, database), uniqueName("back")];
  const schema = pathOf(await dump(bench, live, { content: "schema" }));
  await restore(bench, await openLive(poor, back, bench), schema);
  expect(await poor.psql(back, "select count(*) from item")).toBe("0");
  const kinds = (lines: string[]) => lines.filter((line) => !/^\["(rows|sequence)"/.test(line));
  expect(kinds(await fingerprint(poor, back))).toEqual(kinds(all));

  const dumped = await dump(bench, live, { tables: ["item"] });
  // It is compared with nothing, and so nothing of it is counted or hashed.
  const { tables } = dumped.manifest;
  expect([tables.length > 0, tables.filter(({ exact, hash }) => exact || hash !== undefined)]).toEqual([true, []]);
  const partial = pathOf(dumped);
  const part = uniqueName("part");
  await restore(bench, await openLive(poor, part, bench), partial);
  expect(await poor.psql(part, "select count(*), to_regclass('tag') is null from item")).toBe("5|t");
  const without = pathOf(await dump(bench, live, { excludedTables: ["item"], format: "directory" }));
  expect((await rejection(restore(bench, await openLive(poor, part, bench), without))).message).toContain(
    'relation "public.item" does not exist',
  );
  expect(await poor.psql(part, "select count(*) from item")).toBe("5");
});
