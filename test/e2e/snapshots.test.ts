/** Snapshots with the compiled program: taken, rewound to, listed, removed; killed on the way; services around them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "postgres";
import { ensurePlainImage, type Major } from "../support/engine/images.ts";
import { runOk } from "../support/engine/run.ts";
import { sharedServer, type TestServer, testLabels } from "../support/engine/server.ts";
import { takingTurns } from "../support/engine/turns.ts";
import { holdInPlace, openAndStrike } from "../support/faults/gates.ts";
import { waitUntilHeld } from "../support/faults/moments.ts";
import { type Ended, inContainer, makeRepo, type Repo } from "../support/faults/program.ts";
import { freshName, makeLarge, makeSmall } from "../support/faults/sample.ts";
import {
  connect,
  type Fingerprint,
  readFingerprint,
  scratchDatabases,
  waitForNothing,
} from "../support/faults/world.ts";
import { TestRepo } from "./support.ts";

interface Scene {
  server: TestServer;
  sql: Sql;
  repo: Repo;
  database: string;
  before: Fingerprint;
  close(): Promise<void>;
}

/** A repository whose main database is a small one, or one that takes a moment to copy. */
async function openScene(major: Major, size: "small" | "large", further = ""): Promise<Scene> {
  const server = await sharedServer(major);
  const database = await (size === "small" ? makeSmall(server) : makeLarge(server));
  const repo = await makeRepo(inContainer(server.container, database, further));
  const sql = connect(server);
  const close = async () => {
    const mine = await sql<{ name: string }[]>`
      select datname as name from pg_database where starts_with(datname, ${database})`;
    for (const { name } of mine) await sql.unsafe(`drop database "${name}" with (force)`);
    await sql.end();
    await repo.remove();
  };
  return { server, sql, repo, database, before: await readFingerprint(server, database), close };
}

async function listNames(repo: Repo): Promise<string[]> {
  const document: unknown = JSON.parse(await repo.ok(["snapshots", "list", "--json"]));
  const snapshots: unknown = Reflect.get(Object(document), "snapshots");
  if (!Array.isArray(snapshots)) throw new Error(`no list of snapshots in ${JSON.stringify(document)}`);
  return snapshots.map((each) => String(Reflect.get(Object(each), "name")));
}

const rows = async (server: TestServer, database: string) => (await readFingerprint(server, database)).tables;

describe.each(takingTurns([15, 18], import.meta.path))("PostgreSQL %i", (major) => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene(major, "small", "snapshots: {keep: 2}\n");
  });
  afterAll(() => scene.close());

  test("taken, rewound to, undone, counted, removed", async () => {
    const { server, repo, database, before } = scene;
    const taken: unknown = JSON.parse(await repo.ok(["snapshot", "good", "--json"]));
    expect(taken).toMatchObject({ version: 1, snapshot: "good", database: `${database}_snapshot_good`, of: database });
    await server.psql(database, "delete from marker where id > 5; drop table child");
    const damaged = await rows(server, database);

    const asked = await repo.run(["rewind", "good"]);
    expect(asked).toMatchObject({ code: 5, stdout: "" });
    expect(asked.stderr).toContain(`the database ${database} (`);
    expect(await rows(server, database)).toEqual(damaged);
    expect(await repo.ok(["rewind", "good", "--dry-run"])).toContain("would rewind  to good");
    expect(await rows(server, database)).toEqual(damaged);

    expect(await repo.ok(["rewind", "good", "--yes"])).toContain("pgrove rewind before-rewind");
    expect(await rows(server, database)).toEqual(before.tables);
    expect((await readFingerprint(server, database)).connectable).toBe(true);
    await repo.ok(["rewind", "before-rewind", "--yes"]);
    expect(await rows(server, database)).toEqual(damaged);
    const newest = await repo.run(["rewind", "--yes"]);
    expect(newest).toMatchObject({ code: 0 });
    expect(newest.stderr).toContain("the newest snapshot is good");
    expect(await rows(server, database)).toEqual(before.tables);

    const second = await repo.ok(["snapshot"]);
    expect(second).toMatch(/snapshot {2}\d{8}-\d{6} of /);
    const third = await repo.run(["snapshot", "third"]);
    expect(third.stderr).toContain("dropped the oldest snapshot, good: 2 are kept");
    expect(await listNames(repo)).toEqual(["third", expect.stringMatching(/^\d{8}-\d{6}$/), "before-rewind"]);

    const refused = await repo.run(["snapshots", "remove", "third"]);
    expect(refused).toMatchObject({ code: 5 });
    expect(await repo.ok(["snapshots", "remove", "third", "--dry-run"])).toBe("would remove third");
    expect(await listNames(repo)).toContain("third");
    await repo.ok(["snapshots", "remove", "third", "--yes"]);
    expect(await listNames(repo)).not.toContain("third");
    await waitForNothing(server, repo);
  });
});

describe("refusals", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene(18, "small");
    await scene.repo.ok(["snapshot", "there"]);
  });
  afterAll(() => scene.close());

  const cases: [string[], number, string][] = [
    [["snapshot", "there"], 5, "hint:  pgrove snapshots remove there"],
    [["snapshot", "a/b"], 2, "letters, digits"],
    [["snapshot", "before-rewind"], 2, "choose another name"],
    [["rewind", "ther", "--yes"], 4, "did you mean there?"],
    [["snapshots", "remove", "gone", "--yes"], 4, "there is no snapshot gone"],
    [["snapshots", "remove"], 2, "NAME"],
  ];
  test.each(cases)("%j exits %i", async (args, code, words) => {
    const ended = await scene.repo.run(args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(words);
    expect(await listNames(scene.repo)).toEqual(["there"]);
  });

  test("a database that only has the name stays as it is", async () => {
    const { server, repo, database } = scene;
    const foreign = await makeSmall(server, `${database}_snapshot_foreign`);
    const before = await readFingerprint(server, foreign);
    const ended = await repo.run(["snapshot", "foreign"]);
    expect(ended).toMatchObject({ code: 5, stdout: "" });
    expect(ended.stderr).toContain(`there is a database ${foreign} that is no snapshot`);
    expect(await readFingerprint(server, foreign)).toEqual(before);
  });

  test("a protected database's sessions are not ended without its name", async () => {
    const { server, repo, database } = scene;
    const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/${database}`;
    await Bun.write(`${repo.folder}/.env.production`, `DATABASE_URL=${url}\n`);
    const environments = "environments: {production: {env_file: .env.production, protected: true}}\n";
    await repo.configure(`project: faults\n${inContainer(server.container, database, environments)}`);
    const user = connect(server, database);
    await user`select 1`;
    const refused = await repo.run(["snapshot", "live", "@production", "--yes"]);
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    expect(await user`select 1 as still`).toMatchObject([{ still: 1 }]);
    await repo.ok(["snapshot", "live", "@production", "--confirm", "production"]);
    await user.end();
    expect(await listNames(repo)).toEqual(["live", "there"]);
  });
});

describe("interrupted", () => {
  let scene: Scene;
  let whole: Fingerprint;

  beforeAll(async () => {
    scene = await openScene(18, "large");
    whole = scene.before;
    await scene.repo.ok(["snapshot", "kept"]);
    await scene.server.psql(scene.database, "delete from marker where id > 10");
    scene.before = await readFingerprint(scene.server, scene.database);
  });
  afterAll(() => scene.close());

  /** Strikes while the server copies the files of that database. */
  async function strike(args: string[], template: string, signal: NodeJS.Signals): Promise<Ended> {
    const { server, repo, sql } = scene;
    await using held = await holdInPlace(server, template);
    const program = repo.start(args);
    await waitUntilHeld(sql, repo, program, /^create database .* template /i);
    await openAndStrike(held, program, signal);
    return await program.ended;
  }

  for (const [args, suffix] of [
    [["rewind", "kept", "--yes"], "_snapshot_kept"],
    [["snapshot", "never"], ""],
  ] as const) {
    test(`${args[0]}, SIGKILL: nothing has changed, and the next run clears`, async () => {
      const { server, repo, database, before } = scene;
      expect(await strike([...args], `${database}${suffix}`, "SIGKILL")).toMatchObject({
        code: null,
        signal: "SIGKILL",
      });
      expect(await readFingerprint(server, database)).toEqual(before);
      await repo.ok(["rewind", "kept", "--dry-run"]);
      expect(repo.openRuns()).toEqual([]);
      await waitForNothing(server, repo);
      expect(await listNames(repo)).toEqual(["kept"]);
      expect(await readFingerprint(server, database)).toEqual(before);
    });
  }

  test("rewind, SIGINT: it clears itself", async () => {
    const { server, repo, database, before, sql } = scene;
    const ended = await strike(["rewind", "kept", "--yes"], `${database}_snapshot_kept`, "SIGINT");
    expect(ended).toMatchObject({ code: 130, stdout: "" });
    expect(await scratchDatabases(sql, repo)).toEqual([]);
    expect(repo.openRuns()).toEqual([]);
    expect(await listNames(repo)).toEqual(["kept"]);
    expect(await readFingerprint(server, database)).toEqual(before);
  });

  test("and in the end it is rewound", async () => {
    const { server, repo, database } = scene;
    await repo.ok(["rewind", "kept", "--yes"]);
    expect((await readFingerprint(server, database)).tables).toEqual(whole.tables);
    await waitForNothing(server, repo);
  });
});

test("services are stopped for a rewind and started again", async () => {
  const service = `pgrove-snapshot-service-${process.pid}`;
  const labels = Object.entries(testLabels()).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  const loop = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
  await runOk("docker", [
    ...["run", "-d", "--init", "--name", service, ...labels],
    ...[await ensurePlainImage(), "bash", "-c", loop],
  ]);
  const scene = await openScene(15, "small", `services: [${service}]\n`);
  const started = async () =>
    (await runOk("docker", ["inspect", "-f", "{{.State.Running}} {{.State.StartedAt}}", service])).trim();
  try {
    const before = await started();
    await scene.repo.ok(["snapshot", "one"]);
    expect(await started()).toBe(before); // a snapshot needs no service stopped
    expect(await scene.repo.ok(["rewind", "one", "--yes"])).toContain("1 stopped and started again");
    const after = await started();
    expect(after).toStartWith("true ");
    expect(after).not.toBe(before);
  } finally {
    await runOk("docker", ["rm", "-f", service]);
    await scene.close();
  }
});

test("on a terminal one chooses: which snapshot, and what becomes of those who are connected", async () => {
  const server = await sharedServer(18);
  const database = await makeSmall(server, freshName("chosen"));
  const repo = await TestRepo.create({
    "pgrove.yaml": `project: onyx\n${inContainer(server.container, database)}`,
  });
  const sql = connect(server);
  try {
    for (const name of ["older", "newer"]) {
      expect(await repo.run(["snapshot", name])).toMatchObject({ code: 0 });
      await server.psql(database, `create table after_${name} ()`);
    }
    const rewound = await repo.runOnTerminal(
      ["rewind"],
      [
        ["Which snapshot?", "\u001b[B\r"],
        ["will be rewound to older", "y"],
      ],
    );
    expect(rewound.code).toBe(0);
    expect(await server.psql(database, "select count(*) from pg_class where relname like 'after_%'")).toBe("0");

    const user = connect(server, database);
    await user`set application_name = 'a worker'`;
    const taken = await repo.runOnTerminal(["snapshot", "third"], [["1 session connected to main", "\r"]]);
    expect(taken).toMatchObject({ code: 0, shown: expect.stringContaining("a worker") });
    await user.end();
  } finally {
    for (const suffix of ["", "_snapshot_older", "_snapshot_newer", "_snapshot_third", "_snapshot_before-rewind"]) {
      await sql.unsafe(`drop database if exists "${database}${suffix}" with (force)`);
    }
    await sql.end();
    await repo.remove();
  }
});
