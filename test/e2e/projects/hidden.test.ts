/** A compose file in a subfolder that includes another one, whose database publishes no port: from `init` to `remove`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureCompose } from "../../support/engine/compose.ts";
import { ensureImage } from "../../support/engine/images.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { Repository } from "../../support/isolation/repository.ts";

const NAMES = ["ann", "bob"];
const project = `h${randomUUID().slice(0, 8)}`;
const postgresModule = Bun.resolveSync("postgres", import.meta.dir);
let app: Repository;

/** Another migration tool, which knows nothing but DATABASE_URL. */
const TOOL = `import postgres from ${JSON.stringify(postgresModule)};
const sql = postgres(process.env.DATABASE_URL ?? "", { max: 2, onnotice: () => undefined });
await Promise.all([sql\`create table if not exists one (id int)\`, sql\`create table if not exists two (id int)\`]);
const [row] = await sql\`select current_database() as name\`;
console.log(row?.name);
await sql.end();
`;

beforeAll(async () => {
  await ensureCompose();
  const image = await ensureImage(17);
  app = await Repository.create({
    ".gitignore": ".env\n",
    "deploy/compose.yaml": `name: ${project}\ninclude: [db.yaml]\nservices: {}\n`,
    "deploy/db.yaml": `services:
  db:
    image: ${image}
    environment: {POSTGRES_PASSWORD: word, POSTGRES_DB: app}
    labels: {pgrove-test: "1"}
    volumes: [data:/var/lib/postgresql/data]
volumes: {data: {}}
`,
    "migrations/001_item.up.sql": "create table item (name text not null);",
    "migrations/001_item.down.sql": "drop table item;",
    "seeds/base.sql": `insert into item (name) values ${NAMES.map((name) => `('${name}')`).join(", ")};`,
    "tool.ts": TOOL,
  });
});

afterAll(async () => {
  await run("docker", ["compose", "-f", app.repo.path("repo/deploy/compose.yaml"), "down", "-v"]);
  await app[Symbol.asyncDispose]();
});

test("the main job needs no port", async () => {
  await app.ok(["init", "--yes"]);
  await app.git(["add", "-A"]);
  await app.git(["commit", "-qm", "pgrove"]);
  for (const args of [["up"], ["migrate", "up"], ["seed"]]) await app.ok(args);
  const container = (
    await runOk("docker", ["ps", "-q", "--filter", `label=com.docker.compose.project=${project}`])
  ).trim();
  expect(await runOk("docker", ["port", container])).toBe("");
  const made = await app.make("feature/x");
  const count = await app.ok(["sql", "feature-x", "--format", "csv", "-c", "select count(*) from item"]);
  expect(count.trim().split("\n").at(-1)).toBe(String(NAMES.length));
  await app.ok(["migrate", "check"]);
  expect(made.database).not.toBe("app");
});

test("another migration tool is given a way to the database for its run", async () => {
  const command = `migrations:\n  command: {up: ${process.execPath} tool.ts, status: ${process.execPath} tool.ts}\n`;
  await appendFile(join(app.repo.folder, "pgrove.yaml"), command);
  await app.ok(["trust", "--yes"]);
  const { database } = await app.listed("feature-x");
  expect(await app.ok(["migrate", "status", "feature-x"])).toBe(database);
  await app.ok(["migrate", "up", "--target", "feature-x", "--skip-backup", "--yes"]);
  const tables =
    "select string_agg(tablename, ' ' order by tablename) from pg_tables where tablename in ('one', 'two')";
  const inside = async (target: string) =>
    (await app.ok(["sql", target, "--format", "csv", "-c", tables])).trim().split("\n").at(-1);
  expect(await inside("feature-x")).toBe("one two");
  expect(await inside("main")).not.toBe("one two");
  await app.ok(["remove", "feature-x", "--yes"]);
});

test("a worktree whose env file still names main's database inside compose's network is told", async () => {
  await app.make("feature/copied");
  const root = app.repo.path("repo-worktrees/feature-copied");
  await writeFile(join(root, ".env"), "DATABASE_URL=postgres://postgres:word@db:5432/app\n");
  const [withoutTool = ""] = (await Bun.file(join(app.repo.folder, "pgrove.yaml")).text()).split(
    "\nmigrations:\n  command",
  );
  await app.repo.configure(`${withoutTool}\n`);
  const told = expect.stringContaining("MAIN's database: DATABASE_URL in .env");
  for (const words of ["status feature-copied", "provision feature-copied", "migrate up --target feature-copied"]) {
    const { code, stderr } = await app.repo.run(words.split(" "));
    expect([words, code, stderr]).toEqual([words, 0, told]);
  }
  const set = 'env: {set: {DATABASE_URL: "postgres://{user}:{password}@db:5432/{database}"}}\n';
  await appendFile(join(app.repo.folder, "pgrove.yaml"), set);
  await app.ok(["trust", "--yes"]);
  await app.ok(["provision", "feature-copied"]);
  expect((await app.repo.run(["status", "feature-copied"])).stderr).not.toContain("MAIN");
});
