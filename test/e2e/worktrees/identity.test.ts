/** The right database stays with the right worktree, whatever happens to its folder, its branch and the registry. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Grove, type WorktreeDocument } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

/** A worktree with a row of its own, so that its database is told from a fresh copy. */
interface Scene extends AsyncDisposable {
  grove: Grove;
  made: WorktreeDocument;
  oid: number | undefined;
  /** The worktree in that folder is on the database that it was given. */
  expectSame(folder: string): Promise<void>;
}

const OWN_ROW = 1000;

async function begin(): Promise<Scene> {
  const grove = await Grove.create(server, { yaml: "ports: {web: 3000}\n" });
  const made = await grove.make("work/it");
  const { database } = made;
  await grove.ask(database, `insert into item values (${OWN_ROW}, 'mine')`);
  const oid = await grove.oid(database);
  const expectSame = async (folder: string) => {
    await grove.ok(["provision"], { cwd: folder });
    expect(await grove.variable(folder, "DATABASE_URL")).toEndWith(`/${database}`);
    expect(await grove.ok(["url"], { cwd: folder })).toEndWith(`/${database}`);
    expect(await grove.oid(database)).toBe(oid);
    expect(await grove.ask(database, "select max(id) from item")).toBe(OWN_ROW);
  };
  return { ...{ grove, made, oid, expectSame }, [Symbol.asyncDispose]: () => grove[Symbol.asyncDispose]() };
}

describe.concurrent("the folder and the branch", () => {
  test("git worktree move", async () => {
    await using scene = await begin();
    const { grove, made, expectSame } = scene;
    const to = grove.repo.path("elsewhere");
    await grove.git(["worktree", "move", made.path, to]);
    await expectSame(to);
    expect(await grove.list()).toContainEqual(expect.objectContaining({ name: made.name, path: to, state: "ready" }));
    await grove.ok(["remove", made.name, "--yes"]);
    expect(existsSync(to)).toBe(false);
    expect(await grove.oid(made.database)).toBeUndefined();
  });

  test("the folder is renamed, and git told so with `git worktree repair`", async () => {
    await using scene = await begin();
    const { grove, made, oid, expectSame } = scene;
    const to = grove.at("renamed");
    await rename(made.path, to);
    await grove.git(["worktree", "repair", to]);
    await expectSame(to);
    expect(await grove.json(grove.pruneNow)).toMatchObject({ pruned: [] });
    expect(await grove.oid(made.database)).toBe(oid);
  });

  test("the branch is renamed, another one is switched to, HEAD is detached", async () => {
    await using scene = await begin();
    const { grove, made, expectSame } = scene;
    const steps = [
      ["branch", "-m", "renamed-branch"],
      ["switch", "-qc", "another"],
      ["switch", "-q", "--detach"],
    ];
    for (const step of steps) {
      await grove.git(step, made.path);
      await expectSame(made.path);
    }
    const listed = (await grove.list()).find(({ name }) => name === made.name);
    expect(listed).toMatchObject({ branch: null, database: made.database });
    // The branch that it was made for is free: its next worktree has a name and a database of its own.
    await grove.git(["branch", "work/it"]);
    const next = await grove.make("work/it");
    expect(next.database).not.toBe(made.database);
    await expectSame(made.path);
  });

  test("rm -rf and made anew under the same name: another database, and the old one stays until prune", async () => {
    await using scene = await begin();
    const { grove, made, oid } = scene;
    await rm(made.path, { recursive: true });
    const refused = await grove.fails(5, ["new", "work/it"]);
    expect(refused).toContain(`pgrove remove ${made.name}`);
    await grove.git(["worktree", "prune"]);
    await grove.git(["worktree", "add", "-q", made.path, "work/it"]);
    await grove.ok(["provision"], { cwd: made.path });
    const url = (await grove.variable(made.path, "DATABASE_URL")) ?? "";
    const fresh = url.slice(url.lastIndexOf("/") + 1);
    expect(fresh).not.toBe(made.database);
    expect(await grove.ask(fresh, "select max(id) from item")).toBe(50);
    expect(await grove.ask(made.database, "select max(id) from item")).toBe(OWN_ROW);

    expect(await grove.json(["prune", "--now", "--dry-run"])).toMatchObject({
      would_prune: [{ worktree: made.name, path: made.path, databases: [{ database: made.database }] }],
    });
    expect(await grove.oid(made.database)).toBe(oid);
    await grove.ok(grove.pruneNow);
    expect(await grove.oid(made.database)).toBeUndefined();
    expect(await grove.ask(fresh, "select count(*)::int from item")).toBe(50);
  });
});

describe.concurrent("the registry", () => {
  const damages: [string, (file: string) => Promise<void>][] = [
    ["is deleted", (file) => rm(file)],
    ["is cut off", async (file) => writeFile(file, (await readFile(file)).subarray(0, 100))],
  ];
  test.each(damages)("%s: provision finds the database by its mark", async (_what, damage) => {
    await using scene = await begin();
    const { grove, made, expectSame } = scene;
    await damage(grove.registryFile);
    expect(await grove.fails(4, ["url"], { cwd: made.path })).toContain("pgrove provision");
    expect(await grove.fails(5, ["remove", made.name, "--yes"])).toContain(`pgrove provision ${made.name}`);
    expect(await grove.json(grove.pruneNow)).toMatchObject({ pruned: [] }); // its worktree is there
    await expectSame(made.path);
    expect((await grove.rows()).find(({ name }) => name === made.name)).toMatchObject({
      ...{ database: made.database, ports: made.ports, state: "ready" },
    });
  });

  test("a damaged file is put aside, and what it said found again: by doctor --fix", async () => {
    await using scene = await begin();
    const { grove, made } = scene;
    await writeFile(grove.registryFile, "no JSON");
    await grove.ok(["doctor", "--fix", "--yes"]);
    expect(await readFile(`${grove.registryFile}.damaged`, "utf8")).toBe("no JSON");
    expect((await grove.rows()).map(({ name, database }) => [name, database])).toEqual([[made.name, made.database]]);
  });

  test("without it prune names what its marks tell of, and keeps it; remove takes it by its name, and nothing else", async () => {
    await using scene = await begin();
    const { grove, made } = scene;
    const stranger = `${grove.project}_stranger`;
    await grove.sql.unsafe(`create database ${stranger}`);
    const other = await Grove.create(grove.server);
    try {
      const others = await other.make("elsewhere");
      await rm(grove.registryFile);
      await rm(made.path, { recursive: true });
      expect(await grove.json(grove.pruneNow)).toMatchObject({
        pruned: [],
        kept: [{ worktree: made.name, path: null, databases: [{ database: made.database }] }],
      });
      expect(await grove.oid(made.database)).toBeNumber();
      expect(await grove.fails(5, ["remove", made.name])).toContain(made.database);
      await grove.ok(["remove", made.name, "--yes"]);
      expect(await grove.oid(made.database)).toBeUndefined();
      expect(await grove.oid(stranger)).toBeNumber();
      expect(await other.ask(others.database, "select count(*)::int from item")).toBe(50);
      expect(await grove.linked()).not.toContain(made.name);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  test("one of a newer version is neither read nor written", async () => {
    await using scene = await begin();
    const { grove, made } = scene;
    const newer = '{"version": 2, "worktrees": {"of": "another form"}}';
    const whole = await readFile(grove.registryFile, "utf8");
    await writeFile(grove.registryFile, newer);
    const before = await grove.databases();
    for (const args of [["provision"], ["remove", made.name, "--yes"], grove.pruneNow, ["list"], ["url"]]) {
      expect(await grove.fails(5, args, { cwd: made.path })).toContain("newer pgrove");
    }
    await grove.fails(5, ["new", "not-now"]);
    expect(await grove.linked()).not.toContain("not-now");
    expect(await readFile(grove.registryFile, "utf8")).toBe(newer);
    expect(await grove.databases()).toEqual(before);
    await writeFile(grove.registryFile, whole);
  });

  test("a stranger's database in the way: another name is taken, and the stranger's outlives remove and prune", async () => {
    await using scene = await begin();
    const { grove } = scene;
    const stranger = `${grove.project}_taken`;
    await grove.sql.unsafe(`create database ${stranger}`);
    await grove.sql.unsafe(`comment on database ${stranger} is 'pgrove: mine'`);
    const before = await grove.oid(stranger);
    const taken = await grove.make("taken");
    expect(taken.database).toMatch(new RegExp(`^${stranger}_[0-9a-f]{8}$`));
    await rm(grove.registryFile);
    await grove.ok(["provision"], { cwd: taken.path });
    expect(await grove.variable(taken.path, "DATABASE_URL")).toEndWith(`/${taken.database}`);
    await grove.ok(["remove", "taken", "--yes"]);
    await grove.ok(grove.pruneNow);
    expect(await grove.oid(taken.database)).toBeUndefined();
    expect(await grove.oid(stranger)).toBe(before);
  });
});

test("an identity that is lost is not guessed", async () => {
  await using scene = await begin();
  const { grove, made, expectSame } = scene;
  const common = join(grove.repo.folder, ".git");
  const identity = await readFile(join(common, "pgrove-id"), "utf8");
  await writeFile(join(common, "pgrove-id"), "not a UUID\n");
  const before = await grove.databases();
  for (const args of [["provision", made.name], ["remove", made.name, "--yes"], grove.pruneNow]) {
    expect(await grove.fails(1, args)).toContain(`rm ${join(common, "pgrove-id")}`);
  }
  expect(await grove.databases()).toEqual(before);
  await writeFile(join(common, "pgrove-id"), identity);
  await expectSame(made.path);
  expect((await readdir(common)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
