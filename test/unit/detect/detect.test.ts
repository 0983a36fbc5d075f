import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { detectProject, toProjectName } from "../../../src/detect/detect.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-detect-"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

function compose(image: string, more = ""): string {
  return `services:\n  db:\n    image: ${image}\n${more}`;
}

describe("compose files", () => {
  test("one in a subfolder, with who depends on the database", async () => {
    const text = [
      "name: onyx",
      "services:",
      "  relational_db: {image: 'postgres:15.2-alpine', container_name: onyx-db}",
      "  api_server: {image: api, depends_on: [relational_db, cache]}",
      "  background: {image: api, depends_on: {relational_db: {condition: service_healthy}}}",
      "  cache: {image: 'redis:7'}",
      "  web: {image: web, depends_on: [api_server]}",
    ].join("\n");
    await write({ "deployment/docker_compose/docker-compose.yml": text });
    const detected = await detectProject(root);
    expect(detected.project).toBe("onyx");
    expect(detected.services).toEqual([
      {
        file: "deployment/docker_compose/docker-compose.yml",
        service: "relational_db",
        image: "postgres:15.2-alpine",
        container: "onyx-db",
        dependents: ["api_server", "background"],
      },
    ]);
  });

  test.each([
    "postgres",
    "postgres:17@sha256:0123",
    "docker.io/library/postgres:16",
    "localhost:5000/postgis/postgis:17-3.5",
    "timescale/timescaledb-ha:pg17",
    "pgvector/pgvector:pg17",
    "supabase/postgres:15.1",
    "bitnami/postgresql:latest",
    `"$\{PG_IMAGE:-postgres:17}"`,
  ])("%s is PostgreSQL", async (image) => {
    await write({ "compose.yaml": compose(image) });
    expect((await detectProject(root)).services.map(({ service }) => service)).toEqual(["db"]);
  });

  test.each(["prometheuscommunity/postgres-exporter", "dpage/pgadmin4", "postgrest/postgrest", "mysql:8"])(
    "%s is not PostgreSQL",
    async (image) => {
      await write({ "compose.yaml": compose(image) });
      expect((await detectProject(root)).services).toEqual([]);
    },
  );

  test("an image of one's own counts when it is set up like the official one", async () => {
    const environment = "    environment: [POSTGRES_PASSWORD=x]\n";
    await write({ "compose.yaml": compose("acme/db", `${environment}    ports: ["127.0.0.1:5432:5432"]\n`) });
    expect((await detectProject(root)).services).toHaveLength(1);
    await write({ "compose.yaml": compose("acme/api", `${environment}    ports: ["15432:80"]\n`) });
    expect((await detectProject(root)).services).toEqual([]);
  });

  test("the plain file comes before variants, production last", async () => {
    await write({
      "docker-compose.prod.yml": compose("postgres"),
      "docker-compose.dev.yml": compose("postgres"),
      "infra/compose.yml": compose("postgres"),
    });
    expect((await detectProject(root)).services.map(({ file }) => file)).toEqual([
      "infra/compose.yml",
      "docker-compose.dev.yml",
      "docker-compose.prod.yml",
    ]);
  });

  test("files that are broken, huge, or bombs are passed over, and the rest is found", async () => {
    const bomb = ["a0: &a0 [x, x]", ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)];
    await write({
      "docker-compose.bomb.yml": `${bomb.join("\n")}\nservices: *a30\n`,
      "docker-compose.broken.yml": "services: [",
      "docker-compose.list.yml": "- 1\n",
      "docker-compose.null.yml": "services: {db: null}\n",
      "docker-compose.big.yml": `${compose("postgres")}#${"x".repeat(1024 * 1024)}`,
      "compose.yml": compose("postgres"),
    });
    expect((await detectProject(root)).services.map(({ file }) => file)).toEqual(["compose.yml"]);
  });

  test("merge keys and compose's own tags are understood", async () => {
    await write({
      "compose.yml": "x-db: &db {image: 'postgres:17'}\nservices:\n  main:\n    <<: *db\n    ports: !override []\n",
    });
    expect((await detectProject(root)).services.map(({ service }) => service)).toEqual(["main"]);
  });

  test("node_modules, .git, links and what lies deep are left alone", async () => {
    const outside = await mkdtemp(join(tmpdir(), "pgrove-outside-"));
    await writeFile(join(outside, "compose.yml"), compose("postgres"));
    await symlink(outside, join(root, "linked"));
    await symlink(join(outside, "compose.yml"), join(root, "compose.yml"));
    await write({
      "node_modules/x/compose.yml": compose("postgres"),
      ".git/compose.yml": compose("postgres"),
      "a/b/c/d/compose.yml": compose("postgres"),
    });
    expect((await detectProject(root)).services).toEqual([]);
    await rm(outside, { recursive: true });
  });
});

describe("env files", () => {
  test("each with its stage, and which variables say where the database is", async () => {
    await write({
      ".env": "DATABASE_URL=postgres://a@localhost/a\n",
      ".env.example": "DATABASE_HOST=localhost\n",
      ".env.staging": "PGHOST=staging.example.com\n",
      ".env.production": "SECRET=1\n",
      ".env.mysql": "DATABASE_URL=mysql://a@localhost/a\n",
      "web/.env": "DATABASE_URL=postgres://b@localhost/b\n",
    });
    expect((await detectProject(root)).envFiles).toEqual([
      { file: ".env", stage: undefined, isExample: false, database: "DATABASE_URL" },
      { file: ".env.example", stage: "example", isExample: true, database: "DATABASE_*" },
      { file: ".env.mysql", stage: "mysql", isExample: false, database: undefined },
      { file: ".env.production", stage: "production", isExample: false, database: undefined },
      { file: ".env.staging", stage: "staging", isExample: false, database: "PG*" },
    ]);
  });

  test("looking runs no command that an env file holds", async () => {
    await write({ ".env": `DATABASE_NAME=$(touch ${join(root, "ran")})\n` });
    await detectProject(root);
    expect(await Bun.file(join(root, "ran")).exists()).toBe(false);
  });
});

describe("migrations", () => {
  test.each([
    ["db/migrations/001_a.up.sql", "select 1;", { dir: "db/migrations", layout: "golang-migrate" }],
    ["db/migrations/2024_a.sql", "-- migrate:up\n", { dir: "db/migrations", layout: "dbmate" }],
    ["sql/migrations/1_a.sql", "-- +goose Up\n", { dir: "sql/migrations", layout: "goose" }],
  ] as const)("%s", async (file, text, expected) => {
    await write({ [file]: text });
    expect((await detectProject(root)).migrations).toEqual(expected);
  });

  test("other tools are run as commands from the root", async () => {
    await write({ "it's here/alembic.ini": "", "it's here/migrations/env.py": "" });
    expect((await detectProject(root)).migrations).toEqual({
      tool: "alembic",
      command: {
        up: `cd 'it'\\''s here' && alembic upgrade head`,
        down: `cd 'it'\\''s here' && alembic downgrade -1`,
        status: `cd 'it'\\''s here' && alembic current`,
      },
    });
    await write({ "prisma/schema.prisma": "", "prisma/migrations/2024_a/migration.sql": "" });
    expect((await detectProject(root)).migrations).toMatchObject({ command: { up: "npx prisma migrate deploy" } });
  });

  test("a folder without SQL is none", async () => {
    await write({ "app/migrations/0001_initial.py": "" });
    expect((await detectProject(root)).migrations).toBeUndefined();
  });
});

test.each([
  ["my app", "my-app"],
  ["Café_2", "Cafe_2"],
  ["..", "project"],
  ["-rf", "rf"],
  ["数据库", "project"],
  ["x".repeat(80), "x".repeat(63)],
])("%p becomes the project %p", (name, expected) => {
  expect(toProjectName(name)).toBe(expected);
});
