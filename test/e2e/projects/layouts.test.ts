/** Projects as people lay them out, remade small: what `init` writes is enough, from there to `remove`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readEnvFile } from "../../../src/config/env-file.ts";
import { ensureCompose } from "../../support/engine/compose.ts";
import { ensureImage } from "../../support/engine/images.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { Repository } from "../../support/isolation/repository.ts";

const NAMES = ["ann", "bob", "cem"];
const FIXTURES = join(import.meta.dir, "../../support/fixtures/hooks");
const postgresModule = Bun.resolveSync("postgres", import.meta.dir);
const SEEDS = { "seeds/base.sql": `insert into item (name) values ${NAMES.map((name) => `('${name}')`).join(", ")};` };
const MIGRATIONS = {
  "migrations/001_item.up.sql": "create table item (name text not null);",
  "migrations/001_item.down.sql": "drop table item;",
};
const composeProjects: string[] = [];
const opened: Repository[] = [];
let image: string;

beforeAll(async () => {
  await ensureCompose();
  image = await ensureImage(17);
});

afterAll(async () => {
  for (const project of composeProjects) await run("docker", ["compose", "-p", project, "down", "-v"]);
  for (const repository of opened) await repository[Symbol.asyncDispose]();
});

/** The compose file of a database; without `more` it has no port. */
function composeFile(database: string, more = ""): string {
  const project = `l${randomUUID().slice(0, 8)}`;
  composeProjects.push(project);
  return `name: ${project}
services:
  db:
    image: ${image}
    environment: {POSTGRES_PASSWORD: word, POSTGRES_DB: ${database}}
    labels: {pgrove-test: "1"}
${more}`;
}

const PORT = '    ports: ["127.0.0.1::5432"]\n';

async function create(files: Readonly<Record<string, string>>): Promise<Repository> {
  const made = await Repository.create(files);
  opened.push(made);
  return made;
}

interface Places {
  /** Where main's commands are typed; left out, the repository's folder. */
  cwd?: string;
}

/** From `init` to a worktree with main's rows; resolves with what `list` says of it. */
async function goThrough(app: Repository, { cwd }: Places = {}) {
  const there = cwd === undefined ? {} : { cwd };
  await app.ok(["init", "--yes"], there);
  await app.git(["add", "-A"], cwd);
  await app.git(["commit", "-qnm", "pgrove"], cwd);
  await app.ok(["trust", "--yes"], there);
  for (const args of [["up"], ["migrate", "up"], ["seed"], ["new", "feature/x"]]) await app.ok(args, there);
  const rows = await app.ok(
    ["sql", "feature-x", "--format", "csv", "-c", "select name from item order by name"],
    there,
  );
  expect(rows.trim().split("\n").slice(1)).toEqual(NAMES);
  const documents = JSON.parse(await app.ok(["list", "--json"], there)) as {
    worktrees: { name: string; path: string; database: string }[];
  };
  const made = documents.worktrees.find(({ name }) => name === "feature-x");
  if (made === undefined) throw new Error("pgrove list has no feature-x");
  expect(documents.worktrees.filter(({ database }) => database === made.database)).toHaveLength(1);
  return made;
}

async function removeAndLook(app: Repository, { cwd }: Places = {}): Promise<void> {
  const there = cwd === undefined ? {} : { cwd };
  await app.ok(["remove", "feature-x", "--yes"], there);
  expect(await app.ok(["list"], there)).not.toContain("feature-x");
}

/** The part of Prisma's program that pgrove uses: each migration once, remembered in its own table. */
const PRISMA = `#!${process.execPath}
import { readdirSync, readFileSync } from "node:fs";
import postgres from ${JSON.stringify(postgresModule)};
const sql = postgres(process.env.DATABASE_URL.split("?")[0], { max: 1, onnotice: () => undefined });
await sql\`create table if not exists _prisma_migrations (migration_name text, finished_at timestamptz)\`;
const folder = "packages/db/prisma/migrations";
for (const name of readdirSync(folder)) {
  const done = await sql\`select from _prisma_migrations where migration_name = \${name}\`;
  if (done.length > 0 || process.argv[3] !== "deploy") continue;
  await sql.unsafe(readFileSync(\`\${folder}/\${name}/migration.sql\`, "utf8"));
  await sql\`insert into _prisma_migrations values (\${name}, now())\`;
}
await sql.end();
`;

test("Prisma in a monorepo, with a compose override and husky", async () => {
  const url = "postgresql://postgres:word@localhost:5432/app";
  const app = await create({
    ".gitignore": ".env\nnode_modules\n.husky/_\npost-checkout.log\n",
    ".husky/post-checkout": "echo theirs >> post-checkout.log\n",
    "package.json": '{"private": true, "workspaces": ["packages/*", "apps/*"]}',
    "compose.yaml": composeFile("app"),
    "compose.override.yaml": `services:\n  db:\n${PORT}`,
    "packages/db/.env": `DATABASE_URL="${url}?schema=public"\nDIRECT_URL="${url}"\nSECRET_KEY=a#b\n`,
    "apps/web/package.json": '{"name": "web"}',
    "apps/web/.env": `DATABASE_URL="${url}?schema=public"\nSECRET_KEY=a#b\n`,
    "packages/db/prisma/schema.prisma":
      'datasource db {\n  provider  = "postgresql"\n  url       = env("DATABASE_URL")\n  directUrl = env("DIRECT_URL")\n}\n',
    "packages/db/prisma/migrations/20260101000000_item/migration.sql": "create table item (name text not null);",
    "node_modules/.bin/prisma": PRISMA,
    ...SEEDS,
  });
  await chmod(join(app.repo.folder, "node_modules/.bin/prisma"), 0o755);
  await cp(join(FIXTURES, "husky-9"), join(app.repo.folder, ".husky/_"), { recursive: true });
  await app.git(["config", "core.hooksPath", ".husky/_"]);

  const { path, database } = await goThrough(app);
  for (const [file, names] of [
    ["packages/db/.env", ["DATABASE_URL", "DIRECT_URL"]],
    ["apps/web/.env", ["DATABASE_URL"]],
  ] as const) {
    const variables = await readEnvFile(join(path, file));
    expect(variables.SECRET_KEY).toBe("a#b");
    for (const name of names) expect(new URL(variables[name] ?? "").pathname).toBe(`/${database}`);
    expect(new URL(variables.DATABASE_URL ?? "").searchParams.get("schema")).toBe("public");
  }
  expect(await readFile(join(path, "post-checkout.log"), "utf8")).toContain("theirs");
  await app.ok(["migrate", "status", "feature-x"]);
  expect(await app.ask("feature-x", "select count(*)::int from _prisma_migrations")).toBe(1);
  await removeAndLook(app);
});

test("Rails' database.yml, which reads variables of its own", async () => {
  const rails = `default: &default
  adapter: postgresql
  host: <%= ENV.fetch("SHOP_DB_HOST") { "localhost" } %>
  port: <%= ENV.fetch("SHOP_DB_PORT", 5432) %>
  username: <%= ENV["SHOP_DB_USERNAME"] %>
  password: <%= ENV["SHOP_DB_PASSWORD"] %>
development:
  <<: *default
  database: <%= ENV["SHOP_DB_NAME"] %>
`;
  const app = await create({
    ".gitignore": ".env\n",
    ".env":
      "SHOP_DB_HOST=localhost\nSHOP_DB_PORT=5432\nSHOP_DB_USERNAME=postgres\nSHOP_DB_PASSWORD=word\nSHOP_DB_NAME=shop\nSECRET_KEY=a#b\n",
    Gemfile: 'gem "rails"\n',
    "config/database.yml": rails,
    "compose.yaml": composeFile("shop", PORT),
    ...MIGRATIONS,
    ...SEEDS,
  });
  const { path, database } = await goThrough(app);
  const url = new URL((await app.ok(["url", "feature-x"])).trim());
  expect(await readEnvFile(join(path, ".env"))).toEqual({
    ...{ SHOP_DB_HOST: url.hostname, SHOP_DB_PORT: url.port, SHOP_DB_USERNAME: url.username },
    ...{ SHOP_DB_PASSWORD: url.password, SHOP_DB_NAME: database, SECRET_KEY: "a#b" },
  });
  await app.ok(["migrate", "check"]);
  await removeAndLook(app);
});

test("a bare repository with its worktrees beside", async () => {
  const app = await create({
    ".gitignore": ".env\n",
    "compose.yaml": composeFile("stall", PORT),
    ...MIGRATIONS,
    ...SEEDS,
  });
  const project = app.repo.path("stall");
  await mkdir(project);
  await runOk("git", ["clone", "-q", "--bare", app.repo.folder, join(project, ".bare")]);
  await writeFile(join(project, ".git"), "gitdir: ./.bare\n");
  const cwd = join(project, "main");
  await app.git(["worktree", "add", "-q", "main"], project);

  const { path } = await goThrough(app, { cwd });
  expect(dirname(path)).not.toContain(".bare");
  const list = await app.ok(["list", "--json"], { cwd });
  const fromOutside = await app.ok(["-C", ".bare", "list", "--json"], { cwd: project });
  expect(JSON.parse(fromOutside)).toEqual(JSON.parse(list));
  expect(await app.ok(["url"], { cwd: project })).toBe(await app.ok(["url", "main"], { cwd }));
  expect(
    await runOk("docker", ["ps", "-q", "--filter", `label=com.docker.compose.project=${composeProjects.at(-1)}`]),
  ).toMatch(/^\w+\n$/);
  await app.ok(["migrate", "check"], { cwd });
  await removeAndLook(app, { cwd });
});
