/** What stands around migrations: check, backup, rehearsal, schema file, pre-push hook, another tool. The compiled program. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { databasesLike } from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { binary, type Outcome, TestRepo } from "../support.ts";

let server: TestServer;
const made: string[] = [];

beforeAll(async () => {
  server = await sharedServer(17);
});
afterAll(async () => {
  for (const prefix of made) {
    for (const name of await databasesLike(server, prefix)) {
      await server.psql("postgres", `drop database if exists "${name}" with (force)`);
    }
  }
});

const USERS = {
  "migrations/1_users.up.sql": "create table users (id bigint primary key, name text);\n",
  "migrations/1_users.down.sql": "drop table users;\n",
};

class Project implements AsyncDisposable {
  private constructor(
    readonly repo: TestRepo,
    readonly database: string,
  ) {}

  /** A repository with one commit of these files, and a main database. */
  static async create(files: Record<string, string>, yaml = ""): Promise<Project> {
    const database = `safe_${randomUUID().slice(0, 8)}`;
    made.push(database);
    await server.createDatabase(database);
    const config = `project: ${database}\nserver: {container: ${server.container}}\ndatabase: {name: ${database}}\n${yaml}`;
    const project = new Project(await TestRepo.create({ "pgrove.yaml": config, ...files }), database);
    await project.commit("first");
    return project;
  }

  async run(line: string, env: Record<string, string> = {}): Promise<Outcome> {
    return await this.repo.run(line.split(" "), { env });
  }

  async git(...args: string[]): Promise<Outcome> {
    const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    return await this.repo.runProgram(["git", ...author, ...args]);
  }

  async commit(message: string, files: Record<string, string> = {}): Promise<void> {
    for (const [path, text] of Object.entries(files)) await this.repo.write(path, text);
    await this.git("add", "-A");
    await this.git("commit", "-qm", message, "--allow-empty");
  }

  async sql(query: string): Promise<string> {
    return await server.psql(this.database, query);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.repo.remove();
  }
}

describe("check", () => {
  test("passes on what up has written, and finds a number that the base branch has taken, with annotations", async () => {
    await using project = await Project.create(USERS, "migrations: {schema_file: db/schema.sql}\n");
    expect(await project.run("migrate up")).toMatchObject({ code: 0 });
    const schema = await readFile(join(project.repo.root, "db/schema.sql"), "utf8");
    expect(schema).toContain("CREATE TABLE public.users (");
    await project.commit("schema");
    expect(await project.run("migrate check")).toMatchObject({
      code: 0,
      stdout: "1 migration, 0 of them new: nothing found\n",
    });
    await project.git("switch", "-qc", "feature");
    await project.commit("mine", { "migrations/2_mine.up.sql": "create table mine (id bigint primary key);\n" });
    await project.git("switch", "-q", "main");
    await project.commit("theirs", { "migrations/2_theirs.up.sql": "create table theirs (id bigint primary key);\n" });
    await project.git("switch", "-q", "feature");
    const found = await project.run("migrate check --no-server --base main", { GITHUB_ACTIONS: "true" });
    expect(found.code).toBe(6);
    expect(found.stdout).toMatch(/^migrations\/2_mine\.up\.sql:1:1: error: main has another migration 2: /);
    expect(found.stdout).toMatch(
      /\n::error file=migrations\/2_mine\.up\.sql,line=1,col=1,title=number_taken::main has/,
    );
    const document = JSON.parse((await project.run("migrate check --no-server --base main --json")).stdout);
    expect(document).toMatchObject({ version: 1, own: 1, base: "main", findings: [{ rule: "number_taken" }] });
  });

  test("tries them on the server, and says so when it cannot", async () => {
    await using project = await Project.create({ ...USERS, "migrations/1_users.down.sql": "select 1;\n" });
    const found = await project.run("migrate check --all");
    expect(found).toMatchObject({
      code: 6,
      stdout: expect.stringContaining("migrations/1_users.down.sql:1:1: error: "),
    });
    await project.repo.write("pgrove.yaml", "project: x\nserver: {container: none}\n");
    const without = await project.run("migrate check --all");
    expect(without.stdout).toContain("not tried on a server: there is no container none\n");
  });
});

describe("a migration that fails", () => {
  test.each(["dump", "snapshot"])("after a %s ends with the command that brings the state back", async (kind) => {
    await using project = await Project.create(USERS);
    await project.run("migrate up");
    await project.sql("insert into users values (1, 'kept')");
    await project.commit("more", {
      "migrations/2_clear.up.sql": "-- pgrove:no-transaction\ndelete from users;\nselect nothing;\n",
    });
    const failed = await project.run(`migrate up --yes --backup ${kind}`);
    expect(failed.code).toBe(1);
    expect(await project.sql("select count(*) from users")).toBe("0");
    const command = /^(?:hint:)? *(pgrove (?:restore|rewind) \S+.*?)(?: {3,}.*)?$/m.exec(failed.stderr)?.[1] ?? "";
    expect(command).toContain("before-2");
    const back = await project.repo.runProgram(["sh", "-c", `${command.replace(/^pgrove/, '"$0"')} --yes`, binary]);
    expect(back).toMatchObject({ code: 0 });
    expect(await project.sql("select name from users")).toBe("kept");
  });
});

describe("a rehearsal", () => {
  test("that is killed leaves a copy that the next run drops, and the target as it was", async () => {
    await using project = await Project.create({
      "migrations/1_slow.up.sql": "create table t (id int); select pg_sleep(60);",
    });
    const child = Bun.spawn([binary, "migrate", "up", "--rehearse", "--yes"], {
      ...{ cwd: project.repo.root, env: project.repo.environment() },
      ...{ stdin: "ignore", stdout: "ignore", stderr: "ignore" },
    });
    const sleeping =
      "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(60)%' and datname like 'pgrove_scratch_%'";
    await waitFor("the rehearsal to be at work", 30_000, async () => (await server.psql("postgres", sleeping)) === "1");
    child.kill("SIGKILL");
    await child.exited;
    expect(await databasesLike(server, "pgrove_scratch_")).toHaveLength(1);
    const next = await project.run("snapshot after");
    expect(next).toMatchObject({ code: 0, stderr: expect.stringContaining("dropped scratch databases") });
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
    expect(await project.sql("select to_regclass('t') is null and to_regnamespace('pgrove') is null")).toBe("t");
  });
});

describe("the pre-push hook", () => {
  test("stops a push with migrations that are wrong, and no other; --no-verify and PGROVE_SKIP_HOOKS pass", async () => {
    await using project = await Project.create(USERS);
    const { repo } = project;
    await repo.runProgram(["git", "init", "-q", "--bare", "../remote.git"]);
    await project.git("remote", "add", "origin", "../remote.git");
    expect((await project.run("hooks install")).code).toBe(0);
    expect(await project.git("push", "-q", "origin", "main")).toMatchObject({ code: 0 });
    await project.git("switch", "-qc", "feature");
    await project.commit("docs", { "notes.sql": "select", "migrations/README.md": "none" });
    expect(await project.git("push", "-q", "origin", "feature")).toMatchObject({ code: 0 });
    await project.commit("wrong", { "migrations/1_again.up.sql": "create table again (id bigint primary key);\n" });
    const stopped = await project.git("push", "-q", "origin", "feature");
    expect(stopped.code).not.toBe(0);
    expect(stopped.stderr).toContain("migrations/1_again.up.sql:1:1: error: ");
    expect(stopped.stderr).toContain("git push --no-verify");
    await project.git("branch", "other", "main");
    expect(await project.git("push", "-q", "origin", "other")).toMatchObject({ code: 0 });
    expect(await project.git("push", "-q", "--no-verify", "origin", "feature")).toMatchObject({ code: 0 });
  });
});

describe("another tool", () => {
  const TOOL = `echo "$1 on $DATABASE_URL" | sed 's/@.*\\//@/'
case $1 in
up) psql_() { docker exec -i ${"$"}{CONTAINER} psql -qX -U postgres -d "$PGDATABASE"; }; echo "create table by_tool (id int)" | psql_ ;;
create) echo "made $2" ;;
fail) echo "no luck" >&2; exit 3 ;;
esac
`;
  const yaml = () =>
    `migrations: {backup: none, command: {up: sh tool.sh up, down: 'sh tool.sh fail {target}', status: sh tool.sh status, history: own-tool, create: sh tool.sh create}}\n`;

  test("is run with the target's variables once it is approved; its failure is pgrove's", async () => {
    await using project = await Project.create({ "tool.sh": TOOL }, yaml());
    const bin = join(project.repo.root, "node_modules/.bin");
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, "own-tool"), "#!/bin/sh\necho from node_modules\n", { mode: 0o755 });
    const env = { CONTAINER: server.container };
    expect(await project.run("migrate up", env)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("pgrove trust"),
    });
    await project.run("trust --yes");
    const status = await project.run("migrate status", env);
    expect(status).toMatchObject({ code: 0, stdout: `status on postgres://postgres:***@${project.database}\n` });
    expect(await project.run("migrate create add_it", env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("made add_it\n"),
    });
    const rehearsed = await project.run("migrate up --rehearse --yes --json", env);
    expect(rehearsed.code).toBe(0);
    expect(JSON.parse(rehearsed.stdout).rehearsal.schema_difference).toContain("+ CREATE TABLE public.by_tool (");
    expect(await project.sql("select count(*) from by_tool")).toBe("0");
    const down = await project.run("migrate down --yes", env);
    expect(down.code).toBe(1);
    expect(down.stderr).toMatch(/sh tool\.sh fail -1 failed \(exit 3\)[\s\S]*no luck/);
    expect((await project.run("migrate down ab12 --dry-run", env)).stdout).toContain("sh tool.sh fail ab12");
    expect(await project.run("migrate up ab12", env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("{target}"),
    });
    expect((await project.run("migrate down --all --yes", env)).code).toBe(2);
    expect(await project.run("migrate history", env)).toMatchObject({ code: 0, stdout: "from node_modules\n" });
    expect((await project.run("migrate goto 1", env)).code).toBe(2);
    const journal = JSON.parse((await project.run("history --json")).stdout);
    expect(JSON.stringify(journal)).toContain("migrate up");
  });
});

describe("a worktree that was made empty", () => {
  test("starts from the schema file, and knows what it holds", async () => {
    await using project = await Project.create(USERS, "migrations: {schema_file: db/schema.sql}\n");
    await project.run("migrate up");
    await project.commit("schema");
    await project.run("new feature --empty");
    const started = await project.run("migrate up --from-schema -t feature");
    expect(started).toMatchObject({ code: 0, stdout: "no change\n" });
    expect(started.stderr).toContain("db/schema.sql is loaded: 1 migration");
    expect(await project.run("migrate status --exit-code -t feature")).toMatchObject({ code: 0 });
    const again = await project.run("migrate up --from-schema -t feature");
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("feature is not empty") });
  });

  test("is given its migrations and seeds by a reset", async () => {
    const seeds = { "seeds/base.sql": "insert into users values (1, 'ann');\n" };
    await using project = await Project.create({ ...USERS, ...seeds });
    const added = await project.run("new feature --empty");
    expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining("pgrove migrate up") });
    const database = `${project.database}_feature`;
    expect(await project.run("reset feature --yes")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/1 migration, to 1 users[\s\S]*base\.sql/),
    });
    expect(await server.psql(database, "select name from users")).toBe("ann");
    await rm(join(project.repo.root, "../repo-worktrees"), { recursive: true, force: true });
  });
});
