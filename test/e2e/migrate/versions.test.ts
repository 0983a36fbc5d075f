/** What golang-migrate's own tests look at, told on migrations 1 (up, down), 3 (up), 4 (up, down), 5 (down), 7 (up, down). */
import { beforeAll, describe, expect, test } from "bun:test";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { type Files, Stage, tableFiles } from "../../support/migrate/stage.ts";

/** The tables carry the versions' names, so that they say what is applied. */
const FIXTURES: Files = {
  ...tableFiles("1_t1"),
  ...tableFiles("3_t3", "u"),
  ...tableFiles("4_t4"),
  ...tableFiles("7_t7"),
};
const VERSIONS = [1, 3, 4, 7];
const ONE_WAY = 3;

/** What the database must say when everything up to a version is applied; 0: nothing. */
function expected(version: number) {
  const applied = VERSIONS.filter((each) => each <= version);
  return {
    tables: applied.map((each) => `t${each}`),
    ledger: applied.join(" "),
    companion: version === 0 ? "" : `${version}|false`,
  };
}

async function found(stage: Stage) {
  return { tables: await stage.tables(), ledger: await stage.ledger(), companion: await stage.companion() };
}

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

describe("every pair of versions", () => {
  /** Away from a version and back to it without a step over the one that has no way back. */
  const tour = [0, 1, 0, 3, 4, 3, 7, 4, 7, 3, 7];

  test.concurrent("is a way when each has its script", async () => {
    await using stage = await Stage.create(server, FIXTURES);
    let place = 0;
    for (const next of tour) {
      await stage.ok(next === 0 ? "down --all --yes" : `goto ${next} --yes`);
      expect([place, next, await found(stage)]).toEqual([place, next, expected(next)]);
      place = next;
    }
  });

  test.concurrent("up is reached from everywhere below, in one go", async () => {
    await using stage = await Stage.create(server, FIXTURES);
    const reset = "drop schema if exists pgrove cascade; drop table if exists t1, t3, t4, t7, schema_migrations";
    const pairs = [0, 1, 3, 4].flatMap((from) => VERSIONS.filter((to) => to > from).map((to) => [from, to] as const));
    for (const [from, to] of pairs) {
      await stage.sql.unsafe(reset);
      if (from > 0) await stage.ok(`goto ${from}`);
      const { migrations, ...document } = await stage.json(`goto ${to}`);
      expect(document).toMatchObject({ version: 1, from: from === 0 ? null : `${from}`, to: `${to}` });
      const between = VERSIONS.filter((version) => version > from && version <= to);
      expect(migrations).toMatchObject(between.map((version) => ({ direction: "up", version: `${version}` })));
      expect([from, to, await found(stage)]).toEqual([from, to, expected(to)]);
    }
  });

  test.concurrent("a way over what cannot be taken back is refused before anything is run", async () => {
    await using stage = await Stage.create(server, FIXTURES);
    for (const from of VERSIONS.filter((version) => version >= ONE_WAY)) {
      await stage.ok(`goto ${from}`);
      for (const line of ["goto 1 --yes", "down --all --yes", "down 3 --yes"]) {
        expect(await stage.fails(5, line)).toContain("3 t3 has no down script; nothing was run");
      }
      expect(await found(stage)).toEqual(expected(from));
    }
  });

  test.concurrent("a version that no file has is named, and so is a down without its up", async () => {
    await using stage = await Stage.create(server, FIXTURES);
    await stage.ok("goto 4");
    for (const version of [0, 2, 5, 6, 8]) {
      expect(await stage.fails(2, `goto ${version}`)).toContain(`there is no migration ${version}`);
    }
    expect(await stage.fails(2, "down head")).toContain("head is the newest migration");
    await stage.write(tableFiles("5_t5", "d"));
    expect(await stage.fails(3, "goto 7")).toContain("5_t5.down.sql:1");
    expect(await found(stage)).toEqual(expected(4));
    await stage.write(tableFiles("5_t5", "u"));
    await stage.ok("up");
    expect(await stage.ledger()).toBe("1 3 4 5 7");
  });
});

describe("steps", () => {
  test.concurrent("from nothing to past the end and back", async () => {
    await using stage = await Stage.create(server, FIXTURES);
    expect(await stage.ok("status")).toContain("none");
    expect(await stage.ok("down --yes")).toBe("no change");
    const steps: [line: string, at: number, says: string][] = [
      ["up 1", 1, ""],
      ["up +2", 4, ""],
      ["up 4", 7, "1 of 4: no more are pending"],
      ["up", 7, ""],
      ["up 2", 7, "0 of 2: no more are pending"],
      ["down --yes", 4, ""],
      ["goto +1", 7, ""],
      ["goto -1 --yes", 4, ""],
      ["down -1 --yes", 3, ""],
      ["up head", 7, ""],
    ];
    for (const [line, at, says] of steps) {
      const { code, stderr } = await stage.run(line);
      expect([line, code, await found(stage)]).toEqual([line, 0, expected(at)]);
      expect(stderr).toContain(says);
    }
    expect(await stage.ok("up")).toBe("no change");
  });
});

describe("what golang-migrate's table says is set", () => {
  /** What golang-migrate has left: a row of its table; and where `force` brings the database to. */
  const CASES: [row: string, word: string, ledger: string, companion: string][] = [
    ["", "4", "1 3 4", "4|false"],
    ["4, true", "4", "1 3 4", "4|false"],
    ["4, true", "3", "1 3", "3|false"],
    ["4, false", "7", "1 3 4 7", "7|false"],
    ["4, false", "none", "", ""],
    ["4, true", "-1", "", ""],
    ["-1, true", "none", "", ""],
    ["-1, true", "1", "1", "1|false"],
    ["-1, false", "t7", "1 3 4 7", "7|false"],
  ];

  test.concurrent("by force, whatever was there, dirty or clean", async () => {
    await using stage = await Stage.create(server, FIXTURES);
    for (const [row, word, ledger, companion] of CASES) {
      await stage.sql.unsafe(`drop schema if exists pgrove cascade; drop table if exists schema_migrations;
          create table schema_migrations (version bigint not null primary key, dirty boolean not null);
          ${row === "" ? "" : `insert into schema_migrations values (${row})`}`);
      await stage.ok(`force ${word} --yes`);
      const says = [await stage.ledger(), await stage.companion()];
      expect([row, word, ...says]).toEqual([row, word, ledger, companion]);
    }
    expect(await stage.tables()).toEqual([]);
  });

  test.concurrent.each(["4, true", "-1, true"])("while it is (%s), nothing else is done", async (row) => {
    await using stage = await Stage.create(server, FIXTURES, {
      sql: `create table schema_migrations (version bigint not null primary key, dirty boolean not null);
          insert into schema_migrations values (${row})`,
    });
    for (const line of ["up", "down --yes", "goto 7", "down --all --yes"]) {
      expect(await stage.fails(5, line)).toContain("pgrove migrate force VERSION");
    }
    expect(await stage.fails(5, "baseline 4")).toContain("already");
    expect((await stage.run("status --exit-code")).code).toBe(6);
    expect([await stage.ledger(), await stage.companion()]).toEqual(["", row.replace(", ", "|")]);
    await stage.ok("force none --yes");
    await stage.ok("up");
    expect(await found(stage)).toEqual(expected(7));
  });
});
