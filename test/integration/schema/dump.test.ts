import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { manifestPath } from "../../../src/dump/manifest.ts";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import {
  type Bench,
  copyRequest,
  createEveryKind,
  dump,
  makeBench,
  openLive,
  pathOf,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { mainOf, makeWorktree, ODD_NAMES, schemaFingerprint, schemaOf, type TestWorktree, work } from "./worktree.ts";

const tried = takingTurns(
  [
    { major: 15, format: "sql" },
    { major: 18, format: "custom" },
  ],
  import.meta.path,
);

describe.each(tried)("dumps of schemas, PostgreSQL $major", ({ major, format }) => {
  const database = uniqueName("dumps");
  const [slashed] = ODD_NAMES;
  let server: TestServer;
  let bench: Bench;
  let main: LiveTarget;
  let worktree: TestWorktree;
  let before: string[];

  beforeAll(async () => {
    server = await sharedServer(major);
    bench = await makeBench();
    await createEveryKind(server, database);
    // What lies outside of the schema is in no dump of it alone.
    await server.psql(
      database,
      "drop foreign table app.far_away; create table public.schema_migrations as select 7 as version",
    );
    const live = await openLive(server, database, bench);
    main = mainOf(live, "app");
    worktree = await makeWorktree(live, slashed);
    await copyDatabase(bench.tools, main, worktree.live, copyRequest({ comment: worktree.comment }));
    await server.psql(
      database,
      `set role ${quoteIdentifier(worktree.role.name)}; create table ${worktree.name}.alembic_version as select 'own'::text as version_num`,
    );
    before = await schemaFingerprint(server, database, slashed, "app");
  });
  afterAll(() => bench.remove());

  /** Loses and changes things in the worktree's schema. */
  async function spoil() {
    const { name } = worktree;
    await server.psql(database, `truncate ${name}.counted; drop view ${name}.grown; create table ${name}.more (a int)`);
    expect(await schemaFingerprint(server, database, slashed, "app")).not.toEqual(before);
  }

  test(`a worktree's comes back equal: ${format}`, async () => {
    const { manifest, ...written } = await dump(bench, worktree.live, { format });
    expect(manifest).toMatchObject({
      schema: slashed,
      roles: ['pgrove "odd" ; role', "pgrove_reader"],
      migration_version: "own",
    });
    expect([...new Set(manifest.tables.map(({ schema }) => schema))]).toEqual([slashed]);
    await spoil();
    const answer = await restore(bench, worktree.live, pathOf({ manifest, ...written }));
    expect(answer).toMatchObject({ database, schema: slashed });
    expect(answer).not.toHaveProperty("previous");
    expect(answer.comparison?.tables).toBe(manifest.tables.length);
    expect(await schemaFingerprint(server, database, slashed, "app")).toEqual(before);
  });

  test("main's is without the worktrees' schemas, and fills a worktree's, with and without its manifest", async () => {
    const result = await dump(bench, main);
    const schemas = [...new Set(result.manifest.tables.map(({ schema }) => schema))];
    expect(schemas).not.toContain(slashed);
    expect(schemas).toContain("public");
    expect(result.manifest.roles.filter((role) => role.startsWith("pgrove test"))).toEqual([]);
    const [fresh, whole] = [await makeWorktree(main, "fresh"), uniqueName("whole")];
    await restore(bench, main, pathOf(result), { intoNew: whole });
    expect(
      await server.psql(whole, `select to_regnamespace('${worktree.name}') is null, count(*) > 0 from app.child`),
    ).toBe("t|t");
    await rm(manifestPath(pathOf(result)));
    await restore(bench, fresh.live, pathOf(result), { wanted: ["app"], comment: fresh.comment });
    const rows = async (schema: string) =>
      (await schemaFingerprint(server, database, schema, "app")).filter((line) => JSON.parse(line)[0] === "rows");
    expect(await rows("fresh")).toEqual(await rows("app"));
    expect(await server.psql(database, "select obj_description('fresh'::regnamespace)")).toBe(fresh.comment);
  });

  test("one table of it is its own, not another schema's of the same name", async () => {
    await server.psql(
      database,
      `create table ${worktree.name}.usual (id int); grant all on all tables in schema public to public`,
    );
    const { manifest } = await dump(bench, worktree.live, { tables: ["usual"] });
    expect(manifest.tables.map(({ schema, name }) => [schema, name])).toEqual([[slashed, "usual"]]);
    await server.psql(database, `drop table ${worktree.name}.usual`);
  });

  test("a saved state is put back, and is nobody's but the login's while it is saved", async () => {
    const [saved, copy] = [uniqueName("saved"), uniqueName("copy")];
    await work(bench, worktree.live, async (inside) => {
      const { database: scratch } = await schemaOf(worktree).save(inside);
      await inside.control.unsafe(`alter database ${scratch} rename to ${saved}`); // else it goes with the work
    });
    const shared = `select count(*) from pg_shdepend join pg_database d on d.oid = dbid and datname = '${saved}' join pg_roles r on r.oid = refobjid
       where rolname = $n$${worktree.role.name}$n$`;
    expect(await server.psql("postgres", shared)).toBe("0");
    await spoil();
    await server.psql("postgres", `create database ${copy} template ${saved}`);
    await work(bench, worktree.live, async (inside) => {
      const unit = schemaOf(worktree);
      const loss = await unit.find(inside);
      const built = await unit.create(inside, async () => ({ database: copy, wanted: [slashed] }));
      await unit.swap(inside, built, { agreed: loss?.standing, services: [], discardPrevious: false });
    });
    expect(await schemaFingerprint(server, database, slashed, "app")).toEqual(before);
    const mark = `select obj_description('${worktree.name}'::regnamespace)`;
    expect(await server.psql(database, mark)).toBe(worktree.comment);
  });
});
