/** pgrove and another tool migrate one database in turns, in any order: each finds what the other has done. */
import { beforeAll, describe, expect, test } from "bun:test";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { seeded } from "../../support/faults/moments.ts";
import { dbmate, golangMigrate, goose, type OtherTool, type Script } from "../../support/migrate/other-tools.ts";
import { type Files, Stage } from "../../support/migrate/stage.ts";

const SEED = 20_260_115;
const TURNS = 14;

const SCRIPTS: readonly Script[] = [1, 2, 3, 10, 11].map((version) => ({
  version,
  up: `create table t${version} (id bigint primary key)`,
  down: `drop table t${version}`,
}));

/** Numbers of one width: dbmate sorts them as text. */
const digits = (version: number) => String(version).padStart(3, "0");

interface Tool {
  name: string;
  files: Files;
  /** The versions that its own table says, in their order. */
  says: string;
  open(stage: Stage): OtherTool;
}

const TOOLS: readonly Tool[] = [
  {
    name: "dbmate",
    files: Object.fromEntries(
      SCRIPTS.map(({ version, up, down }) => [
        `${digits(version)}_t.sql`,
        `-- migrate:up\n${up};\n\n-- migrate:down\n${down};\n`,
      ]),
    ),
    says: "select version::int from schema_migrations order by 1",
    open: (stage) => {
      const go = async (...args: string[]) => {
        const { code, stderr, stdout } = await dbmate(stage, ...args);
        if (code !== 0) throw new Error(`dbmate ${args.join(" ")}: ${stderr}${stdout}`);
      };
      return { up: () => go("migrate", "--strict"), down: () => go("rollback") };
    },
  },
  {
    name: "golang-migrate",
    files: Object.fromEntries(
      SCRIPTS.flatMap(({ version, up, down }) => [
        [`${digits(version)}_t.up.sql`, `${up};\n`],
        [`${digits(version)}_t.down.sql`, `${down};\n`],
      ]),
    ),
    says: `select f.version from (values ${SCRIPTS.map(({ version }) => `(${version})`).join(", ")}) f (version)
      join schema_migrations m on f.version <= m.version and not m.dirty order by 1`,
    open: (stage) => golangMigrate(stage, SCRIPTS),
  },
  {
    name: "goose",
    files: Object.fromEntries(
      SCRIPTS.map(({ version, up, down }) => [
        `${digits(version)}_t.sql`,
        `-- +goose Up\n${up};\n\n-- +goose Down\n${down};\n`,
      ]),
    ),
    says: "select version_id from goose_db_version where is_applied and version_id > 0 order by 1",
    open: (stage) => goose(stage, SCRIPTS),
  },
];

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

describe.each([...TOOLS])("$name", ({ name, files, says, open }) => {
  test.concurrent(`has ${TURNS} turns by chance, and everybody always says the same`, async () => {
    await using stage = await Stage.create(server, files);
    const other = open(stage);
    const random = seeded(SEED);
    const story: string[] = [];
    let applied = 0;
    for (let turn = 0; turn < TURNS; turn++) {
      const isOurs = turn === 0 ? false : random() < 0.5;
      const goesUp = applied === 0 || (applied < SCRIPTS.length && random() < 0.6);
      // dbmate knows no way to apply only one.
      const steps = goesUp ? (!isOurs && name === "dbmate" ? SCRIPTS.length - applied : 1) : -1;
      story.push(`${isOurs ? "pgrove" : name} ${goesUp ? "up" : "down"}`);
      if (isOurs) await stage.ok(goesUp ? "up 1" : "down --yes");
      else await (goesUp ? other.up() : other.down());
      applied += steps;
      const versions = SCRIPTS.slice(0, applied).map(({ version }) => version);
      const tables = versions.map((version) => `t${version}`).sort();
      expect([story, await stage.tables()]).toEqual([story, tables]);
      expect([story, await stage.rows(says)]).toEqual([story, versions.map(String)]);
      if (isOurs) expect([story, await stage.ledger()]).toEqual([story, versions.join(" ")]);
    }
    const { current, pending } = await stage.json("status");
    expect([current, pending]).toMatchObject([
      applied === 0 ? null : String(SCRIPTS[applied - 1]?.version),
      SCRIPTS.slice(applied).map(({ version }) => ({ version: String(version) })),
    ]);
    expect(new Set(story).size).toBe(4);
    const actions = await stage.rows("select distinct action from pgrove.migration_history order by 1");
    expect(actions).toEqual(["adopt", "down", "release", "up"]);
  });
});

test.concurrent("golang-migrate that has failed leaves it dirty for both, until force says where it is", async () => {
  const [first, second, third] = SCRIPTS;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three scripts");
  const broken = [first, { ...second, up: "create table half (id int); commit; select nothing" }, third];
  const files = Object.fromEntries(
    broken.flatMap(({ version, up, down }) => [
      [`${version}_t.up.sql`, up],
      [`${version}_t.down.sql`, down],
    ]),
  );
  await using stage = await Stage.create(server, files);
  const other = golangMigrate(stage, broken);
  await stage.ok("up 1");
  await expect(other.up()).rejects.toThrow("nothing");
  expect(await stage.companion()).toBe("2|true");
  await expect(other.up()).rejects.toThrow("Dirty database version 2");
  expect(await stage.fails(5, "up")).toContain("golang-migrate has failed at version 2");
  expect(await stage.ok("status")).toContain("golang-migrate has failed at version 2");
  expect([await stage.ledger(), await stage.tables()]).toEqual(["1", ["half", "t1"]]);
  await stage.sql.unsafe("drop table half");
  await stage.write({ "2_t.up.sql": second.up });
  await stage.ok("force 1 --yes");
  await golangMigrate(stage, SCRIPTS).up();
  expect(await stage.companion()).toBe("2|false");
  await stage.ok("up");
  expect([await stage.ledger(), await stage.companion()]).toEqual(["1 2 3", "3|false"]);
});

test.concurrent("what pgrove leaves in doubt is dirty for golang-migrate, and what golang-migrate forces is settled for pgrove", async () => {
  await using stage = await Stage.create(server, {
    "1_t.up.sql": "create table t1 (id int);",
    "2_t.up.sql": "-- pgrove:no-transaction\ncreate table half (id int);\nselect nothing;\n",
  });
  const other = golangMigrate(stage, SCRIPTS);
  await stage.fails(1, "up");
  expect([await stage.ledger(), await stage.companion()]).toEqual(["1 2?", "2|true"]);
  await expect(other.up()).rejects.toThrow("Dirty database version 2");
  await stage.sql.unsafe("truncate schema_migrations; insert into schema_migrations values (2, false)"); // its force 2
  expect(await stage.ok("up")).toBe("no change");
  expect(await stage.json("status")).toMatchObject({ current: "2", up_to_date: true });
  await other.up();
  expect(await stage.json("status")).toMatchObject({ current: "3", missing: [{ version: "3" }] });
});
