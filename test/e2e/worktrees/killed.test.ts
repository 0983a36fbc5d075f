/** `new`, `remove` and `prune` that are killed: the next run completes or undoes them, and main is never touched. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { type Gate, gateOf, holdInPlace, openAndStrike } from "../../support/faults/gates.ts";
import { waitUntilHeld } from "../../support/faults/moments.ts";
import { type Fingerprint, listSessionsOf, waitForNothing } from "../../support/faults/world.ts";
import { Grove, nothingRemains } from "../../support/worktrees/grove.ts";

/** Large enough that there is a moment in which it is copied. */
const LARGE = `
  create table item as select i as id, 'item ' || i as name from generate_series(1, 50) i;
  create table big as select i as id, repeat(md5(i::text), 8) as text from generate_series(1, 170000) i;`;

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

async function isListed(grove: Grove, name: string, state?: string): Promise<boolean> {
  const row = (await grove.rows()).find((each) => each.name === name);
  return row !== undefined && (state === undefined || row.state === state);
}

/** No scratch database, no session, no record of a run. */
async function expectNothingLeft(grove: Grove): Promise<void> {
  // What a killed run has left on a server is cleared by the next one that writes there.
  if (grove.repo.openRuns().length > 0) {
    await grove.make("next", "--empty");
    await grove.ok(["remove", "next", "--yes", "--delete-branch"]);
  }
  expect(await grove.scratch()).toEqual([]);
  expect(grove.repo.openRuns()).toEqual([]);
  await waitForNothing(grove.server, grove.repo);
}

describe("new", () => {
  let grove: Grove;
  let before: Fingerprint;

  beforeAll(async () => {
    const setup = "while [ -e ../../held ]; do sleep 0.05; done";
    grove = await Grove.create(server, { sql: LARGE, yaml: `ports: {web: 3000}\nworktrees: {setup: ["${setup}"]}\n` });
    await grove.ok(["trust", "--yes"]);
    before = await grove.main();
  });
  afterAll(() => grove[Symbol.asyncDispose]());

  const databaseOf = (name: string) => `${grove.project}_${name}`;

  async function isCopying(name: string): Promise<boolean> {
    const runs = (await grove.repo.journal()).filter(({ target }) => target === name).map(({ run }) => String(run));
    const queries = (await listSessionsOf(grove.sql, grove.repo)).map(({ query }) => query);
    return queries.some(
      (query) => /^create database .* template/i.test(query) && runs.some((run) => query.includes(run)),
    );
  }

  async function expectUsable(name: string): Promise<void> {
    const [folder, database] = [grove.at(name), databaseOf(name)];
    expect(await grove.variable(folder, "DATABASE_URL")).toEndWith(`/${database}`);
    expect(await grove.ok(["url"], { cwd: folder })).toEndWith(`/${database}`);
    expect(await grove.ask(database, "select count(*)::int from big")).toBe(170_000);
    expect((await grove.list()).find((each) => each.name === name)).toMatchObject({ state: "ready", database });
    expect(existsSync(join(grove.repo.folder, ".git/worktrees", name, "locked"))).toBe(false);
  }

  /** Main's database cannot be copied. */
  const holdCopies = () => holdInPlace(server, grove.project);

  /** The setup step, the last thing of all, has to wait. */
  async function holdSetup(): Promise<Gate> {
    const file = grove.repo.path("held");
    await writeFile(file, "");
    return gateOf(() => rm(file, { force: true }));
  }

  /** What is to be seen, and what keeps the command from going on to its end. */
  const moments: [string, (name: string) => Promise<boolean>, () => Promise<Gate>][] = [
    ["git has made the folder", async (name) => existsSync(join(grove.at(name), ".git")), holdCopies],
    ["it has its place in the registry", (name) => isListed(grove, name), holdCopies],
    ["its database is copied", isCopying, holdCopies],
    ["its database is there", async (name) => (await grove.oid(databaseOf(name))) !== undefined, holdSetup],
  ];

  test.each(moments)(
    "killed when %s: provision completes it, remove takes it away",
    async (moment, isReached, hold) => {
      await using held = await hold();
      // Git is left alone, and finishes or undoes what it was doing: then there is nothing.
      const kill = async (name: string) => {
        await grove.strike(["new", name], "SIGKILL", moment, () => isReached(name));
        await grove.waitForGit();
        return (await grove.linked()).includes(name);
      };
      const [isMade, isLeft] = await Promise.all([kill("completed"), kill("removed")]);
      await held.open();
      const complete = async (name: string) => {
        await grove.ok([isMade ? "provision" : "new", name]);
        await expectUsable(name);
      };
      const takeAway = async (name: string) => {
        if (isLeft) await grove.ok(["remove", name, "--yes", "--force", "--delete-branch"]);
      };
      await Promise.all([complete("completed"), takeAway("removed")]);
      await grove.ok(["remove", "completed", "--yes", "--delete-branch"]);
      expect(await grove.remains()).toEqual(nothingRemains);
      await expectNothingLeft(grove);
      await grove.tryGit(["branch", "-D", "completed", "removed"]);
    },
  );

  test("Ctrl-C while the database is copied: 130, and provision completes what is there", async () => {
    await using held = await holdCopies();
    const program = grove.repo.start(["new", "stopped"]);
    await waitUntilHeld(grove.sql, grove.repo, program, /^create database .* template/i);
    await openAndStrike(held, program, "SIGINT");
    const ended = await program.ended;
    expect(ended).toMatchObject({ code: 130, stdout: "" });
    expect(ended.stderr).toContain("pgrove provision stopped");
    expect(await grove.databaseNames()).toEqual([]);
    await expectNothingLeft(grove);
    expect(await grove.fails(4, ["url", "stopped"])).toContain("pgrove provision stopped");
    await grove.ok(["provision", "stopped"]);
    await expectUsable("stopped");
    await grove.ok(["remove", "stopped", "--yes", "--delete-branch"]);
    expect(await grove.remains()).toEqual(nothingRemains);
  });

  test("main was never touched", async () => {
    expect(await grove.main()).toEqual(before);
  });
});

describe.concurrent("remove and prune", () => {
  const hasBegun = (grove: Grove) => isListed(grove, "leaving", "removing");
  const isDropped = async (grove: Grove) => (await grove.databases()).length === 0;
  const points = [
    { what: "it has begun", isReached: hasBegun, goesOn: false },
    { what: "the database is gone", isReached: isDropped, goesOn: true },
  ];
  test.each(points)(
    "remove killed when $what: the next remove finishes, also where git has forgotten it",
    async ({ what, isReached, goesOn }) => {
      await using grove = await Grove.create(server);
      const before = await grove.main();
      const { database } = await grove.make("leaving", "--empty");
      // It waits for its database at first, and then for the registry, the last thing of all.
      await using stays = await holdInPlace(server, database);
      let registry: Gate | undefined;
      const isReachedNow = async () => {
        if (goesOn && registry === undefined && (await hasBegun(grove))) {
          registry = await grove.holdRegistry();
          await stays.open();
        }
        return await isReached(grove);
      };
      await grove.strike(["remove", "leaving", "--yes"], "SIGKILL", what, isReachedNow);
      await Promise.all([stays.open(), registry?.open()]);
      await grove.waitForGit();
      if ((await grove.linked()).includes("leaving")) {
        expect(await grove.fails(5, ["provision", "leaving"])).toContain("pgrove remove leaving");
      }
      await grove.ok(["remove", "leaving", "--yes"]);
      expect(await grove.remains()).toEqual(nothingRemains);
      await expectNothingLeft(grove);
      expect(await grove.main()).toEqual(before);
    },
  );

  test("prune killed when the first database is gone: the next prune takes the rest", async () => {
    await using grove = await Grove.create(server);
    const before = await grove.main();
    for (const name of ["gone-a", "gone-b", "stays"]) await grove.make(name, "--empty");
    for (const name of ["gone-a", "gone-b"]) await rm(grove.at(name), { recursive: true });
    await using stays = await holdInPlace(server, `${grove.project}_gone_b`); // the second one has to wait
    const isOneGone = async () => (await grove.databases()).length < 3;
    await grove.strike(grove.pruneNow, "SIGKILL", "the first database is gone", isOneGone);
    await stays.open();
    await grove.waitForGit();
    await grove.ok(grove.pruneNow);
    expect(await grove.remains()).toEqual({
      ...{ linked: ["stays"], folders: ["stays"], databases: [`${grove.project}_stays`], rows: ["stays"] },
    });
    await expectNothingLeft(grove);
    expect(await grove.main()).toEqual(before);
  });
});
