/** Setup steps that the git hook runs: what they run of a branch's files was approved, or is left to whoever types it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { binary, type Outcome, TestRepo } from "./support.ts";

const YAML = `project: hooked
server: {local: {}}
database: {name: app}
worktrees:
  setup: [pgrove migrate up, pgrove seed, pgrove sql -f db/extra.sql, pgrove sql < db/more.sql]
`;
const FILES = {
  "migrations/0001_item.up.sql": "create table item (id int primary key);\n",
  "migrations/0001_item.down.sql": "drop table item;\n",
  "seeds/base.sql": "insert into item values (1);\n",
  "db/extra.sql": "insert into item values (2);\n",
  "db/more.sql": "insert into item values (3);\n",
};

const PATH_TO_PGROVE = `${dirname(binary)}${delimiter}${process.env.PATH}`;

let repo: TestRepo;

const git = (...args: string[]): Promise<Outcome> => {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  return repo.runProgram(["git", ...author, ...args], { env: { PATH: PATH_TO_PGROVE } });
};

async function commit(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) await repo.write(path, text);
  await git("add", "-A");
  expect(await git("commit", "-qm", "more")).toMatchObject({ code: 0 });
}

/** A branch of somebody else's, with those files; main stays checked out. */
async function push(branch: string, files: Readonly<Record<string, string>>): Promise<void> {
  await git("switch", "-qc", branch);
  await commit(files);
  await git("switch", "-q", "main");
}

const folderOf = (name: string) => join(repo.root, "..", name);

async function ask(name: string, sql: string): Promise<string> {
  const { code, stdout, stderr } = await repo.run(["sql", "--format", "csv", "-c", sql], { cwd: `../${name}` });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trim().split("\n").slice(1).join();
}

const items = (name: string) => ask(name, "select id from item order by 1");
const tables = (name: string) =>
  ask(
    name,
    "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname like 'evil%'",
  );

beforeAll(async () => {
  repo = await TestRepo.create({ "pgrove.yaml": YAML, ".gitignore": ".env\n" });
  await chmod(join(repo.root, ".."), 0o711);
  await commit(FILES);
  for (const args of [["up"], ["hooks", "install"], ["trust", "--yes"]]) {
    expect(await repo.run(args)).toMatchObject({ code: 0 });
  }
});
afterAll(async () => {
  await repo.run(["down", "main"]);
  await repo.remove();
});

test("a new branch off main has nothing new: its migrations, seeds and SQL run unasked", async () => {
  const added = await git("worktree", "add", "-q", "-b", "own", "../own", "main");
  expect(added).toMatchObject({ code: 0, stderr: expect.not.stringContaining("not approved") });
  expect(await items("own")).toBe("1,2,3");
});

const STRANGE = {
  migration: {
    "migrations/0002_evil.up.sql": "create table evil ();\n",
    "migrations/0002_evil.down.sql": "drop table evil;\n",
  },
  seed: { "seeds/base.sql": "create table evil_seed ();\n" },
  sql: {
    "db/extra.sql": "create table evil_sql ();\n",
    "db/more.sql": "create table evil_more ();\n",
    "seeds/rows.yaml": "entities:\n  item: {count: 1}\n",
  },
};

test.each(Object.entries(STRANGE))("a branch's own %s is not run by the hook", async (name, files) => {
  await push(name, files);
  const added = await git("worktree", "add", "-q", `../${name}`, name);
  const [file = ""] = Object.keys(files);
  expect(added.stderr).toContain(`a git hook would run what was not approved: ${file}\n`);
  expect(added.stderr).toEndWith(`(next: cd ${folderOf(name)} && pgrove trust && pgrove provision)\n`);
  expect(added.code).toBe(0);
  expect(await tables(name)).toBe("0");
});

/** What a hook that has ended has left in the environment. */
const MARK = { PGROVE_HOOK_STEP: "1 of-a-hook-that-has-ended" };

test.each([
  ["sql -f", "pgrove sql -f db/more.sql", "db/more.sql"],
  ["sql <", "pgrove sql < db/more.sql", "db/more.sql"],
  ["seed with names", "pgrove seed item 1", "seeds/rows.yaml"],
  ["seed --file", "pgrove seed --file db/more.sql", "db/more.sql"],
  ["restore", "pgrove restore db/more.sql --into-new hooked_other --yes", "db/more.sql"],
  ["migrate up --from-schema", "pgrove migrate up --from-schema", "db/more.sql"],
])("what a hook's step left behind stays bound: %s", async (_, command, file) => {
  await Bun.write(join(folderOf("sql"), "pgrove.yaml"), `${YAML}migrations: {schema_file: db/more.sql}\n`);
  const { code, stderr } = await repo.runProgram(["sh", "-c", command], {
    cwd: "../sql",
    env: { ...MARK, PATH: PATH_TO_PGROVE },
  });
  expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(`not approved: ${file}\n`) });
  expect(await tables("sql")).toBe("0");
});

test("and it approves nothing", async () => {
  const { code, stderr } = await repo.run(["trust", "--yes"], { cwd: "../sql", env: MARK });
  expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining("approves nothing") });
  expect((await repo.run(["trust"], { cwd: "../sql" })).code).toBe(5);
});

test("a terminal that a step has opened is its user's, when the hook has ended", async () => {
  const words = ["-C", folderOf("sql"), "sql", "-f", join(folderOf("sql"), "db/more.sql")];
  expect(await repo.runOnTerminal(words, [], MARK)).toMatchObject({ code: 0 });
  expect(await tables("sql")).toBe("1");
});

test("what was approved is not asked about again, in any worktree; the question shows it", async () => {
  const shown = await repo.run(["trust"], { cwd: "../migration" });
  expect(shown.code).toBe(5);
  expect(shown.stderr).toContain("+ create table evil ();");
  expect(shown.stderr).not.toContain("0001_item");
  expect((await repo.run(["trust", "--yes"], { cwd: "../migration" })).code).toBe(0);
  expect((await repo.run(["trust", "--list"])).stdout).toContain("migrations/0002_evil.up.sql");
  const added = await git("worktree", "add", "-q", "-b", "again", "../again", "migration");
  expect(added).toMatchObject({ code: 0, stderr: expect.not.stringContaining("not approved") });
  expect(await tables("again")).toBe("1");
});

test("by hand the checked-out files need no further yes", async () => {
  const provisioned = await repo.run(["provision"], { cwd: "../seed", env: { PATH: PATH_TO_PGROVE } });
  expect(provisioned).toMatchObject({ code: 0 });
  expect(await tables("seed")).toBe("1");
});

test("what main has got since is not asked about where main's database has it, too", async () => {
  await commit({
    "migrations/0003_more.up.sql": "create table more ();\n",
    "migrations/0003_more.down.sql": "drop table more;\n",
  });
  const early = await git("worktree", "add", "-q", "-b", "early", "../early", "main");
  expect(early.stderr).toContain("a git hook would run what was not approved: migrations/0003_more.up.sql\n");
  expect(await repo.run(["migrate", "up", "--yes"])).toMatchObject({ code: 0 });
  const later = await git("worktree", "add", "-q", "-b", "later", "../later", "main");
  expect(later).toMatchObject({ code: 0, stderr: expect.not.stringContaining("not approved") });
  expect(await items("later")).toBe("1,2,3");
});
