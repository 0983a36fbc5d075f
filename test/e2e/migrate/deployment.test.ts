/** Migrations as a step of a deployment: a container with a URL, protected places, a rehearsal, and the way back. */
import { beforeAll, describe, expect, test } from "bun:test";
import { chmod, realpath } from "node:fs/promises";
import { databasesLike } from "../../support/database.ts";
import { run } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { binary } from "../../support/faults/program.ts";
import { readFingerprint } from "../../support/faults/world.ts";
import { Stage, tableFiles } from "../../support/migrate/stage.ts";

const ENTRY = "up --wait 60s --yes --json";

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

describe.each(takingTurns([15, 17, 18], import.meta.path))("the step of a deployment, on PostgreSQL %i", (major) => {
  test("applies what is pending and says so, as often as it is run", async () => {
    await using stage = await Stage.create(await sharedServer(major), { ...tableFiles("1_a"), ...tableFiles("2_b") });
    const step = (version: string) => ({
      direction: "up",
      version,
      file: `migrations/${version}_${version === "1" ? "a" : "b"}.up.sql`,
    });
    expect(await stage.json("up --wait 60s --yes")).toMatchObject({
      ...{ version: 1, target: stage.database, database: stage.database, from: null, to: "2", backup: null },
      migrations: [step("1"), step("2")],
    });
    expect(await stage.json("up --wait 60s --yes")).toMatchObject({ from: "2", to: "2", migrations: [] });
    expect([await stage.ledger(), await stage.tables()]).toEqual(["1 2", ["a", "b"]]);
    const rows = await stage.rows("select applied_by, git_commit from pgrove.migrations");
    expect(new Set(rows)).toEqual(new Set([expect.stringMatching(/^tester@\S+\|null$/)]));
  });
});

describe("DB_AUTO_MIGRATE", () => {
  test("false: nothing is run, and no server is asked; true: as without it", async () => {
    await using stage = await Stage.create(server, tableFiles("1_a"));
    const nowhere = "postgres://nobody@127.0.0.1:1/nowhere";
    for (const DB_AUTO_MIGRATE of ["false", "0", "FALSE", "off"]) {
      const { code, stdout } = await stage.run(ENTRY, { DB_AUTO_MIGRATE, DATABASE_URL: nowhere });
      expect([DB_AUTO_MIGRATE, code, JSON.parse(stdout)]).toMatchObject([DB_AUTO_MIGRATE, 0, { migrations: [] }]);
    }
    expect(await stage.ledger()).toBe("");
    await stage.ok(ENTRY, { DB_AUTO_MIGRATE: "true" });
    expect(await stage.ledger()).toBe("1");
  });
});

describe("a container that may write nothing", () => {
  test("of a user without a home: migrates when it is told where to remember, and says so else", async () => {
    await using stage = await Stage.create(server, tableFiles("1_a"));
    await chmod(stage.repo.path(), 0o755); // a temporary folder is its maker's alone
    const inside = (...more: string[]) => {
      const mounts = ["-v", `${realBinary}:/pgrove:ro`, "-v", `${stage.repo.folder}:/app:ro`, "-w", "/app"];
      const url = stage.url().replace(/127\.0\.0\.1:\d+/, "127.0.0.1:5432");
      const container = ["run", "--rm", "--read-only", "--user", "1000", "--network", `container:${server.container}`];
      const args = [...container, ...mounts, "-e", "DATABASE_URL", ...more, "--entrypoint", "/pgrove", server.image];
      return run("docker", [...args, "migrate", ...ENTRY.split(" ")], { env: { DATABASE_URL: url } });
    };
    const realBinary = await realpath(binary);
    const lost = await inside();
    expect([lost.code, JSON.parse(lost.stderr)]).toMatchObject([1, { error: { code: "state_unwritable" } }]);
    expect(JSON.parse(lost.stderr).error.hint).toContain("XDG_STATE_HOME");
    const done = await inside("-e", "XDG_STATE_HOME=/dev/shm");
    expect([done.code, done.stderr, JSON.parse(done.stdout)]).toMatchObject([0, "", { to: "1" }]);
    expect(await stage.ledger()).toBe("1");
  });
});

/** pgrove.yaml for the stage's database as main, and as a protected environment of another name. */
function withEnvironment(stage: Stage): Record<string, string> {
  return {
    "pgrove.yaml": `project: stage
server: {container: ${stage.server.container}}
database: {name: ${stage.database}}
migrations: {backup: none}
environments: {production: {env_file: envs/production.env, protected: true}}
client_image: ${stage.server.image.replace(/17.*/, "{major}")}
`,
    "envs/production.env": `DATABASE_URL=${stage.url()}\n`,
  };
}

async function writeEnvironment(stage: Stage): Promise<void> {
  await stage.write(withEnvironment(stage));
  expect((await stage.repo.run(["trust", "--yes"])).code).toBe(0); // the image of PostgreSQL's programs
}

describe("a protected environment", () => {
  test("wants its name for anything that is run, and for nothing that only looks", async () => {
    await using stage = await Stage.create(server, { ...tableFiles("1_a"), ...tableFiles("2_b") });
    await writeEnvironment(stage);
    for (const words of ["", " --yes", " --yes --confirm staging", " --rehearse --yes"]) {
      const said = await stage.fails(5, `up @production${words}`);
      expect([words, said]).toEqual([words, expect.stringContaining("--confirm production")]);
    }
    expect(await stage.fails(5, "up @production")).toContain("2 migrations would run: 1 a, 2 b");
    expect(await stage.ledger()).toBe("");
    expect(await stage.ok("up --dry-run @production")).toContain("create table a");
    expect(await stage.json("status @production")).toMatchObject({ current: null });
    await stage.ok("up @production --confirm production");
    expect(await stage.ok("up @production")).toBe("no change");
    await stage.fails(5, "down @production --yes");
    await stage.fails(5, "force none @production --yes");
    expect(await stage.ledger()).toBe("1 2");
  });
});

describe("a rehearsal", () => {
  const scratch = () => databasesLike(server, "pgrove_scratch_");

  test("shows what would be, and without consent that is all; with it, the same is then done", async () => {
    await using stage = await Stage.create(
      server,
      {
        "1_more.up.sql": "alter table item add column more int;\n",
        "1_more.down.sql": "alter table item drop column more;\n",
      },
      { sql: "create table item as select generate_series(1, 100) as id" },
    );
    await writeEnvironment(stage);
    const before = await readFingerprint(server, stage.database);
    const said = await stage.fails(5, "up --rehearse");
    expect(said).toContain("more integer");
    expect(said).toContain("ACCESS EXCLUSIVE");
    expect(await readFingerprint(server, stage.database)).toEqual(before);
    const { migrations, rehearsal } = await stage.json("up --rehearse --confirm production");
    expect(migrations).toMatchObject([{ version: "1" }]);
    expect(rehearsal).toMatchObject({ schema_difference: expect.stringMatching(/^\+ +more integer$/m) });
    expect([await stage.ledger(), await scratch()]).toEqual(["1", []]);
  });

  test("that fails by the data that is there keeps from the real thing", async () => {
    await using stage = await Stage.create(
      server,
      { ...tableFiles("1_a"), "2_unique.up.sql": "alter table item add unique (id);\n" },
      { sql: "create table item as select 1 as id from generate_series(1, 2)" },
    );
    await writeEnvironment(stage);
    const before = await readFingerprint(server, stage.database);
    const said = await stage.fails(1, "up --rehearse --yes");
    expect(said).toContain("migrations/2_unique.up.sql");
    expect(said).toContain("not touched");
    expect(await readFingerprint(server, stage.database)).toEqual(before);
    expect(await scratch()).toEqual([]);
  });
});

describe("a backup of an environment", () => {
  test("is named after the version, and the command that the error ends with brings the state back", async () => {
    await using stage = await Stage.create(
      server,
      { "7_clear.up.sql": "-- pgrove:no-transaction\ndelete from item;\nselect nothing;\n" },
      { sql: "create table item as select generate_series(1, 100) as id" },
    );
    await writeEnvironment(stage);
    const before = await readFingerprint(server, stage.database);
    const { code, stderr } = await stage.run("up @production --confirm production --backup dump", {
      SKIP_BACKUP: "",
    });
    expect([code, await stage.rows("select count(*) from item")]).toEqual([1, ["0"]]);
    const command = /^(?:hint:)? *(pgrove restore .*?)(?: {3,}.*)?$/m.exec(stderr)?.[1] ?? "";
    expect([stderr, command]).toEqual([stderr, expect.stringContaining("before-7")]);
    const line = command.replace(/^pgrove/, '"$0"');
    const back = Bun.spawn(["sh", "-c", `${line} --confirm production`, binary], {
      ...{ cwd: stage.repo.folder, env: stage.repo.environment(), stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    });
    const [words, ended] = await Promise.all([new Response(back.stderr).text(), back.exited]);
    expect([command, ended, words]).toEqual([command, 0, words]);
    const { tables } = await readFingerprint(server, stage.database);
    expect(tables["public.item"]).toBe(before.tables["public.item"]);
    expect(await stage.json("status @production")).toMatchObject({ current: null, in_doubt: [] });
  });
});

test("--quiet of many migrations is one line", async () => {
  await using stage = await Stage.create(server, {
    ...Object.assign({}, ...["1_a", "2_b", "3_c", "4_d"].map((name) => tableFiles(name))),
  });
  expect(await stage.ok("up -q")).toMatch(/^[^\n]* is at 4: 4 migrations in [^\n]*$/);
  expect(await stage.ok("down 2 -q --yes")).toContain("4 d");
});
