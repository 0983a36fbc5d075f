import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { Connection } from "../../../src/postgres/url.ts";
import { findStrayFiles, findStrays, type Ways } from "../../../src/resolve/stray-variables.ts";

const main: Connection = {
  host: "127.0.0.1",
  port: 5432,
  user: "app",
  password: "pw",
  database: "shop",
  parameters: {},
};
/** A database on main's server, a server of its own, a schema in main's database. */
const database: Ways = { own: { ...main, database: "shop_x" }, main, names: ["db"] };
const container: Ways = { own: { ...main, port: 5499 }, main, names: ["db"] };
const schema: Ways = {
  own: { ...main, user: "shop_x", parameters: { options: "-csearch_path=shop_x,public" } },
  main,
  names: ["db"],
};

test("the name of main's compose project, where the worktree has one of its own", () => {
  const ways: Ways = { ...container, projects: { own: "shop-x", main: "shop" } };
  const stray = [{ name: "COMPOSE_PROJECT_NAME", own: "shop-x" }];
  expect(findStrays({ COMPOSE_PROJECT_NAME: "shop" }, ways)).toEqual(stray);
  expect(findStrays({ COMPOSE_PROJECT_NAME: "shop-x" }, ways)).toEqual([]);
  expect(findStrays({ COMPOSE_PROJECT_NAME: "shop" }, container)).toEqual([]);
});

describe("a URL that leads to main's database", () => {
  test.each([
    ["postgres://app:pw@localhost:5432/shop", "postgres://app:pw@127.0.0.1:5432/shop_x"],
    ["postgresql://app@127.0.0.1/shop", "postgres://app:pw@127.0.0.1:5432/shop_x"],
    ["postgres://app:pw@localhost:5432/shop?schema=public", "postgres://app:pw@127.0.0.1:5432/shop_x?schema=public"],
    [
      "jdbc:postgresql://localhost:5432/shop?user=app&password=pw",
      "jdbc:postgresql://127.0.0.1:5432/shop_x?user=app&password=pw",
    ],
    ["ecto://app:pw@localhost/shop", "ecto://app:pw@127.0.0.1:5432/shop_x"],
    ["postgresql+asyncpg://app:pw@localhost/shop", "postgresql+asyncpg://app:pw@127.0.0.1:5432/shop_x"],
    // Inside a container main's server has its service's name.
    ["postgres://app:pw@db:5432/shop", "postgres://app:pw@db:5432/shop_x"],
    ["host=localhost port=5432 dbname=shop user=app", "postgres://app:pw@127.0.0.1:5432/shop_x"],
    ["Host=localhost;Database=shop;Username=app", "Host=127.0.0.1;Port=5432;Database=shop_x;Username=app"],
    [
      'Server = db; Port=5432; Database="shop"; User ID=app; Password=pw; Pooling=true;',
      'Server = db; Port=5432; Database="shop_x"; User ID=app; Password=pw; Pooling=true',
    ],
  ])("%s would have to be %s", (value, own) => {
    expect(findStrays({ NEXT_PRIVATE_DATABASE_URL: value }, database)).toEqual([
      { name: "NEXT_PRIVATE_DATABASE_URL", own },
    ]);
  });

  test.each([
    "postgres://app:pw@localhost:5432/shop_x",
    "postgres://app:pw@localhost:5433/shop",
    "postgres://app:pw@db.example.com:5432/shop",
    "postgres://app:pw@localhost:5432/shop_test",
    "mysql://app:pw@localhost:5432/shop",
    "Host=localhost;Database=shop_x;Username=app",
    "Server=localhost;Port=3306;Database=shop;Uid=app",
    "Server=localhost;Database=shop;User Id=sa;Password=pw",
    "Data Source=localhost;Database=shop;User Id=app",
    "Server=localhost\\SQLEXPRESS;Database=shop;User Id=app",
    "https://localhost:5432/shop",
    "postgres://",
    "shop",
    "",
  ])("%s does not", (value) => {
    expect(findStrays({ A: value }, database)).toEqual([]);
  });

  test("of a server of its own: main's port; its service's name leads there from within", () => {
    const variables = { A: "postgres://app:pw@localhost:5432/shop", B: "postgres://app:pw@db:5432/shop" };
    expect(findStrays(variables, container)).toEqual([{ name: "A", own: "postgres://app:pw@127.0.0.1:5499/shop" }]);
  });

  test("of a schema of its own: one that does not lead into it", () => {
    const variables = {
      A: "postgres://app:pw@localhost:5432/shop",
      B: "postgres://shop_x:pw@localhost:5432/shop?options=-csearch_path%3Dshop_x%2Cpublic",
      C: "postgres://shop_x:pw@localhost:5432/shop?schema=shop_x",
    };
    expect(findStrays(variables, schema).map(({ name }) => name)).toEqual(["A"]);
  });
});

describe("parts that lead to main's database", () => {
  test.each([
    [{ DB_HOST: "localhost", DB_PORT: "5432", DB_DATABASE: "shop" }, [{ name: "DB_DATABASE", own: "shop_x" }]],
    [{ PGHOST: "127.0.0.1", PGDATABASE: "shop" }, [{ name: "PGDATABASE", own: "shop_x" }]],
    [{ APP_DB_HOST: "db", APP_DB_NAME: "shop" }, [{ name: "APP_DB_NAME", own: "shop_x" }]],
    [{ DB_HOST: "localhost", DB_PORT: "5433", DB_NAME: "shop" }, []],
    [{ DB_HOST: "db.example.com", DB_NAME: "shop" }, []],
    [{ DB_HOST: "localhost", DB_NAME: "shop_x" }, []],
    // What makes the container, or has no server beside it, is no program's way to the database.
    [{ POSTGRES_DB: "shop", POSTGRES_PASSWORD: "pw" }, []],
    [{ REDIS_HOST: "localhost", APP_NAME: "shop" }, []],
  ])("%j: %j", (variables, expected) => {
    expect(findStrays(variables as Record<string, string>, database)).toEqual(expected);
  });

  test("of a server of its own it is the port", () => {
    const variables = { DB_HOST: "localhost", DB_PORT: "5432", DB_NAME: "shop" };
    expect(findStrays(variables, container)).toEqual([{ name: "DB_PORT", own: "5499" }]);
  });
});

describe("a worktree's env files", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "pgrove-strays-"));
    const mains = "A=postgres://app:pw@localhost:5432/shop\n";
    const files = {
      "pgrove.yaml": "project: shop\nserver: {local: {}}\nenvironments: {shared: {env_file: .env.shared}}\n",
      ".env": `${mains}A=postgres://app:pw@localhost:5432/shop_x\nB=1\n`,
      ".env.local": mains,
      "apps/web/.env": mains,
      ".envrc": `dotenv\nexport ${mains}`,
      ".env.example": mains,
      ".env.shared": mains,
      "node_modules/x/.env": mains,
      "apps/web/deep/down/.env": mains,
      ".env.broken": "\0",
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  test("are looked through as deep as packages lie; the last line of a variable counts", async () => {
    const loaded = await loadConfig(join(root, "pgrove.yaml"), { environment: {} });
    const found = await findStrayFiles(root, database, loaded);
    expect(found.map(({ file }) => file.slice(root.length + 1))).toEqual([".env.local", ".envrc", "apps/web/.env"]);
    expect(await findStrayFiles(root, { ...database, own: main }, loaded)).toEqual([]);
  });
});

describe("a worktree's files of settings", () => {
  const main5432 = "jdbc:postgresql://localhost:5432/shop";
  const appsettings = '{"ConnectionStrings": {"Default": "Host=localhost;Database=shop;Username=app"}, } // dev\n';
  const find = async (files: Readonly<Record<string, string>>) => {
    const root = await mkdtemp(join(tmpdir(), "pgrove-settings-"));
    try {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text);
      }
      await writeFile(join(root, "pgrove.yaml"), "project: shop\nserver: {local: {}}\n");
      const loaded = await loadConfig(join(root, "pgrove.yaml"), { environment: {} });
      const found = await findStrayFiles(root, database, loaded);
      return found.flatMap(({ variables }) => variables.map(({ name, key }) => `${name}: ${key}`));
    } finally {
      await rm(root, { recursive: true });
    }
  };
  const spring = ["SPRING_DATASOURCE_URL: spring.datasource.url"];
  const dotnet = ["ConnectionStrings__Default: ConnectionStrings:Default"];

  test.each([
    [{ "src/main/resources/application.properties": `spring.datasource.url = ${main5432}\n` }, spring],
    [{ "api/src/main/resources/config/application.yml": `spring: {datasource: {url: "${main5432}"}}\n` }, spring],
    [
      { "application-dev.yaml": `a: 1\n---\nspring.datasource.hikari-pool.jdbc-url: ${main5432}\n` },
      ["SPRING_DATASOURCE_HIKARIPOOL_JDBCURL: spring.datasource.hikari-pool.jdbc-url"],
    ],
    [{ "Shop.Api/appsettings.Development.json": appsettings }, dotnet],
    // The default counts where no env file says otherwise.
    [{ "application.properties": `spring.datasource.url=\${DB_URL:${main5432}}\n` }, spring],
    [
      {
        "application.properties": `spring.datasource.url=jdbc:postgresql://localhost/\${DB_NAME:shop}\n`,
        ".env": "DB_NAME=shop_x",
      },
      [],
    ],
    // The environment comes before the file, for Spring and for .NET.
    [
      {
        "application.properties": `spring.datasource.url=${main5432}\n`,
        ".env": `SPRING_DATASOURCE_URL=${main5432}_x\n`,
      },
      [],
    ],
    [{ "appsettings.json": appsettings, ".env": "ConnectionStrings__Default=Host=localhost;Database=shop_x" }, []],
    // Another stage's, and what is broken.
    [
      { "application-prod.properties": `spring.datasource.url=${main5432}\n`, "appsettings.Test.json": appsettings },
      [],
    ],
    [
      { "appsettings.json": "{", "application.yml": "a: [", "src/test/resources/application.yml": `u: ${main5432}` },
      [],
    ],
  ])("%j: %j", async (files, expected) => {
    expect(await find(files as Record<string, string>)).toEqual(expected);
  });
});
