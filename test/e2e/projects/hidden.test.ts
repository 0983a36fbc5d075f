/** A compose file in a subfolder that includes another one, whose database publishes no port: from `init` to `remove`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
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
