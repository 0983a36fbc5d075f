/** What people did with scripts before, in pgrove's words. */
import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";
import { binary } from "../support.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

const count = (grove: Grove, database: string) => grove.ask(database, "select count(*)::int from item");

test.concurrent("a migration is tried on a copy, then applied to main", async () => {
  await using grove = await Grove.create(server);
  const migration = "alter table item add column price int not null default 0;\n";
  const { path } = await grove.make("test-migration", "--copy");
  await grove.commit("a migration", { "migrations/001_price.up.sql": migration }, path);
  await grove.ok(["sql", "-f", "migrations/001_price.up.sql"], { cwd: path });
  const prices = ["-c", "select sum(price) from item", "--format", "csv"];
  expect(await grove.ok(["sql", "test-migration", ...prices])).toBe("sum\n0");
  await grove.fails(1, ["sql", "main", ...prices]);
  await grove.git(["merge", "-q", "test-migration"]);
  await grove.ok(["sql", "-f", "migrations/001_price.up.sql"]);
  expect(await grove.ok(["sql", ...prices])).toBe("sum\n0");
  await grove.ok(["remove", "test-migration", "--yes", "--delete-branch"]);
  expect(await grove.oid(`${grove.project}_test_migration`)).toBeUndefined();
});

test.concurrent("a state is shared: dumped by one, restored by another in a new worktree", async () => {
  await using grove = await Grove.create(server);
  await grove.make("feature-auth");
  await grove.ok(["sql", "feature-auth", "-c", "insert into item values (77, 'the bug')"]);
  const dump = await grove.ok(["dump", "feature-auth"]);
  const shared = grove.repo.path("shared.dump");
  await Bun.write(shared, Bun.file(dump));
  await grove.ok(["remove", "feature-auth", "--yes"]);
  const { database } = await grove.make("debug-issue", "--restore", shared);
  expect(await grove.ask(database, "select name from item where id = 77")).toBe("the bug");
  expect(grove.repo.stored()).toContain(basename(dump)); // it outlives its worktree
  await grove.ok(["remove", "debug-issue", "--yes"]);
});

test.concurrent("what would stop it is found before anything is made: login, rights, main's database", async () => {
  await using grove = await Grove.create(server);
  const [poor, absent] = [`${grove.project}_poor`, `${grove.project}_absent`];
  await grove.sql.unsafe(`create role "${poor}" login`);
  const cases: [string, RegExp][] = [
    [`{name: ${grove.project}, user: ${absent}}`, new RegExp(absent)],
    [`{name: ${grove.project}, user: ${poor}}`, /may not create databases[\s\S]*CREATEDB/],
    [`{name: ${absent}}`, new RegExp(absent)],
  ];
  for (const [database, words] of cases) {
    const yaml = `project: ${grove.project}\nserver: {container: ${server.container}}\ndatabase: ${database}\n`;
    await grove.repo.configure(yaml);
    const { code, stderr } = await grove.repo.run(["new", "x"]);
    expect([code === 0, stderr]).toEqual([false, expect.stringMatching(words)]);
    expect(await grove.git(["branch", "--list", "x"])).toBe("");
    expect(await grove.git(["worktree", "list", "--porcelain"])).not.toContain("/x");
  }
  await grove.sql.unsafe(`drop role "${poor}"`);
});

test.concurrent("a copied env file that names main is said loudly, and leads neither setup nor the migration tool there", async () => {
  const tool = `[ -n "$OTHER_URL" ] || . ./.env.local; '${binary}' sql "\${HARD_URL:-$OTHER_URL}" -c "insert into _prisma_migrations values ('m')"`;
  const yaml = `worktrees: {share: [.env.local], setup: [sh tool.sh]}\nmigrations: {backup: none, command: {up: sh tool.sh}}\n`;
  await using grove = await Grove.create(server, { yaml, sql: "create table _prisma_migrations (name text)" });
  const url = await grove.ok(["url"]);
  await grove.commit("tool", { "tool.sh": tool, ".gitignore": ".env\n.env.local\n" });
  await Bun.write(grove.repo.path("repo/.env.local"), `OTHER_URL=${url}\n`);
  await grove.ok(["trust", "--yes"]);
  const { stderr } = await grove.repo.run(["new", "x"]);
  expect(stderr).toContain("MAIN's database: OTHER_URL in .env.local");
  const own = `${grove.project}_x`;
  const counts = async () => [
    await grove.ask(grove.project, "select count(*)::int from _prisma_migrations"),
    await grove.ask(own, "select count(*)::int from _prisma_migrations"),
  ];
  expect(await counts()).toEqual([0, 1]);
  expect((await grove.repo.run(["status", "x"])).stderr).toContain("OTHER_URL in .env.local");
  const migrated = await grove.repo.run(["migrate", "up"], { cwd: grove.at("x") });
  expect(migrated).toMatchObject({ code: 0, stderr: expect.stringContaining("OTHER_URL in .env.local") });
  expect(await counts()).toEqual([0, 2]);
  const astray = await grove.repo.run(["migrate", "up"], { cwd: grove.at("x"), env: { HARD_URL: url } });
  expect(astray).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`MAIN's database ${grove.project}, not that of x`),
  });
  expect(await counts()).toEqual([1, 2]);
});

test.concurrent("a state is saved before something dangerous, and brought back when a script fails", async () => {
  await using grove = await Grove.create(server);
  const { database } = await grove.make("risky");
  const script = `
    set -e
    backup=$("$0" dump risky)
    if ! "$0" sql risky -c 'delete from item' -c 'select broken'; then
      "$0" restore "$backup" --to risky --yes --quiet
      exit 1
    fi`;
  const ended = await grove.repo.run([], { wrap: ["sh", "-c", script] });
  expect(ended.code).toBe(1);
  expect(await count(grove, database)).toBe(50);
  expect(await count(grove, grove.project)).toBe(50);
});

test.concurrent("several worktrees from one base, tested at once", async () => {
  await using grove = await Grove.create(server);
  await grove.make("test-base");
  await grove.ok(["sql", "test-base", "-c", "delete from item where id > 10"]);
  const base = basename(await grove.ok(["dump", "test-base"]));
  const names = ["test-1", "test-2", "test-3"];
  await Promise.all(names.map((name) => grove.make(name, "--restore", base)));
  await Promise.all(names.map((name, place) => grove.ok(["sql", name, "-c", `delete from item where id > ${place}`])));
  const counts = await Promise.all(names.map((name) => count(grove, `${grove.project}_${name.replace("-", "_")}`)));
  expect(counts).toEqual([0, 1, 2]);
  expect(await count(grove, `${grove.project}_test_base`)).toBe(10);
});

test.concurrent("seeds: a base for all worktrees, and one of their own", async () => {
  await using grove = await Grove.create(server);
  await grove.commit("seeds", {
    "seeds/base.sql": "insert into item values (100, 'base');\n",
    "seeds/payments.sql": "insert into item values (101, 'payment');\n",
  });
  const script = `
    set -e
    "$0" sql -f seeds/base.sql
    name=$(basename "$PWD")
    if [ -f "seeds/$name.sql" ]; then "$0" sql -f "seeds/$name.sql"; fi`;
  for (const [branch, rows] of [
    ["payments", 2],
    ["user-auth", 1],
  ] as const) {
    const { path, database } = await grove.make(branch);
    const ended = await grove.repo.run([], { wrap: ["sh", "-c", script], cwd: path });
    expect(ended).toMatchObject({ code: 0 });
    expect(await grove.ask(database, "select count(*)::int from item where id >= 100")).toBe(rows);
  }
  expect(await grove.ask(grove.project, "select count(*)::int from item where id >= 100")).toBe(0);
});

test.concurrent("a clean-up by cron takes what is orphaned, and nothing that only looks like it", async () => {
  await using grove = await Grove.create(server);
  await grove.make("living");
  const orphan = await grove.make("orphan");
  const lookalike = `${grove.project}_unrelated`;
  await grove.sql.unsafe(`create database ${lookalike}`);
  await rm(orphan.path, { recursive: true });
  await grove.git(["worktree", "prune"]);
  const { pruned } = await grove.json(grove.pruneNow);
  expect(pruned).toMatchObject([{ worktree: "orphan", databases: [{ database: orphan.database }] }]);
  expect(await grove.oid(orphan.database)).toBeUndefined();
  expect(await grove.oid(lookalike)).toBeNumber();
  expect((await grove.list()).map(({ name, state }) => [name, state])).toEqual([
    ["main", "ready"],
    ["living", "ready"],
  ]);
});
