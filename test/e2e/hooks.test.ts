/** Git with pgrove's hooks, and `pgrove trust`: the compiled program, as git calls it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { createSmall } from "../support/database.ts";
import { sharedServer, type TestServer } from "../support/engine/server.ts";
import { binary, type Outcome, TestRepo } from "./support.ts";

const database = `hooks_${process.pid}`;
let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(17);
  await createSmall(server, database);
});
afterAll(async () => {
  const ours = `select datname from pg_database where datname like '${database}%'`;
  for (const name of (await server.psql("postgres", ours)).split("\n")) {
    await server.psql("postgres", `drop database if exists "${name}" with (force)`);
  }
});

interface GitRepo extends AsyncDisposable {
  repo: TestRepo;
  /** Git as a program from the desktop runs it: the PATH knows nothing of pgrove. */
  git(args: readonly string[], options?: { cwd?: string; env?: Record<string, string> }): Promise<Outcome>;
  commit(message: string, files?: Record<string, string>): Promise<void>;
}

const PLAIN = "project: PROJECT\nserver: {container: none}\n";

/** A repository with one commit and the hooks installed. */
async function makeRepo(config = PLAIN): Promise<GitRepo> {
  const repo = await TestRepo.create({ "pgrove.yaml": config.replaceAll("PROJECT", database) });
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  const git: GitRepo["git"] = (args, options) => repo.runProgram(["git", ...author, ...args], options);
  const commit = async (message: string, files: Record<string, string> = {}) => {
    for (const [path, text] of Object.entries(files)) await repo.write(path, text);
    await git(["add", "-A"]);
    await git(["commit", "-qm", message, "--allow-empty"]);
  };
  await commit("first");
  expect((await repo.run(["hooks", "install"])).code).toBe(0);
  return { repo, git, commit, [Symbol.asyncDispose]: () => repo.remove() };
}

const quiet: Outcome = { code: 0, stdout: "", stderr: "" };

describe("the git hooks", () => {
  test("`git worktree add` gives the new worktree its database and env file, without asking or running setup", async () => {
    const config = `project: ${database}
server: {container: ${server.container}}
database: {name: ${database}}
worktrees: {setup: [touch set-up]}
`;
    await using made = await makeRepo(config);
    const { repo, git } = made;
    const added = await git(["worktree", "add", "-q", "-b", "feature/x", "../linked"]);
    expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining(`${database}_linked`) });
    const linked = join(repo.root, "../linked");
    expect(await readFile(join(linked, ".env"), "utf8")).toContain(`/${database}_linked\n`);
    expect(await server.psql(`${database}_linked`, "select count(*) from item")).toBe("100");
    expect(await Bun.file(join(linked, "set-up")).exists()).toBe(false);
    expect((await repo.run(["provision", "--no-setup"], { cwd: "../linked" })).code).toBe(0);
  });

  test("when the worktree cannot be provisioned, git goes on, and one line says what to do", async () => {
    await using made = await makeRepo();
    const added = await made.git(["worktree", "add", "-q", "../linked"]);
    expect(added).toMatchObject({ code: 0, stdout: "" });
    expect(added.stderr).toEndWith(
      "pgrove: this worktree is not provisioned: there is no container none (next: pgrove provision)\n",
    );
  });

  test("a switch and a merge say how the migrations differ, in the folder of pgrove.yaml alone", async () => {
    await using made = await makeRepo(`${PLAIN}migrations: {dir: db/steps}\n`);
    const { git, commit } = made;
    const pair = (name: string) => ({ [`db/steps/${name}.up.sql`]: "x", [`db/steps/${name}.down.sql`]: "y" });
    await commit("second", pair("001_a"));
    await git(["switch", "-qc", "feature"]);
    await commit("third", { ...pair("002_b"), ...pair("003_c"), "elsewhere/009_x.sql": "", "db/steps/notes.sql": "" });
    expect((await git(["switch", "-q", "main"])).stderr).toBe(
      "pgrove: 2 migrations of the database are not on this branch (next: pgrove migrate status)\n",
    );
    expect((await git(["switch", "-q", "feature"])).stderr).toBe(
      "pgrove: 2 migrations more than before (next: pgrove migrate up)\n",
    );
    await git(["switch", "-q", "main"]);
    expect((await git(["merge", "-q", "feature"])).stderr).toBe(
      "pgrove: 2 migrations came in (next: pgrove migrate up)\n",
    );
  });

  test("rebase, bisect, clone, a checkout of files, another branch at the same commit: silence", async () => {
    await using made = await makeRepo();
    const { repo, git, commit } = made;
    await git(["switch", "-qc", "feature"]);
    await commit("a", { "migrations/001_a.up.sql": "x" });
    await git(["switch", "-q", "main"]);
    for (const name of ["b", "c", "d", "e"]) await commit(name, { [`migrations/${name}/002_${name}.up.sql`]: "x" });
    expect(await git(["rebase", "-q", "feature"])).toEqual(quiet);
    expect((await git(["bisect", "start", "HEAD", "HEAD~4"])).stderr).not.toContain("pgrove");
    expect((await git(["bisect", "good"])).stderr).not.toContain("pgrove");
    expect((await git(["bisect", "reset"])).stderr).not.toContain("pgrove");
    expect(await git(["checkout", "-q", "HEAD~1", "--", "migrations"])).toEqual(quiet);
    await git(["reset", "-q", "--hard"]);
    expect(await git(["switch", "-qc", "same"])).toEqual(quiet);
    const template = join(repo.root, ".git/hooks");
    expect(await git(["clone", "-q", "-c", `core.hooksPath=${template}`, ".", "../clone"])).toEqual(quiet);
    const env = { PGROVE_SKIP_HOOKS: "1" };
    expect(await git(["switch", "-q", "--detach", "HEAD~4"], { env })).toEqual(quiet);
    await rm(join(repo.root, "pgrove.yaml"));
    expect(await git(["switch", "-q", "main"])).toEqual(quiet);
  });
});

describe("what a branch wants restored", () => {
  const mains = () => `project: ${database}\nserver: {container: ${server.container}}\ndatabase: {name: ${database}}\n`;
  const SEED = "create table of_the_branch ();\n\n-- PostgreSQL database dump complete\n";
  const hasRun = async (name: string) => {
    const made = `select count(*) from pg_database where datname = '${database}_${name}'`;
    if ((await server.psql("postgres", made)) === "0") return false;
    return (await server.psql(`${database}_${name}`, "select to_regclass('of_the_branch') is not null")) === "t";
  };

  /** A branch of that name, with that in pgrove.yaml and those files; main stays checked out. */
  async function makeBranch({ git, commit }: GitRepo, name: string, yaml: string, files = {}): Promise<void> {
    await git(["switch", "-qc", name]);
    await commit(name, { "pgrove.yaml": mains() + yaml, ...files });
    await git(["switch", "-q", "main"]);
  }

  test("is not restored by the hook, which says what to type; by hand it is, after a yes", async () => {
    await using made = await makeRepo(mains());
    const { repo, git } = made;
    await makeBranch(made, "evil", "worktrees: {data: ./seed.sql}\n", { "seed.sql": SEED });
    const folder = join(repo.root, "../evil");
    const added = await git(["worktree", "add", "-q", "../evil", "evil"]);
    const why = `its pgrove.yaml wants ${folder}/seed.sql restored, which was not approved`;
    const line = `pgrove: this worktree is not provisioned: ${why} (next: cd ${folder} && pgrove provision)\n`;
    expect(added).toEqual({ code: 0, stdout: "", stderr: line });
    expect(await hasRun("evil")).toBe(false);

    for (const args of [["provision"], ["provision", "evil"], ["provision", "--json"]]) {
      const cwd = args.includes("evil") ? "." : "../evil"; // main's pgrove.yaml says nothing of it, and the worktree's did
      expect(await repo.run(args, { cwd })).toMatchObject({
        ...{ code: 5, stdout: "", stderr: expect.stringContaining(`${folder}/seed.sql`) },
      });
    }
    expect(await repo.runOnTerminal(["-C", folder, "provision"], [["Go on?", "n"]])).toMatchObject({ code: 5 });
    expect(await hasRun("evil")).toBe(false);
    expect(await repo.runOnTerminal(["-C", folder, "provision"], [["Go on?", "y"]])).toMatchObject({ code: 0 });
    expect(await hasRun("evil")).toBe(true);
    expect(await repo.run(["provision"], { cwd: "../evil" })).toMatchObject({ code: 0 }); // there is nothing to ask any more
  });

  test("nor in another guise: a bare name, a store that the branch brings along or names, links", async () => {
    await using made = await makeRepo(mains());
    const { repo, git } = made;
    const foreign = join(repo.home, "downloads");
    await mkdir(foreign);
    await Bun.write(join(foreign, "seed.sql"), SEED);
    const store = join(repo.home, "data/pgrove/dumps", database);
    await mkdir(store, { recursive: true });
    await symlink(join(foreign, "seed.sql"), join(store, "linked.sql"));
    const guises: Record<string, { yaml: string; files?: Record<string, string>; env?: Record<string, string> }> = {
      bare: { yaml: "worktrees: {data: seed.sql}\n", files: { "seed.sql": SEED } },
      inside: { yaml: "worktrees: {data: seed.sql}\ndumps: {dir: dumps}\n", files: { "dumps/seed.sql": SEED } },
      named: { yaml: `worktrees: {data: seed.sql}\ndumps: {dir: ${foreign}}\n` },
      tilde: { yaml: "worktrees: {data: ~/downloads/seed.sql}\n" },
      climbing: { yaml: "worktrees: {data: ../home/downloads/seed.sql}\n" },
      linked: { yaml: `worktrees: {data: ${store}/linked.sql}\n` },
      environment: {
        ...{ yaml: "worktrees: {data: seed.sql}\n", files: { "stash/seed.sql": SEED } },
        env: { BACKUP_DIR: "stash" },
      },
    };
    for (const [name, { yaml, files, env = {} }] of Object.entries(guises)) {
      await makeBranch(made, name, yaml, files);
      const added = await git(["worktree", "add", "-q", `../${name}`, name], { env });
      expect({ name, ...added }).toMatchObject({ name, code: 0, stderr: expect.stringContaining("not approved") });
      expect({ name, hasRun: await hasRun(name) }).toEqual({ name, hasRun: false });
    }
  });

  test("nor does a hook write variables that act; what is approved once is not asked about in the next worktree", async () => {
    await using made = await makeRepo(mains());
    const { repo, git } = made;
    const yaml = "worktrees: {data: ./seed.sql}\nenv: {set: {NODE_OPTIONS: --require=./x.js}}\n";
    await makeBranch(made, "acts", yaml, { "seed.sql": SEED });
    const folder = join(repo.root, "../acts");
    const added = await git(["worktree", "add", "-q", "../acts", "acts"]);
    const why = "its env.set was not approved: NODE_OPTIONS=--require=./x.js";
    const next = `cd ${folder} && pgrove trust && pgrove provision`;
    expect(added.stderr).toBe(`pgrove: this worktree is not provisioned: ${why} (next: ${next})\n`);
    expect(await Bun.file(join(folder, ".env")).exists()).toBe(false);
    expect((await repo.run(["env", "--target", "main"], { cwd: "../acts" })).code).toBe(5);
    expect((await repo.run(["trust", "--yes"], { cwd: "../acts" })).code).toBe(0);
    const again = await git(["worktree", "add", "-q", "-b", "acts-too", "../acts-too", "acts"]);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("restored from seed.sql") });
    expect(await hasRun("acts_too")).toBe(true);
  });

  const IMAGE = `services: {db: {image: "$\{DB_IMAGE:-postgres:17}"}}\n`;
  test.each([
    [".env", { "compose.yml": IMAGE }],
    ["db/.env", { "compose.yml": "include: [db/part.yml]\n", "db/part.yml": IMAGE }],
    ["db/its.env", { "compose.yml": "include: [{path: part.yml, env_file: db/its.env}]\n", "part.yml": IMAGE }],
  ])("nor does an image start that a branch names by a variable of compose's, in %s", async (file, files) => {
    const config =
      "project: PROJECT\nisolation: container\nserver: {compose: {file: compose.yml, service: db}}\nhooks: {start: false}\n";
    await using made = await makeRepo(config);
    const { repo, git, commit } = made;
    await commit("compose", { ...files, [file]: "LEVEL=1\n" });
    expect((await repo.run(["trust", "--yes"])).code).toBe(0);
    const add = async (name: string) => (await git(["worktree", "add", "-q", `../${name}`, "-b", name])).stderr;
    expect(await add("same")).not.toContain("was not approved");
    await commit("evil", { [file]: "LEVEL=1\nDB_IMAGE=evil/image\n" });
    expect(await add("evil")).toContain(`its server.compose was not approved: ${file}`);
  });

  test("but a dump of the user's own store is, by its name", async () => {
    const usual = mains();
    for (const [name, yaml] of [
      ["usual", ""],
      ["chosen", "dumps: {dir: ~/mine}\n"],
    ] as const) {
      await using made = await makeRepo(usual + yaml);
      const { repo, git } = made;
      const dumped = basename((await repo.run(["dump"])).stdout.trim());
      await makeBranch(made, name, `${yaml}worktrees: {data: ${dumped}}\n`);
      const added = await git(["worktree", "add", "-q", `../${name}`, name]);
      expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining(`restored from ${dumped}`) });
      expect(await server.psql(`${database}_${name}`, "select count(*) from item")).toBe("100");
    }
  });
});

describe("hooks install, status, uninstall", () => {
  test("say what they did, and leave no trace in the end", async () => {
    await using made = await makeRepo();
    const { repo } = made;
    const hooks = join(repo.root, ".git/hooks");
    expect(await readFile(join(hooks, "post-checkout"), "utf8")).toContain(`'${binary}'`);
    const states = JSON.parse((await repo.run(["hooks", "status", "--json"])).stdout);
    expect(states).toEqual({
      version: 1,
      ...{ folder: hooks, manager: "git" },
      hooks: ["post-checkout", "post-merge", "pre-push"].map((hook) => ({
        ...{ hook, path: join(hooks, hook), state: "installed", runs: true },
      })),
    });
    const removed = JSON.parse((await repo.run(["hooks", "uninstall", "--json"])).stdout);
    expect(removed.hooks.map(({ change }: { change: string }) => change)).toEqual(["removed", "removed", "removed"]);
    expect((await repo.run(["hooks", "status"])).stdout).toContain("absent: pgrove hooks install");
    const left = new Bun.Glob("*").scanSync({ cwd: hooks });
    expect([...left].filter((name) => !name.endsWith(".sample"))).toEqual([]);
  });

  test("hooks that serve other repositories too are changed only with consent", async () => {
    await using made = await makeRepo();
    const { repo, git } = made;
    const folder = join(repo.home, "hooks");
    await mkdir(folder);
    await git(["config", "core.hooksPath", folder]);
    const refused = await repo.run(["hooks", "install"]);
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining("hooks install --yes") });
    expect(await Bun.file(join(folder, "post-merge")).exists()).toBe(false);
    expect((await repo.run(["hooks", "install", "--yes"])).code).toBe(0);
    expect(await Bun.file(join(folder, "post-merge")).exists()).toBe(true);
  });

  test("a hook in another language is refused by name, with what to add", async () => {
    await using made = await makeRepo();
    const { repo } = made;
    await repo.write(".git/hooks/post-merge", "#!/usr/bin/env node\n");
    await chmod(join(repo.root, ".git/hooks/post-merge"), 0o755);
    const { code, stderr } = await repo.run(["hooks", "install"]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/post-merge is a script for node[\s\S]*pgrove __hook post-merge/);
  });
});

describe("trust", () => {
  const SETUP = `${PLAIN}worktrees: {setup: ["npm ci", "make $HOME"]}\n`;

  test("refuses without a terminal, shows what would run, and holds for every worktree until a command changes", async () => {
    await using made = await makeRepo(SETUP);
    const { repo, git, commit } = made;
    const refused = await repo.run(["trust"]);
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    expect(refused.stderr).toMatch(/worktrees\.setup +npm ci\n +make \$HOME\n[\s\S]*pgrove trust --yes/);
    expect(JSON.parse((await repo.run(["trust", "--yes", "--json"])).stdout)).toMatchObject({
      ...{ version: 1, approved: true, changed: true },
      commands: ["npm ci", "make $HOME"].map((command) => ({ key: "worktrees.setup", command })),
    });
    await git(["worktree", "add", "-q", "../linked"], { env: { PGROVE_SKIP_HOOKS: "1" } });
    expect((await repo.run(["trust"], { cwd: "../linked" })).code).toBe(0);
    expect(await Bun.file(join(repo.home, "state/pgrove/trust.json")).exists()).toBe(true); // not in the repository
    await commit("more", { "pgrove.yaml": SETUP.replaceAll("PROJECT", database).replace("npm ci", "npm i") });
    expect((await repo.run(["trust"])).code).toBe(5);
  });

  test("--list shows what was approved, --revoke takes it back, and what has changed is shown as a difference", async () => {
    await using made = await makeRepo(SETUP);
    const { repo, commit } = made;
    expect((await repo.run(["trust", "--list"])).stdout).toContain("nothing of this repository was approved");
    await repo.run(["trust", "--yes"]);
    expect((await repo.run(["trust", "--list"])).stdout).toMatch(/worktrees\.setup +npm ci +just now\n/);
    const evil = SETUP.replaceAll("PROJECT", database).replace("npm ci", "npm i\\u001b[8m; x\\u202e");
    await commit("more", { "pgrove.yaml": `${evil}env: {set: {PATH: ./bin}}\nclient_image: evil:18\n` });
    const { code, stderr } = await repo.run(["trust"]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/worktrees\.setup +- npm ci\n +\+ npm i\\x1b\[8m; x\\u202e\n +make \$HOME\n/);
    expect(stderr).toMatch(/client_image +evil:18\n +env\.set +PATH=\.\/bin\n/);
    const revoked = JSON.parse((await repo.run(["trust", "--revoke", "--json"])).stdout);
    expect(revoked.revoked.map(({ text }: { text: string }) => text)).toEqual(["npm ci", "make $HOME"]);
    expect((await repo.run(["trust", "--list"])).stdout).toContain("nothing of this repository was approved");
    expect((await repo.run(["trust", "--list", "--revoke"])).code).toBe(2);
  });

  test("on a terminal it asks, and no is a no", async () => {
    await using made = await makeRepo(SETUP);
    const { repo } = made;
    const no = await repo.runOnTerminal(["trust"], [["Approve this?", "n"]]);
    expect(no).toMatchObject({ code: 5, shown: expect.stringContaining("npm ci") });
    const ended = await repo.runOnTerminal(["trust"], [["Approve this?", "\x04"]]); // Ctrl-D
    expect(ended.code).toBe(5);
    const stopped = await repo.runOnTerminal(["trust"], [["Approve this?", "\x03"]]);
    expect(stopped.code).toBe(130);
    const unsize = ["sh", "-c", 'stty cols 0 rows 0; exec "$0" "$@"'];
    const unsized = await repo.runOnTerminal(["trust"], [["Approve this?", "n"]], {}, unsize);
    expect(unsized.code).toBe(5);
    const yes = await repo.runOnTerminal(["trust", "--quiet"], [["Approve this?", "y"]]);
    expect(yes).toMatchObject({ code: 0, shown: expect.stringContaining("npm ci") });
    expect((await repo.run(["trust"])).stdout).toContain("approved before");
  });

  test("with nothing to run it says so", async () => {
    await using made = await makeRepo();
    expect(await made.repo.run(["trust"])).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing") });
  });
});
