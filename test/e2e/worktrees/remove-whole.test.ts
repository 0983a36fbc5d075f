/** A removal that is refused has taken nothing; what is kept is kept with all that was saved of it. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listWorktrees } from "../../../src/repo/worktree.ts";
import { planRemoval, removeWorktree } from "../../../src/worktree/remove.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { thorough } from "../../support/faults/moments.ts";
import { connect } from "../../support/faults/world.ts";
import { Grove } from "../../support/worktrees/grove.ts";
import { makeTools } from "../../support/worktrees/tools.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

/** Databases, schemas and roles of the worktrees, and what was saved of them. */
async function belongings(grove: Grove): Promise<unknown[]> {
  const { sql, project } = grove;
  const ours = (name: string) => `starts_with(${name}, '${project}_') or starts_with(${name}, '${project}.')`;
  const found = await Promise.all([
    sql.unsafe(`select datname::text as name, oid::int from pg_database where ${ours("datname")} order by 1`),
    sql.unsafe(`select rolname::text as name, oid::int from pg_roles where ${ours("rolname")} order by 1`),
    grove.ask(project, `select json_agg(nspname order by nspname) from pg_namespace where ${ours("nspname")}`),
  ]);
  return [...found[0], ...found[1], found[2]];
}

describe.concurrent("a refused removal has taken nothing", () => {
  test("where something is bound to the database, or to what was saved of it", async () => {
    await using grove = await Grove.create(server, { yaml: "worktrees: {teardown: [touch ../torn-down]}\n" });
    await grove.ok(["trust", "--yes"]);
    const { database } = await grove.make("bound", "--empty");
    await grove.ok(["snapshot", "first", "bound"]);
    const before = [await grove.remains(), await belongings(grove), await grove.rows()];
    for (const holder of [database, `${database}_snapshot_first`]) {
      const open = (may: boolean) => grove.sql.unsafe(`alter database "${holder}" allow_connections ${may}`);
      await open(true);
      await grove.ask(holder, `select pg_create_logical_replication_slot('${database}', 'pgoutput')`);
      await open(holder === database);
      for (const more of [[], ["--force"], ["--dry-run"]]) {
        const refused = await grove.fails(5, ["remove", "bound", "--yes", ...more]);
        expect(refused).toContain(`the database ${holder} cannot be replaced: it has replication slot ${database}`);
      }
      expect([await grove.remains(), await belongings(grove), await grove.rows()]).toEqual(before);
      await grove.sql`select pg_drop_replication_slot(${database})`;
    }
    expect(existsSync(grove.at("torn-down"))).toBe(false); // no step has run either
    await grove.ok(["remove", "bound", "--yes"]);
    expect(existsSync(grove.at("torn-down"))).toBe(true);
    expect(await grove.databaseNames()).toEqual([]);
  });

  test("where something hangs on the schema or its role, here or in another database", async () => {
    await using grove = await Grove.create(server, { yaml: "isolation: schema\n" });
    const other = `${grove.project}_other`;
    await grove.sql.unsafe(`create database "${other}"`);
    await grove.ask(grove.project, "create schema elsewhere");
    await grove.make("x");
    const schema = `${grove.project}_x`;
    await grove.ok(["snapshot", "first", "x"]);
    const before = [await grove.remains(), await belongings(grove), await grove.rows()];
    const main = grove.project;
    const owned = `create table elsewhere.mine (); alter table elsewhere.mine owner to ${schema}`;
    const hindrances: [string, string, string, string][] = [
      [main, owned, "table elsewhere.mine", "drop table elsewhere.mine"],
      [
        main,
        `alter database ${other} owner to ${schema}`,
        `database ${other}`,
        `alter database ${other} owner to postgres`,
      ],
      [other, `create table mine (); alter table mine owner to ${schema}`, other, "drop table mine"],
      [other, `create table t (); grant select on t to ${schema}`, other, "drop table t"],
      [main, `create view elsewhere.v as select * from ${schema}.item`, "view elsewhere.v", "drop view elsewhere.v"],
      [main, `create extension citext schema ${schema}`, "extension citext", "drop extension citext"],
    ];
    for (const [database, hinder, words, undo] of hindrances) {
      await grove.ask(database, hinder);
      // A plan refuses for the same reasons, by the same check.
      for (const more of [[], ...(thorough || hinder === owned ? [["--dry-run"]] : [])]) {
        expect(await grove.fails(5, ["remove", "x", "--yes", "--force", ...more])).toContain(words);
      }
      expect([await grove.remains(), await belongings(grove), await grove.rows()]).toEqual(before);
      await grove.ask(database, undo);
    }
    expect(await grove.ask(main, `select count(*)::int from ${schema}.item`)).toBe(50);
    await grove.ok(["remove", "x", "--yes"]);
    await grove.sql.unsafe(`drop database "${other}"`);
    expect(await belongings(grove)).toEqual([null]);
  });

  test("where somebody works in the schema", async () => {
    await using grove = await Grove.create(server, { yaml: "isolation: schema\n" });
    await grove.make("x");
    await grove.ok(["snapshot", "first", "x"]);
    const before = [await grove.remains(), await belongings(grove), await grove.rows()];
    const session = connect(server, grove.project);
    await session.unsafe(`begin; lock table ${grove.project}_x.item in access share mode`);
    expect(await grove.fails(5, ["remove", "x", "--yes"])).toContain("works with its tables");
    await session.end({ timeout: 0 });
    expect([await grove.remains(), await belongings(grove), await grove.rows()]).toEqual(before);
    await grove.ok(["remove", "x", "--yes"]);
    expect(await belongings(grove)).toEqual([null]);
  });

  test("where the login may not drop all of it, or end a session in it", async () => {
    await using grove = await Grove.create(server);
    const login = `${grove.project}_login`;
    await grove.sql.unsafe(`create role ${login} login createdb password 'pw'`);
    const [project, container] = [grove.project, server.container];
    await grove.repo.configure(
      `project: ${project}\nserver: {container: ${container}}\ndatabase: {name: ${project}, user: ${login}, password: pw}\n`,
    );
    const { database } = await grove.make("limited", "--empty");
    await grove.ok(["snapshot", "first", "limited"]);
    const saved = `${database}_snapshot_first`;
    const own = (who: string) => grove.sql.unsafe(`alter database "${saved}" owner to ${who}`);
    await own("postgres");
    const before = [await grove.remains(), await belongings(grove), await grove.rows()];
    expect(await grove.fails(5, ["remove", "limited", "--yes"])).toContain(`${saved} belongs to postgres`);
    await own(login);
    const session = connect(server, database);
    const [{ pid } = { pid: 0 }] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
    expect(await grove.fails(5, ["remove", "limited", "--yes"])).toContain(`postgres (pid ${pid}, `);
    expect([await grove.remains(), await belongings(grove), await grove.rows()]).toEqual(before);
    await session.end();
    await grove.ok(["remove", "limited", "--yes"]);
    expect(await grove.databaseNames()).toEqual([]);
    await grove.sql.unsafe(`drop role ${login}`);
  });

  test("where it was locked after the question", async () => {
    await using grove = await Grove.create(server);
    const { path } = await grove.make("asked", "--empty");
    await grove.ok(["snapshot", "first", "asked"]);
    const before = [await grove.remains(), await belongings(grove), await grove.rows()];
    const tools = await makeTools(grove);
    const [, worktree] = await listWorktrees(tools.repository, tools.operation.runner);
    if (worktree === undefined) throw new Error("no worktree");
    const choice = { force: false, keepDatabase: false };
    const { belongings: shown } = await planRemoval(tools, worktree, choice);
    const request = { ...choice, shown, deleteBranch: false, mayTearDown: async () => false };
    await grove.git(["worktree", "lock", path]);
    const refused = removeWorktree(tools, worktree, request);
    await expect(refused).rejects.toMatchObject({ code: "worktree_locked", exit: 5 });
    expect([await grove.remains(), await belongings(grove), await grove.rows()]).toEqual(before);
    await grove.git(["worktree", "unlock", path]);
    await grove.ok(["remove", "asked", "--yes"]);
  });
});

test("a folder that git does not know for lack of its .git file is not half removed", async () => {
  await using grove = await Grove.create(server);
  const { path } = await grove.make("cut", "--empty");
  rmSync(join(path, ".git"));
  const before = [await belongings(grove), await grove.rows()];
  for (const more of [[], ["--force"]]) {
    expect(await grove.fails(5, ["remove", "cut", "--yes", ...more])).toContain("git worktree repair");
  }
  expect([await belongings(grove), await grove.rows()]).toEqual(before);
  await grove.git(["worktree", "repair"]);
  await grove.ok(["remove", "cut", "--yes"]);
  expect(await grove.databaseNames()).toEqual([]);
});

describe.concurrent("--keep-database", () => {
  test("keeps the snapshots and the state before the last restore, which its URL finds", async () => {
    await using grove = await Grove.create(server);
    const { database } = await grove.make("kept");
    await grove.ok(["snapshot", "first", "kept"]);
    await grove.ok(["sql", "kept", "-c", "truncate item"]);
    await grove.ok(["reset", "kept", "--yes"]);
    await grove.ok(["sql", "kept", "-c", "delete from item where id > 7"]);
    const url = await grove.ok(["url", "kept"]);
    const before = await grove.databaseNames();
    expect(before).toEqual([database, `${database}_before_restore`, `${database}_snapshot_first`]);
    const words = [`database ${database}`, "snapshot first", `${database}_before_restore`];
    const planned = await grove.ok(["remove", "kept", "--keep-database", "--dry-run"]);
    const asked = await grove.fails(5, ["remove", "kept", "--keep-database"]);
    const done = await grove.ok(["remove", "kept", "--keep-database", "--yes"]);
    for (const word of words) {
      expect(planned.split("\n").find((line) => line.includes("would keep"))).toContain(word);
      expect(asked).toContain(word);
      expect(done.split("\n").find((line) => line.includes("kept "))).toContain(word);
    }
    await grove.ok(grove.pruneNow);
    expect(await grove.databaseNames()).toEqual(before);
    await grove.make("kept");
    await grove.ok(["remove", "kept", "--yes"]);
    expect(await grove.databaseNames()).toEqual(before);
    await grove.ok(["rewind", "first", url, "--yes"]);
    expect(await grove.ask(database, "select count(*)::int from item")).toBe(50);
  });

  test("keeps a schema with its role and snapshots", async () => {
    await using grove = await Grove.create(server, { yaml: "isolation: schema\n" });
    await grove.make("kept");
    await grove.ok(["snapshot", "first", "kept"]);
    const [url, before] = [await grove.ok(["url", "kept"]), await belongings(grove)];
    expect(await grove.ok(["remove", "kept", "--keep-database", "--yes"])).toMatch(/kept .*schema .*snapshot first/);
    await grove.ok(grove.pruneNow);
    expect(await belongings(grove)).toEqual(before);
    expect(await grove.ok(["sql", url, "-c", "select count(*) from item", "--format", "csv"])).toContain("50");
    await grove.ask(grove.project, `drop schema ${grove.project}_kept cascade; drop owned by ${grove.project}_kept`);
    await grove.sql.unsafe(`drop role ${grove.project}_kept`);
    await grove.sql.unsafe(`drop database "${grove.project}.${grove.project}_kept_snapshot_first"`);
  });
});

test("what a removal takes is named, with what was saved of it", async () => {
  await using grove = await Grove.create(server);
  const { database } = await grove.make("named", "--empty");
  await grove.ok(["snapshot", "first", "named"]);
  const asked = await grove.fails(5, ["remove", "named"]);
  expect(asked).toContain(`database ${database} (`);
  expect(asked).toContain("1 saved state (snapshot first)");
  await grove.ok(["remove", "named", "--yes"]);
});
