/** What people did with scripts before, in pgrove's words. */
import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

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
