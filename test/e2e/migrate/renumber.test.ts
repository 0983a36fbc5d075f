/** Two branches that add the same number: said by `check`, mended by `renumber`, and then both databases can go on. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(17);
});

const table = (name: string) => ({
  [`${name}.up.sql`]: `create table ${name.replace(/^\d+_/, "")} (id bigint);\n`,
  [`${name}.down.sql`]: `drop table ${name.replace(/^\d+_/, "")};\n`,
});

const inFolder = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`migrations/${name}`, text]));

/** The versions in pgrove's ledger, and in golang-migrate's table. */
const LEDGER = `select (select string_agg(version || ' ' || name, ', ' order by version) from pgrove.migrations)
  || '; ' || (select version::text from schema_migrations)`;

test.concurrent("two branches add the same number", async () => {
  await using grove = await Grove.create(server);
  await grove.commit("first", inFolder(table("001_a")));
  await grove.ok(["migrate", "up"]);
  const { path, database } = await grove.make("feature", "--copy");
  await grove.commit("feature", inFolder(table("002_feature")), path);
  await grove.ok(["migrate", "up"], { cwd: path });
  await grove.commit("main", inFolder(table("002_main")));
  await grove.ok(["migrate", "up"]);

  const said = await grove.repo.run(["migrate", "check", "--no-server"], { cwd: path });
  expect(said.code).toBe(6);
  expect(said.stdout).toContain("002_feature.up.sql");
  await grove.git(["merge", "-q", "-m", "merge", "main"], path);
  await grove.fails(3, ["migrate", "up"], { cwd: path });

  const renamed = "migrations/002_feature.up.sql → migrations/003_feature.up.sql";
  expect(await grove.ok(["migrate", "renumber", "--dry-run"], { cwd: path })).toContain(`would be renamed ${renamed}`);
  expect(await grove.ask(database, LEDGER)).toBe("1 a, 2 feature; 2");
  const answer = await grove.json(["migrate", "renumber"], { cwd: path });
  expect(answer).toMatchObject({
    base: "main",
    migrations: [{ name: "feature", from: "002", to: "003" }],
    ledgers: [{ target: "feature", database, changes: [{ from: "2", to: "3" }] }],
  });
  expect(existsSync(join(path, "migrations/003_feature.down.sql"))).toBe(true);
  expect(await grove.ask(database, LEDGER)).toBe("1 a, 3 feature; 3");
  expect(await grove.ask(grove.project, LEDGER)).toBe("1 a, 2 main; 2");
  expect(await grove.ok(["migrate", "renumber"], { cwd: path })).toContain("no change");

  await grove.commit("renumbered", {}, path);
  await grove.ok(["migrate", "check", "--no-server"], { cwd: path });
  await grove.ok(["migrate", "up", "--allow-out-of-order"], { cwd: path });
  expect(await grove.ask(database, LEDGER)).toBe("1 a, 2 main, 3 feature; 3");
  await grove.git(["merge", "-q", "feature"]);
  await grove.ok(["migrate", "up"]);
  expect(await grove.ask(grove.project, LEDGER)).toBe("1 a, 2 main, 3 feature; 3");
});

test.concurrent("a new migration is numbered behind the others; list says how far each database is", async () => {
  await using grove = await Grove.create(server);
  await grove.commit("first", inFolder(table("001_a")));
  const created = await grove.ok(["migrate", "create", "Add prices"]);
  expect(created.split("\n")).toEqual(["migrations/002_add_prices.up.sql", "migrations/002_add_prices.down.sql"]);
  const later = await grove.json(["migrate", "create", "later", "--timestamp"]);
  const version = expect.stringMatching(/^20\d{12}$/);
  expect(later).toMatchObject({ version: 1, migration: { version, name: "later" } });
  await grove.git(["clean", "-qf", "migrations/*_later.*"]);
  await grove.commit("second", { "migrations/002_add_prices.up.sql": "create table price ();\n" });
  const [before] = await grove.list();
  expect(before).toMatchObject({ migrations: { version: null, files: 2, pending: 2, not_in_branch: 0 } });
  await grove.ok(["migrate", "up", "1"]);
  expect((await grove.list())[0]).toMatchObject({ migrations: { version: "1", files: 2, pending: 1 } });
  await grove.ok(["migrate", "up"]);
  await grove.git(["rm", "-q", "-r", "migrations/002_add_prices.up.sql", "migrations/002_add_prices.down.sql"]);
  expect((await grove.list())[0]).toMatchObject({
    migrations: { version: "2", files: 1, pending: 0, not_in_branch: 1 },
  });
  expect(await grove.ok(["list"])).toContain("2, up to date, 1 not in this branch");
});

test.concurrent("while a database cannot be asked, nothing is renumbered", async () => {
  await using grove = await Grove.create(server);
  await grove.commit("first", inFolder(table("001_a")));
  const own = join(grove.repo.folder, "migrations/001_b.up.sql");
  await Bun.write(own, "create table b ();\n");
  const yaml = await Bun.file(grove.repo.path("repo/pgrove.yaml")).text();
  await grove.repo.configure(yaml.replace(server.container, "pgrove-test-of-nobody"));
  expect(await grove.fails(4, ["migrate", "renumber"])).toContain("pgrove up main");
  expect(existsSync(own)).toBe(true);
  await grove.repo.configure(yaml);
  await grove.ok(["migrate", "renumber"]);
  expect(existsSync(own)).toBe(false);
  expect(existsSync(join(grove.repo.folder, "migrations/002_b.up.sql"))).toBe(true);
});

test.concurrent("where each worktree has a schema, the ledger in its own is told", async () => {
  await using grove = await Grove.create(server, { yaml: "isolation: schema" });
  await grove.commit("first", inFolder(table("001_a")));
  await grove.ok(["migrate", "up"]);
  const { path } = await grove.make("feature", "--copy");
  await grove.commit("feature", inFolder(table("002_feature")), path);
  await grove.ok(["migrate", "up"], { cwd: path });
  await grove.commit("main", inFolder(table("002_main")));
  await grove.ok(["migrate", "renumber"], { cwd: path });
  const versions = (schema: string) =>
    grove.ask(grove.project, `select string_agg(version::text, ',' order by version) from ${schema}.pgrove_migrations`);
  const schema = await grove.ask(grove.project, "select nspname from pg_namespace where nspname ~ 'feature$'");
  expect([await versions(String(schema)), await versions("public")]).toEqual(["1,3", "1"]);
});
