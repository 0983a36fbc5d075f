import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Environment } from "../../../src/config/env-vars.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { detectProject } from "../../../src/detect/detect.ts";
import { proposeConfig } from "../../../src/detect/propose.ts";
import { renderVariables } from "../../../src/resolve/env-lines.ts";
import { whereaboutsOf } from "../../../src/resolve/reach.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-detect-variables-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** What pgrove itself makes of its proposal for these files. */
async function propose(files: Readonly<Record<string, string>>, environment: Environment = {}) {
  await write({ "compose.yaml": "services: {db: {image: postgres}}\n", ...files });
  await write({ "pgrove.yaml": proposeConfig(await detectProject(root, { askIgnored: async (paths) => paths })) });
  return await loadConfig(join(root, "pgrove.yaml"), { environment });
}

const setOf = async (files: Readonly<Record<string, string>>) => (await propose(files)).config.env.set;

describe("init names every variable by which the database is found", () => {
  test("in an env file: URLs in their own form, and nothing else's", async () => {
    const env = [
      "DATABASE_URL=postgresql://app:pw@localhost:5432/shop?schema=public",
      "NEXT_PRIVATE_DATABASE_URL=postgresql://app:pw@localhost:5432/shop",
      "SHADOW_DATABASE_URL=postgresql://app:pw@localhost:5432/shadow",
      "TEST_DATABASE_URL=postgresql://app:pw@localhost:5432/shop",
      "ANALYTICS_URL=postgresql://app:pw@localhost:5432/analytics",
      "JDBC_URL=jdbc:postgresql://localhost:5432/shop?user=app&password=pw&ssl=false",
      "ECTO_URL=ecto://app:pw@localhost/shop",
      "REDIS_URL=redis://localhost:6379",
    ];
    expect(await setOf({ ".env": env.join("\n") })).toEqual({
      DATABASE_URL: "{url}?schema=public",
      NEXT_PRIVATE_DATABASE_URL: "{url}",
      JDBC_URL: "jdbc:postgresql://{host}:{port}/{database}?user={user}&password={password}&ssl=false",
      ECTO_URL: "ecto://{user}:{password}@{host}:{port}/{database}",
    });
  });

  test.each([
    ["DB_DSN", "host=localhost user=app password='p w' dbname=shop port=5432 TimeZone=Asia/{x}"],
    ["GOOSE_DBSTRING", "user=app password=pw dbname=shop sslmode=disable"],
  ])("in libpq's own form, with the way there: %s", async (name, value) => {
    const text = (await setOf({ ".env": `${name}="${value}"\n` }))[name] ?? "";
    for (const part of ["host={host}", "port={port}", "dbname={database}", "user={user}", "password={password}"]) {
      expect(text.split(part)).toHaveLength(2);
    }
    expect(text).toContain(name === "DB_DSN" ? "TimeZone=Asia/{{x}}" : "sslmode=disable");
  });

  test("without what in a URL's query would lead elsewhere", async () => {
    const env = "A_URL=postgres:///shop?host=/var/run/postgresql&sslmode=disable&port=5433\n";
    expect(await setOf({ ".env": env })).toEqual({ A_URL: "{url}?sslmode=disable" });
  });

  test.each([
    ...["CLIENT=mysql", "ENGINE=django.db.backends.mysql", "DIALECT=mysql", "DRIVER=mysqli"].map(
      (kind): [string, Record<string, string>] => [
        `DATABASE_${kind}`,
        { ".env": `DATABASE_${kind}\nDATABASE_HOST=127.0.0.1\nDATABASE_NAME=shop\nDATABASE_USERNAME=app\n` },
      ],
    ),
    [
      "Prisma on SQLite",
      { "prisma/schema.prisma": 'datasource db {\n  provider = "sqlite"\n  url = env("A_URL")\n}\n' },
    ],
    ["Knex on MySQL", { "knexfile.js": 'module.exports = { client: "mysql2", connection: process.env.A_URL };' }],
    ["Drizzle on Turso", { "drizzle.config.ts": 'export default { dialect: "turso", url: process.env.A_URL };' }],
    ["Sequelize on MySQL", { "config/config.js": 'module.exports = { dialect: "mysql", host: process.env.DB_HOST };' }],
  ])("nothing of another kind of server's: %s", async (_kind, files) => {
    expect(await setOf(files)).toEqual({ DATABASE_URL: "{url}" });
  });

  test.each(["django.db.backends.postgresql", "django.contrib.gis.db.backends.postgis", "postgres", "pgsql"])(
    "parts whose server is said to be PostgreSQL's: %s",
    async (kind) => {
      const env = `SQL_ENGINE=${kind}\nSQL_HOST=127.0.0.1\nSQL_DATABASE=shop\n`;
      expect(await setOf({ ".env": env })).toEqual({ SQL_HOST: "{host}", SQL_DATABASE: "{database}" });
    },
  );

  test("in .NET's form, which stays, and in Spring's with the login beside it", async () => {
    const env = [
      "ConnectionStrings__Default=Host=localhost;Port=5432;Database=shop;User ID=app;Password=pw;Include Error Detail=true",
      "ConnectionStrings__Reader='Server=localhost;Database=shop;Username=app'",
      "ConnectionStrings__Other=Host=localhost;Database=other;Username=app",
      "ConnectionStrings__Legacy=Server=localhost,1433;Database=shop;User Id=sa;Password=pw",
      "ConnectionStrings__Test=Host=localhost;Database=shop;Username=app",
      "SPRING_DATASOURCE_URL=jdbc:postgresql://localhost:5432/shop?ssl=false",
      "SPRING_DATASOURCE_USERNAME=app",
      "SPRING_DATASOURCE_PASSWORD=pw",
    ];
    const { config } = await propose({ ".env": env.join("\n") });
    expect(config.env.set).toEqual({
      SPRING_DATASOURCE_URL: "jdbc:postgresql://{host}:{port}/{database}?ssl=false",
      SPRING_DATASOURCE_USERNAME: "{user}",
      SPRING_DATASOURCE_PASSWORD: "{password}",
      ConnectionStrings__Default:
        "Host={host};Port={port};Database={database};User ID={user};Password={password};Include Error Detail=true",
      ConnectionStrings__Reader: "Server={host};Port={port};Database={database};Username={user}",
    });
  });

  test.each([
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Spring's own variables
    [
      "src/main/resources/application.yml",
      `spring:\n  datasource:\n    url: \${DB_URL:jdbc:postgresql://localhost:5432/shop?a=b}\n    username: \${DB_USER:app}\n`,
      { DB_URL: "jdbc:postgresql://{host}:{port}/{database}?a=b", DB_USER: "{user}" },
    ],
    [
      "api/src/main/resources/application.properties",
      "spring.datasource.driver-class-name=org.postgresql.Driver\nspring.datasource.url=${SPRING_DATASOURCE_URL}\n",
      { SPRING_DATASOURCE_URL: "jdbc:postgresql://{host}:{port}/{database}" },
    ],
    [
      "application.yml",
      "datasources: {default: {url: '${JDBC_URL:`jdbc:postgresql://localhost:5432/shop`}'}}\n",
      { JDBC_URL: "jdbc:postgresql://{host}:{port}/{database}" },
    ],
    [
      "application-dev.properties",
      "quarkus.datasource.jdbc.url=jdbc:postgresql://${DB_HOST:localhost}:${DB_PORT:5432}/${DB_NAME}\nx.url=${MAIL_HOST}\n",
      { DB_HOST: "{host}", DB_PORT: "{port}", DB_NAME: "{database}" },
    ],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: Spring's own variables
  ])("in Spring's settings: %s", async (path, text, expected) => {
    expect(await setOf({ [path]: text })).toMatchObject(expected);
  });

  test.each([
    ["src/main/resources/application.properties", "spring.datasource.url=jdbc\\:postgresql\\://localhost:5432/shop\n"],
    ["src/main/resources/application.yml", "spring:\n  datasource: {url: 'jdbc:postgresql://localhost:5432/shop'}\n"],
    ["Api/appsettings.Local.json", '{"ConnectionStrings": {"A": "Server=db;Port=5432;Database=shop;User Id=app"}}'],
    ["Shop.Api/appsettings.json", '{"ConnectionStrings": {"Default": "Host=localhost;Database=shop;Username=app"}}'],
  ])("and says where it is written out: %s", async (path, text) => {
    await write({ [path]: text });
    expect((await detectProject(root)).fixed).toEqual([{ file: path, database: "shop" }]);
  });

  test("in .env.local, where git has .env and the framework reads both", async () => {
    const files = {
      ".env": 'DATABASE_URL="postgresql://app:pw@127.0.0.1:5432/shop?serverVersion=16&charset=utf8"\n',
      "config/packages/doctrine.yaml": "doctrine: {dbal: {url: '%env(resolve:DATABASE_URL)%'}}\n",
    };
    const set = { DATABASE_URL: "{url}?serverVersion=16&charset=utf8" };
    await write({ "compose.yaml": "services: {db: {image: postgres}}\n", ...files });
    const ask = async (...ignored: string[]) =>
      (await detectProject(root, { askIgnored: async (paths) => paths.filter((path) => ignored.includes(path)) })).sets;
    expect(await ask(".env.local")).toEqual([
      { file: ".env.local", set, ports: {}, database: "shop", port: 5432, host: "127.0.0.1" },
    ]);
    expect(await ask(".env", ".env.local")).toMatchObject([{ file: ".env" }]);
    expect(await ask()).toMatchObject([{ file: ".env" }]);
    await rm(join(root, "config"), { recursive: true });
    expect(await ask(".env.local")).toMatchObject([{ file: ".env" }]);
  });

  test("in parts, as Laravel and others have them; not those of another kind of server", async () => {
    const laravel =
      "DB_CONNECTION=pgsql\nDB_HOST=127.0.0.1\nDB_PORT=5432\nDB_DATABASE=shop\nDB_USERNAME=app\nDB_PASSWORD=pw\n";
    const more = "MAIL_HOST=x\nMAIL_PORT=1\nMAIL_USERNAME=y\nREDIS_HOST=z\n";
    expect(await setOf({ ".env": laravel + more })).toEqual({
      ...{ DB_HOST: "{host}", DB_PORT: "{port}", DB_DATABASE: "{database}" },
      ...{ DB_USERNAME: "{user}", DB_PASSWORD: "{password}" },
    });
    expect(await setOf({ ".env": laravel.replace("pgsql", "mysql") })).toEqual({ DATABASE_URL: "{url}" });
  });

  test.each([
    [
      "prisma/schema.prisma",
      'datasource db {\n  url = env("A_URL")\n  directUrl = env("B_URL")\n  shadowDatabaseUrl = env("S_URL")\n}\n',
      ["A_URL", "B_URL"],
    ],
    ["prisma/schema/base.prisma", 'datasource db {\n  url = env("A_URL")\n}\n', ["A_URL"]],
    ["drizzle.config.ts", 'import { env } from "./env";\nexport default { url: env.A_URL };', ["A_URL"]],
    [
      "config/database.yml",
      'development:\n  database: shop\nproduction:\n  primary:\n    password: <%= ENV["P_DB_PASSWORD"] %>\n  cache:\n    url: <%= ENV["C_URL"] %>\n',
      ["DATABASE_URL"],
    ],
    ["drizzle.config.ts", "export default { dbCredentials: { url: process.env.A_URL! } };", ["A_URL"]],
    ["knexfile.js", "module.exports = { connection: process.env['A_URL'] };", ["A_URL"]],
    [
      "src/data-source.ts",
      "new DataSource({ host: process.env.TYPEORM_HOST, database: process.env.TYPEORM_DATABASE })",
      ["TYPEORM_HOST", "TYPEORM_DATABASE"],
    ],
    ["config/config.json", '{"development": {"use_env_variable": "A_URL"}}', ["A_URL"]],
    [
      "config/database.yml",
      'development:\n  url: <%= ENV["A_URL"] %>\n  host: <%= ENV.fetch("DB_HOST") { "x" } %>\ntest:\n  url: <%= ENV["T_URL"] %>\n',
      ["A_URL", "DB_HOST"],
    ],
    [
      "config/database.yml",
      'development:\n  database: shop_development\n  host: <%= ENV.fetch("DB_HOST") { "x" } %>\n',
      ["DATABASE_URL", "DB_HOST"], // else a worktree's app would find main's database on the worktree's server
    ],
    [
      "shop/settings.py",
      'SECRET = os.environ["SECRET_NAME"]\nDATABASES = {"default": {"NAME": os.environ["DB_NAME"], "HOST": os.environ.get("DB_HOST", "x")}}\n',
      ["DB_NAME", "DB_HOST"],
    ],
    ["config/runtime.exs", 'config :shop, Shop.Repo, url: System.get_env("A_URL")\n', ["A_URL"]],
    ["config/database.php", "'host' => env('DB_HOST', '127.0.0.1'),", []],
    [
      "config/database.php",
      "'mysql' => [\n 'host' => env('MY_HOST'),\n],\n'pgsql' => [\n 'url' => env('DB_URL'),\n 'host' => env('DB_HOST', '127.0.0.1'),\n 'charset' => env('DB_CHARSET', 'utf8'),\n],\n",
      ["DB_URL", "DB_HOST"],
    ],
  ])("in %s", async (file, text, names) => {
    const { set } = (await propose({ [file]: text })).config.env;
    expect(Object.keys(set).sort()).toEqual(names.length === 0 ? ["DATABASE_URL"] : [...names].sort());
  });

  test("a port's name stands for one number: the packages of a repository have their own", async () => {
    const { config } = await propose({ "apps/api/.env": "PORT=3001\n", "apps/web/.env": "PORT=3000\nAPI_PORT=3001\n" });
    const { env, ports } = config;
    expect(ports as Record<string, number>).toEqual({ api: 3001, web: 3000 });
    expect([env, ...(env.others ?? [])].map(({ set }) => set)).toEqual([
      { PORT: "{port.api}" },
      { PORT: "{port.web}", API_PORT: "{port.api}" },
    ]);
  });

  test.each([
    ["config/dev.exs", 'config :shop, Shop.Repo,\n  username: "postgres",\n  database: "shop_dev"\n', "shop_dev"],
    [
      "knexfile.js",
      'module.exports = { client: "pg", connection: { user: process.env.DB_USER, database: "k" } };',
      "k",
    ],
    ["ormconfig.json", '{"type": "postgres", "database": "o"}', "o"],
    ["config/config.json", '{"development": {"database": "s", "dialect": "postgres"}}', "s"],
    ["shop/settings.py", 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "d"}}\n', "d"],
    [
      "schema.prisma",
      'datasource db {\n  provider = "postgresql"\n  url = "postgresql://u:p@localhost:5432/p?x=1"\n}\n',
      "p",
    ],
    ["config/config.json", '{"development": {"database": "s", "dialect": "mysql"}}', undefined],
    ["knexfile.js", 'module.exports = { client: "pg", connection: { database: process.env.DB_NAME } };', undefined],
    ["config/database.yml", "development:\n  adapter: postgresql\n  database: shop\n", undefined], // DATABASE_URL goes before
  ])("a database that %s names itself is found", async (file, text, database) => {
    await write({ [file]: text });
    const { fixed } = await detectProject(root);
    expect(fixed).toEqual(database === undefined ? [] : [{ file, database }]);
  });

  test("from a pattern, for the file that is made of it", async () => {
    const { file, set } = (await propose({ ".env.example": "POSTGRES_URL=postgres://user:pass@localhost/shop\n" }))
      .config.env;
    expect([file.slice(root.length), set]).toEqual(["/.env", { POSTGRES_URL: "{url}" }]);
  });

  test("of a production file nothing", async () => {
    expect(await setOf({ ".env.production": "A_URL=postgres://user:pass@db/shop\n" })).toEqual({
      DATABASE_URL: "{url}",
    });
  });
});

test.each([
  [{ ".env": "DATABASE_URL=postgres://app@localhost/shop%20two?sslmode=disable\n" }, "shop two"],
  [{ ".env.example": "DB_CONNECTION=pgsql\nDB_HOST=h\nDB_DATABASE=laravel\n" }, "laravel"],
  [{ ".env": "A=1\n", "apps/web/.env": "WEB_URL=ecto://app@localhost/web\n" }, "web"],
  [{ ".env": "DB_CONNECTION=mysql\nDB_HOST=h\nDB_DATABASE=laravel\n" }, undefined],
])("a private cluster has the database that the env file names: %j", async (files, name) => {
  await write(files);
  await write({ "pgrove.yaml": proposeConfig(await detectProject(root), { server: "local" }) });
  const { config } = await loadConfig(join(root, "pgrove.yaml"), { environment: {} });
  expect(config.database.name).toBe(name);
});

test("several env files of a monorepo are several in pgrove.yaml, each with its own variables", async () => {
  const loaded = await propose({
    ".env": "DATABASE_URL=postgres://app@localhost/shop\n",
    "apps/web/.env": "WEB_DATABASE_URL=postgres://app@localhost/shop\nPORT=3000\n",
    "packages/db/prisma/schema.prisma": 'datasource db {\n  url = env("PRISMA_URL")\n}\n',
    "packages/db/.env.example": "OTHER=1\n",
  });
  const { env, ports } = loaded.config;
  const all = [env, ...(env.others ?? [])].map(({ file, set }) => [file.slice(root.length), set]);
  expect(all).toEqual([
    ["/.env", { DATABASE_URL: "{url}" }],
    ["/apps/web/.env", { WEB_DATABASE_URL: "{url}", PORT: "{port.web}" }],
    ["/packages/db/.env", { PRISMA_URL: "{url}" }],
  ]);
  expect(ports).toEqual({ web: 3000 });
  const connection = { host: "127.0.0.1", port: 5432, user: "app", database: "shop_x", parameters: {} };
  const of = { target: { name: "x" }, branch: "x" };
  const { variables } = renderVariables(whereaboutsOf(connection), of, loaded);
  expect(Object.keys(variables).sort()).toEqual(["DATABASE_URL", "PORT", "PRISMA_URL", "WEB_DATABASE_URL"]);
});

test("what git ignores and a worktree needs is proposed to be shared", async () => {
  const { share } = (await propose({ ".env": "A=1\n", ".env.local": "", "node_modules/x/y": "" })).config.worktrees;
  expect(share).toEqual([".env", ".env.local", "node_modules"]);
});

test("one env file or several: mistakes are named in either form", async () => {
  const load = async (env: string) => {
    await write({ "pgrove.yaml": `project: x\nserver: {local: {}}\nenv: ${env}\n` });
    return await loadConfig(join(root, "pgrove.yaml"), { environment: { V: "{a}" } });
  };
  await expect(load("{fil: .env}")).rejects.toThrow('unknown key "fil" in env');
  await expect(load("[{fil: .env}]")).rejects.toThrow('unknown key "fil" in env[0]');
  await expect(load("[{file: ../x}]")).rejects.toThrow("env[0].file");
  await expect(load("[]")).rejects.toThrow("must name an env file");
  await expect(load("[{set: {A: [1]}}]")).rejects.toThrow("env[0].set.A must be text");
  await expect(load("text")).rejects.toThrow("env must be");
  expect((await load(`[{set: {A: 1, B: "$\{V}"}}]`)).config.env.set).toEqual({ A: "1", B: "{{a}}" });
});
