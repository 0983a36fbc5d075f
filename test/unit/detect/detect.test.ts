import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describeDoubts } from "../../../src/cli/init-doubts.ts";
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
    [
      "by its database",
      "db: {image: postgres, environment: {POSTGRES_DB: shop}}",
      "DATABASE_URL=postgres://u:p@localhost/shop",
    ],
    [
      "by a list of variables",
      "db: {image: postgres, environment: ['POSTGRES_DB=shop']}",
      "DB_HOST=localhost\nDB_NAME=shop",
    ],
    [
      "by its port",
      "db: {image: postgres, ports: ['127.0.0.1:5433:5432']}",
      "DATABASE_URL=postgres://u:p@localhost:5433/x",
    ],
    [
      "by a default",
      `db: {image: postgres, ports: ["$\{P:-5433}:5432"]}`,
      "DATABASE_URL=postgres://u:p@localhost:5433/x",
    ],
    ["since no profile holds it back", "db: {image: postgres}", ""],
  ])("of several in one file the one that the env file leads to is first: %s", async (_how, db, env) => {
    const other = "{image: postgres, environment: {POSTGRES_DB: figures}, ports: ['5432:5432'], profiles: [tools]}";
    const user = "{image: web, depends_on: [analytics], profiles: [tools]}";
    await write({
      "compose.yaml": `services:\n  analytics: ${other}\n  charts: ${user}\n  ${db}\n`,
      ".env": `${env}\n`,
    });
    expect((await detectProject(root)).services.map(({ service }) => service)).toEqual(["db", "analytics"]);
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

  test("one that is built from a known image is known by its Dockerfile; env files say the database", async () => {
    await write({
      "compose.yaml":
        "services:\n  db: {build: {context: ./db, target: run}, env_file: [db.env]}\n  web: {build: ./web}\n",
      "db/Dockerfile":
        "FROM debian AS tools\nFROM --platform=linux/amd64 postgis/postgis:17-3.5 AS base\nFROM base AS run\nFROM alpine\n",
      "web/Dockerfile": "FROM node:24\n",
      "db.env": "POSTGRES_DB=geo\n",
    });
    const { services } = await detectProject(root);
    expect(services.map(({ service, image, database }) => [service, image, database])).toEqual([
      ["db", "postgis/postgis:17-3.5", "geo"],
    ]);
  });

  test("the files that COMPOSE_FILE of the env file names come first", async () => {
    await write({
      "compose.yaml": compose("postgres:16"),
      "infra/base.yml": compose("postgres:17"),
      "infra/dev.yml": "services: {db: {environment: {POSTGRES_DB: dev}}}\n",
      ".env": "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=infra/base.yml;./infra/dev.yml\n",
    });
    const [first] = (await detectProject(root)).services;
    expect(first).toMatchObject({ file: "infra/base.yml", image: "postgres:17", database: "dev" });
    expect(first?.files).toBeUndefined();
  });

  test("a script's env files, and a host that only containers know, are told", async () => {
    await write({
      "infra/dev.yml": compose("postgres:17"),
      "package.json": '{"scripts": {"up": "docker compose --env-file .env.docker -f infra/dev.yml up -d"}}',
      ".env": "DATABASE_URL=postgres://app:pw@db:5432/shop\n",
    });
    const doubts = await describeDoubts(root, await detectProject(root));
    expect(doubts).toHaveLength(2);
    expect(doubts[0]).toStartWith(".env says db, a name in compose's own network");
    expect(doubts[1]).toContain("COMPOSE_ENV_FILES=.env.docker");
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

  test("a project's name is what it is without variables, else the folder's", async () => {
    for (const [written, project] of [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: compose's own variables
      ["shop-${STAGE:-${OTHER:-dev}}", "shop-dev"],
      ["$UNSET", "folder"],
    ] as const) {
      await write({ "compose.yaml": `name: ${written}\n${compose("postgres:17")}` });
      expect((await detectProject(root, { name: "folder" })).project).toBe(project);
    }
  });

  test("a service in an included file belongs to the file that includes it, in each of include's forms", async () => {
    for (const include of [
      "[infra/db.yaml]",
      "[{path: infra/db.yaml}]",
      "[{path: [infra/db.yaml, infra/more.yaml]}]",
    ]) {
      await write({
        "compose.yaml": `name: shop\ninclude: ${include}\nservices: {web: {image: web, depends_on: [db]}}\n`,
        "infra/db.yaml": compose("postgres:17"),
        "infra/more.yaml": "services: {cache: {image: redis}}\n",
      });
      const { services, project } = await detectProject(root);
      expect(project).toBe("shop");
      expect(services).toMatchObject([{ file: "compose.yaml", service: "db", dependents: ["web"] }]);
    }
  });

  test("an included file that is called like a compose file is no project of its own", async () => {
    await write({ "compose.yaml": "include: [infra/compose.yaml]\n", "infra/compose.yaml": compose("postgres") });
    expect((await detectProject(root)).services.map(({ file }) => file)).toEqual(["compose.yaml"]);
  });

  test("extended services and the override file have their part", async () => {
    await write({
      "compose.yaml":
        "services:\n  db: {extends: {file: common.yaml, service: base}}\n  own: {extends: db}\n  late: {}\n",
      "common.yaml": "services: {base: {image: 'postgres:17'}}\n",
      "compose.override.yaml": "services: {late: {image: 'postgres:16'}}\n",
    });
    const { services } = await detectProject(root);
    expect(services.map(({ file, service, image }) => [file, service, image])).toEqual([
      ["compose.yaml", "db", "postgres:17"],
      ["compose.yaml", "own", "postgres:17"],
      ["compose.yaml", "late", "postgres:16"],
    ]);
  });

  test("files that include each other for ever end", async () => {
    await write({
      "compose.yaml": "include: [a/x.yaml]\n",
      "a/x.yaml": "include: [x.yaml]\nservices: {db: {image: postgres}}\n",
    });
    expect((await detectProject(root)).services.map(({ service }) => service)).toEqual(["db"]);
  });

  test("jobs that end are not among those that depend on it", async () => {
    const services = [
      "  db: {image: postgres}",
      "  db-migrate: {image: app, depends_on: [db]}",
      "  prepare: {image: app, depends_on: [db]}",
      "  once: {image: app, restart: 'no', depends_on: [db]}",
      "  web: {image: app, depends_on: {db: {condition: service_healthy}, prepare: {condition: service_completed_successfully}}}",
      "  administration: {image: app, depends_on: [db]}",
    ];
    await write({ "compose.yaml": `services:\n${services.join("\n")}\n` });
    expect((await detectProject(root)).services[0]?.dependents).toEqual(["web", "administration"]);
  });

  test.each([
    [
      "package.json",
      '{"scripts": {"db": "docker compose -f docker/dev.yml -f docker/dev.local.yml -p shop_dev up -d"}}',
    ],
    ["Makefile", "up:\n\tdocker-compose --file docker/dev.yml --file=docker/dev.local.yml -p shop_dev up -d db\n"],
    [
      "package.json",
      '{"scripts": {"db": "docker compose -f \\"docker/dev.yml\\" -f docker/dev.local.yml -p shop_dev up"}}',
    ],
  ])("the files that %s names to docker compose come first, and are meant exactly", async (script, text) => {
    await write({
      [script]: text,
      "compose.yaml": compose("postgres:16"),
      "docker/dev.yml": compose("postgres:17"),
      "docker/dev.local.yml": "services: {db: {ports: ['5432:5432']}}\n",
    });
    expect((await detectProject(root)).services).toMatchObject([
      { files: ["docker/dev.yml", "docker/dev.local.yml"], composeProject: "shop_dev", image: "postgres:17" },
      { file: "compose.yaml", image: "postgres:16" },
    ]);
  });

  test("the files of a devcontainer", async () => {
    await write({
      "compose.yaml": compose("postgres"),
      ".devcontainer/more.yml": "services: {dev: {image: dev, depends_on: [db]}}\n",
      ".devcontainer/devcontainer.json":
        '{\n  // both\n  "dockerComposeFile": ["../compose.yaml", "more.yml"], "service": "dev"\n}\n',
    });
    expect((await detectProject(root)).services).toMatchObject([
      { files: ["compose.yaml", ".devcontainer/more.yml"], service: "db", dependents: ["dev"] },
    ]);
  });

  test("a call with a variable in it is nobody's to read", async () => {
    await write({ Makefile: "up:\n\tdocker compose -f $(FILE) up\n", "compose.yaml": compose("postgres") });
    expect((await detectProject(root)).services).toEqual([expect.not.objectContaining({ files: expect.anything() })]);
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
    ["migrations/2026-01-15-143022_a/up.sql", "select 1;", { dir: "migrations", layout: "diesel" }],
    ["sql/schema/001_a.sql", "-- +goose Up\n", { dir: "sql/schema", layout: "goose" }],
    ["drizzle.config.ts", "", { tool: "drizzle", command: { up: "npx drizzle-kit migrate" } }],
    [
      "server/src/main/resources/db/migration/V1__a.sql",
      "select 1;",
      { foreign: "Flyway or refinery", file: "server/src/main/resources/db/migration/V1__a.sql" },
    ],
    ["db/migration/V1__init.sql", "select 1;", { foreign: "Flyway or refinery", file: "db/migration/V1__init.sql" }],
    ["db/migrate/2026_users.rb", "", { foreign: "Rails", file: "db/migrate/2026_users.rb" }],
    ["app/migrations/0001_initial.py", "", { foreign: "Alembic or Django", file: "app/migrations/0001_initial.py" }],
  ] as const)("%s", async (file, text, expected) => {
    await write({ [file]: text });
    expect((await detectProject(root)).migrations).toEqual(expected);
  });

  test("other tools are run as commands from the root", async () => {
    await write({ "it's here/alembic.ini": "", "it's here/migrations/env.py": "" });
    expect((await detectProject(root)).migrations).toEqual({
      tool: "alembic",
      command: {
        up: `cd 'it'\\''s here' && alembic upgrade {target}`,
        down: `cd 'it'\\''s here' && alembic downgrade {target}`,
        status: `cd 'it'\\''s here' && alembic current`,
        history: `cd 'it'\\''s here' && alembic history`,
        create: `cd 'it'\\''s here' && alembic revision -m`,
      },
    });
    await write({ "prisma/schema.prisma": "", "prisma/migrations/2024_a/migration.sql": "" });
    expect((await detectProject(root)).migrations).toMatchObject({ command: { up: "npx prisma migrate deploy" } });
  });

  test("no command of a tool that works on another kind of server", async () => {
    await write({
      "prisma/schema.prisma": 'datasource db {\n  provider = "sqlite"\n}\nmodel PostgresHost { id Int @id }\n',
      "drizzle.config.ts": 'export default { dialect: "mysql" };',
    });
    expect((await detectProject(root)).migrations).toBeUndefined();
    await write({ "shop/prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n}\n' });
    const up = "npx prisma migrate deploy --schema shop/prisma/schema.prisma";
    expect((await detectProject(root)).migrations).toMatchObject({ command: { up } });
  });

  test("sqlx's files are known by the package that they belong to", async () => {
    await write({ "Cargo.toml": '[dependencies]\nsqlx = "0.8"\n', "migrations/1_a.sql": "select 1;" });
    expect((await detectProject(root)).migrations).toEqual({ dir: "migrations", layout: "sqlx" });
  });

  test("the folder and the table that goose and dbmate are told by the env file", async () => {
    const told = "GOOSE_MIGRATION_DIR=./store/changes/\nGOOSE_TABLE=app.changes\nDBMATE_MIGRATIONS_TABLE=other\n";
    await write({ ".env.example": told, "store/changes/001_a.sql": "-- +goose Up\n", "migrations/1_a.up.sql": "" });
    expect((await detectProject(root)).migrations).toEqual({
      dir: "store/changes",
      layout: "goose",
      table: "app.changes",
    });
  });

  test("a folder without migrations is none", async () => {
    await write({ "app/migrations/__init__.py": "", "app/migrations/README.md": "" });
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
