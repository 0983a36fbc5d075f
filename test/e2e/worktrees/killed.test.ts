/** `new`, `remove` and `prune` that are killed: the next run completes or undoes them, and main is never touched. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sharedServer } from "../../support/engine/server.ts";
import { listSessionsOf, waitForNothing } from "../../support/faults/world.ts";
import { Grove, nothingRemains } from "../../support/worktrees/grove.ts";

/** Large enough that there is a moment in which it is copied. */
const LARGE = `
  create table item as select i as id, 'item ' || i as name from generate_series(1, 50) i;
  create table big as select i as id, repeat(md5(i::text), 8) as text from generate_series(1, 170000) i;`;

let grove: Grove;
let before: Awaited<ReturnType<Grove["main"]>>;

beforeAll(async () => {
  grove = await Grove.create(await sharedServer(18), { sql: LARGE, yaml: "ports: {web: 3000}\n" });
  before = await grove.main();
}, 60_000);
afterAll(() => grove[Symbol.asyncDispose]());

const databaseOf = (name: string) => `${grove.project}_${name}`;
const rowOf = async (name: string) => (await grove.rows()).find((row) => row.name === name);
const copying = async () =>
  (await listSessionsOf(grove.sql, grove.repo)).some(({ query }) => /^create database .* template/i.test(query));

/** No scratch database, no session, no record of a run; main's rows as they were. */
async function expectNothingLeft(): Promise<void> {
  expect(await grove.scratch()).toEqual([]);
  expect(grove.repo.openRuns()).toEqual([]);
  await waitForNothing(grove.server, grove.repo);
  expect(await grove.main()).toEqual(before);
}

async function expectUsable(name: string): Promise<void> {
  const folder = grove.at(name);
  const database = databaseOf(name);
  expect(await grove.variable(folder, "DATABASE_URL")).toEndWith(`/${database}`);
  expect(await grove.ok(["url"], { cwd: folder })).toEndWith(`/${database}`);
  expect(await grove.ask(database, "select count(*)::int from big")).toBe(170_000);
  expect((await grove.list()).find((each) => each.name === name)).toMatchObject({ state: "ready", database });
  expect(existsSync(join(grove.repo.folder, ".git/worktrees", name, "locked"))).toBe(false);
}

/** What the run has come to when it is killed. */
const moments: Record<string, (name: string) => Promise<boolean>> = {
  "git has made the folder": async (name) => existsSync(join(grove.at(name), ".git")),
  "it has its place in the registry": async (name) => (await rowOf(name)) !== undefined,
  "its database is copied": copying,
  "its database is there": async (name) => (await grove.oid(databaseOf(name))) !== undefined,
};

/** Kills `new` at that moment. Git is left alone, and finishes or undoes what it was doing: then there is nothing. */
async function killNew(name: string, moment: string): Promise<boolean> {
  const condition = moments[moment];
  if (condition === undefined) throw new Error(`there is no moment called ${moment}`);
  await grove.strike(["new", name], "SIGKILL", moment, () => condition(name));
  await grove.waitForGit();
  return (await grove.linked()).includes(name);
}

describe.each(Object.keys(moments).map((moment, place) => [moment, place] as const))(
  "new is killed when %s",
  (moment, place) => {
    test("provision completes it", async () => {
      const name = `k${place}`;
      await grove.ok([(await killNew(name, moment)) ? "provision" : "new", name]);
      await expectUsable(name);
      await grove.ok(["remove", name, "--yes"]);
      expect(await grove.remains()).toEqual(nothingRemains);
      await expectNothingLeft();
    }, 60_000);

    test("remove takes it away", async () => {
      const name = `r${place}`;
      const isThere = await killNew(name, moment);
      if (isThere) await grove.ok(["remove", name, "--yes", "--force", "--delete-branch"]);
      expect(await grove.remains()).toEqual(nothingRemains);
      if (isThere) expect(await grove.git(["branch", "--list", name])).toBe("");
      // Scratch databases are cleared by the next run that writes on that server.
      if ((await grove.scratch()).length > 0 || grove.repo.openRuns().length > 0) {
        await grove.make("next", "--empty");
        await grove.ok(["remove", "next", "--yes", "--delete-branch"]);
      }
      await expectNothingLeft();
    }, 60_000);
  },
);

test("Ctrl-C while the database is copied ends with 130, and provision completes what is there", async () => {
  const program = await grove.strike(["new", "interrupted"], "SIGINT", "the database is copied", copying);
  const ended = await program.ended;
  expect(ended).toMatchObject({ code: 130, stdout: "" });
  expect(ended.stderr).toContain("pgrove provision interrupted");
  expect(await grove.databaseNames()).toEqual([]);
  await expectNothingLeft();
  expect(await grove.fails(4, ["url", "interrupted"])).toContain("pgrove provision interrupted");
  await grove.ok(["provision", "interrupted"]);
  await expectUsable("interrupted");
  await grove.ok(["remove", "interrupted", "--yes", "--delete-branch"]);
  expect(await grove.remains()).toEqual(nothingRemains);
}, 60_000);

describe("remove is killed", () => {
  const points: [string, (name: string) => Promise<boolean>][] = [
    ["it has begun", async (name) => (await rowOf(name))?.state === "removing"],
    ["the database is gone", async (name) => (await grove.oid(databaseOf(name))) === undefined],
  ];
  test.each(points)("when %s: the next remove finishes, or prune where git has forgotten it", async (what, when) => {
    const name = "leaving";
    await grove.make(name, "--empty");
    await grove.strike(["remove", name, "--yes"], "SIGKILL", what, () => when(name));
    await grove.waitForGit();
    const known = (await grove.linked()).includes(name);
    if (known) expect(await grove.fails(5, ["provision", name])).toContain(`pgrove remove ${name}`);
    await grove.ok(known ? ["remove", name, "--yes"] : ["prune", "--yes"]);
    expect(await grove.remains()).toEqual(nothingRemains);
    await grove.git(["branch", "-D", name]);
    await grove.make("after", "--empty");
    await grove.ok(["remove", "after", "--yes", "--delete-branch"]);
    await expectNothingLeft();
  }, 60_000);
});

test("prune is killed when the first database is gone: the next prune takes the rest", async () => {
  for (const name of ["gone-a", "gone-b", "stays"]) await grove.make(name, "--empty");
  for (const name of ["gone-a", "gone-b"]) await rm(grove.at(name), { recursive: true });
  const oneIsGone = async () => (await grove.databases()).length < 3;
  await grove.strike(["prune", "--yes"], "SIGKILL", "the first database is gone", oneIsGone);
  await grove.ok(["prune", "--yes"]);
  expect(await grove.remains()).toEqual({
    ...{ linked: ["stays"], folders: ["stays"], databases: [databaseOf("stays")], rows: ["stays"] },
  });
  await grove.ok(["remove", "stays", "--yes"]);
  await expectNothingLeft();
}, 60_000);
