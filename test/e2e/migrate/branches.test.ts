/** Files that are edited, missing, there twice or in another order, and branches that have other migrations: all are named. */
import { beforeAll, describe, expect, test } from "bun:test";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Stage, tableFiles } from "../../support/migrate/stage.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

describe("another branch", () => {
  const inFolder = (...names: string[]) =>
    Object.fromEntries(
      names.flatMap((name) => Object.entries(tableFiles(name)).map(([file, text]) => [`migrations/${file}`, text])),
    );

  test.concurrent("status names what it has applied, and down takes it back by the scripts that the ledger has kept", async () => {
    await using grove = await Grove.create(server, {
      sql: "create table kept as select 1 as id",
      yaml: "migrations: {backup: none}",
    });
    const tables = () =>
      grove.ask(
        grove.project,
        "select string_agg(tablename, ' ' order by 1) from pg_tables where schemaname = 'public'",
      );
    await grove.commit("first", inFolder("001_a"));
    await grove.ok(["migrate", "up"]);
    const before = await tables();
    await grove.git(["switch", "-qc", "feature"]);
    await grove.commit("feature", {
      ...inFolder("002_b", "003_c"),
      "migrations/004_d.up.sql": "-- pgrove:no-transaction\ncreate index concurrently a_desc on a (id desc);\n",
      "migrations/004_d.down.sql": "-- pgrove:no-transaction\ndrop index concurrently a_desc;\n",
    });
    await grove.ok(["migrate", "up"]);
    const commit = await grove.git(["rev-parse", "HEAD"]);
    // The scripts change later on; what was applied stays what it was.
    await grove.commit("rewritten", { "migrations/003_c.down.sql": "select nothing;\n" });
    await grove.git(["switch", "-q", "main"]);

    const status = await grove.ok(["migrate", "status"]);
    for (const name of ["002 b", "003 c", "004 d"])
      expect(status).toMatch(new RegExp(`${name} +applied, not in this branch`));
    const document = await grove.json(["migrate", "status"]);
    expect(document).toMatchObject({ up_to_date: false, current: "4", pending: [] });
    expect(document.missing).toMatchObject(["2", "3", "4"].map((version) => ({ version, git_commit: commit })));
    const up = await grove.repo.run(["migrate", "up"]);
    expect([up.code, up.stdout.trim()]).toEqual([0, "no change"]);
    expect(up.stderr).toContain("applied, not in this branch: 002 b, 003 c, 004 d");

    const plan = await grove.ok(["migrate", "goto", "1", "--dry-run"]);
    for (const sql of ["drop index concurrently a_desc", "drop table c", "drop table b"]) expect(plan).toContain(sql);
    const refused = await grove.fails(5, ["migrate", "goto", "1"]);
    expect(refused).toContain("3 migrations would be taken back: 004 d, 003 c, 002 b");
    await grove.ok(["migrate", "goto", "1", "--yes"]);
    expect(await tables()).toBe(before);
    expect(await grove.json(["migrate", "status"])).toMatchObject({ up_to_date: true, current: "1", missing: [] });
    expect(await grove.ask(grove.project, "select count(*)::int from pg_class where relname = 'a_desc'")).toBe(0);
  });

  test.concurrent("what has no way back there stops everything, by name", async () => {
    await using stage = await Stage.create(server, {
      ...tableFiles("1_a"),
      ...tableFiles("2_b", "u"),
      ...tableFiles("3_c"),
    });
    await stage.ok("up");
    await stage.remove("2_b.up.sql", "3_c.up.sql", "3_c.down.sql");
    expect(await stage.ok("status")).toContain("applied, not in this branch; it has no down script");
    expect(await stage.fails(5, "down -2 --yes")).toContain("2 b has no down script; nothing was run");
    await stage.ok("down --yes");
    expect([await stage.ledger(), await stage.tables()]).toEqual(["1 2", ["a", "b"]]);
  });
});

describe("an applied file", () => {
  test.concurrent("that was edited is named by everything that goes up; other line ends are no edit", async () => {
    await using stage = await Stage.create(server, { ...tableFiles("1_a"), ...tableFiles("2_b") });
    await stage.ok("up 1");
    const original = tableFiles("1_a");
    await stage.write({ "1_a.up.sql": String(original["1_a.up.sql"]).replaceAll("\n", "\r\n") });
    expect(await stage.json("status")).toMatchObject({ edited: [] });
    await stage.write({ "1_a.up.sql": "create table a (id bigint primary key, more int);\n" });
    for (const line of ["up", "up 1", "goto 2"]) expect(await stage.fails(5, line)).toContain("migrations/1_a.up.sql");
    expect(await stage.json("status")).toMatchObject({ up_to_date: false, edited: [{ version: "1" }] });
    expect((await stage.run("status --exit-code")).code).toBe(6);
    expect([await stage.ledger(), await stage.tables()]).toEqual(["1", ["a"]]);
    await stage.ok("down --yes");
    await stage.ok("up");
    expect(
      await stage.rows("select column_name from information_schema.columns where table_name = 'a' order by 1"),
    ).toEqual(["id", "more"]);
    expect(await stage.ok("status --exit-code")).toContain("up to date");
  });

  test.concurrent("that has got another number is not applied again", async () => {
    const once = { "3_once.up.sql": "insert into a values (3);\n" };
    await using stage = await Stage.create(server, { ...tableFiles("1_a"), ...once });
    await stage.ok("up");
    await stage.remove("3_once.up.sql");
    await stage.write({ "2_once.up.sql": once["3_once.up.sql"] });
    expect(await stage.fails(5, "up")).toContain("2 once was applied as 3 once");
    const said = await stage.fails(5, "up");
    const [, command = ""] = /pgrove migrate (force \d+)/.exec(said) ?? [];
    await stage.ok(`${command} --yes`);
    expect(await stage.ok("up")).toBe("no change");
    expect([await stage.ledger(), await stage.rows("select id from a")]).toEqual(["1 2", ["3"]]);
  });
});

describe("files that cannot all be meant", () => {
  const WRONG: [what: string, files: Record<string, string>, names: string[]][] = [
    ["a number twice", tableFiles("2_other", "u"), ["2_b.up.sql", "2_other.up.sql"]],
    ["the same number with zeros", tableFiles("002_other", "u"), ["2_b.up.sql", "002_other.up.sql"]],
    ["a down without an up", tableFiles("4_d", "d"), ["4_d.down.sql"]],
    ["a name that nearly is one", { "5_e.sql": "select 1;\n", "6_f.up.sql.orig": "select 1;\n" }, ["5_e.sql"]],
    ["a number that is too large", tableFiles("9223372036854775808_big", "u"), ["9223372036854775808_big.up.sql"]],
  ];

  test.concurrent("are named, and nothing is run", async () => {
    await using stage = await Stage.create(server, { ...tableFiles("1_a"), ...tableFiles("2_b") });
    await stage.ok("up 1");
    for (const [what, files, names] of WRONG) {
      await stage.write(files);
      const { code, stderr } = await stage.run("up");
      expect([what, code]).toEqual([what, 3]);
      for (const name of names) expect([what, stderr]).toEqual([what, expect.stringContaining(name)]);
      await stage.remove(...Object.keys(files));
    }
    expect([await stage.ledger(), await stage.tables()]).toEqual(["1", ["a"]]);
    await stage.ok("up");
    expect(await stage.ledger()).toBe("1 2");
  });
});
