/** The schema file: written after a change, and an empty database started from it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { LAYOUTS, type Layout } from "../../../src/config/schema-migrations.ts";
import { applyWish } from "../../../src/migrate/run/apply.ts";
import { writeSchemaFile } from "../../../src/migrate/schema/schema-file.ts";
import { startFromSchema } from "../../../src/migrate/schema/schema-start.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { withWork } from "../../../src/work/work.ts";
import { type Bench, makeBench, openLive, rejection } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { MigrationFolder } from "../../support/migration-folder.ts";
import { FACTS } from "../../support/migration-ledgers.ts";

let bench: Bench;
let server: TestServer;

beforeAll(async () => {
  bench = await makeBench();
  server = await sharedServer(17);
});

afterAll(async () => {
  await bench.remove();
});

async function createLive(): Promise<LiveTarget> {
  const database = `schema_file_${randomUUID().slice(0, 8)}`;
  await server.createDatabase(database);
  return await openLive(server, database, bench);
}

const FILES: Record<Layout, Record<string, string>> = {
  "golang-migrate": {
    "01_users.up.sql": "create table users (id int primary key);",
    "01_users.down.sql": "drop table users;",
    "02_email.up.sql": "alter table users add email text;",
    "02_email.down.sql": "alter table users drop email;",
  },
  dbmate: {
    "01_users.sql": "-- migrate:up\ncreate table users (id int primary key);\n-- migrate:down\ndrop table users;\n",
    "02_email.sql":
      "-- migrate:up\nalter table users add email text;\n-- migrate:down\nalter table users drop email;\n",
  },
  diesel: {
    "migrations/01_users/up.sql": "create table users (id int primary key);",
    "migrations/01_users/down.sql": "drop table users;",
    "migrations/02_email/up.sql": "alter table users add email text;",
    "migrations/02_email/down.sql": "alter table users drop email;",
  },
  sqlx: {
    "Cargo.toml": '[dependencies]\nsqlx = { version = "0.8", features = ["postgres"] }\n',
    "01_users.up.sql": "create table users (id int primary key);",
    "01_users.down.sql": "drop table users;",
    "02_email.up.sql": "alter table users add email text;",
    "02_email.down.sql": "alter table users drop email;",
  },
  goose: {
    "01_users.sql": "-- +goose Up\ncreate table users (id int primary key);\n-- +goose Down\ndrop table users;\n",
    "02_email.sql": "-- +goose Up\nalter table users add email text;\n-- +goose Down\nalter table users drop email;\n",
  },
};

async function migrate(live: LiveTarget, folder: MigrationFolder, wish: "head" | "one" = "head"): Promise<string[]> {
  const files = await folder.read();
  const request = {
    ...{ files, allowOutOfOrder: false, facts: FACTS, settings: { lockTimeoutMs: 0, statementTimeoutMs: 0 } },
    wish: wish === "head" ? ({ kind: "head" } as const) : ({ kind: "steps", direction: "up", count: 1 } as const),
  };
  const applied = await withWork(bench.tools, live, { operation: "test", claims: [] }, (work) =>
    applyWish(work, live, request),
  );
  return applied.map(({ step }) => step.digits);
}

async function write(live: LiveTarget, folder: MigrationFolder) {
  const files = await folder.read();
  return await writeSchemaFile(bench.tools, live, folder.at("db/schema.sql"), { files });
}

async function start(live: LiveTarget, folder: MigrationFolder): Promise<number> {
  const files = await folder.read();
  const file = { file: folder.at("db/schema.sql"), shown: "db/schema.sql" };
  return await startFromSchema(bench.tools, live, { ...file, files, lockWaitMs: 1000 });
}

describe.each([...LAYOUTS])("with files of %s", (layout) => {
  test("an empty database starts from the file, and goes on with what it lacks", async () => {
    await using folder = await MigrationFolder.create(FILES[layout]);
    const [first, second] = [await createLive(), await createLive()];
    await migrate(first, folder, "one");
    expect(await write(first, folder)).toEqual({ changed: true, foreign: [] });
    expect(await start(second, folder)).toBe(1);
    expect(await migrate(second, folder)).toEqual(["02"]);
    await migrate(first, folder);
    await write(first, folder);
    const written = await readFile(folder.at("db/schema.sql"), "utf8");
    expect(await write(second, folder)).toEqual({ changed: false, foreign: [] });
    expect(await readFile(folder.at("db/schema.sql"), "utf8")).toBe(written);
  });
});

describe("the file", () => {
  test("is left alone when its bytes would be the same", async () => {
    await using folder = await MigrationFolder.create(FILES.dbmate);
    const live = await createLive();
    await migrate(live, folder);
    await write(live, folder);
    const before = await stat(folder.at("db/schema.sql"));
    expect((await write(live, folder)).changed).toBe(false);
    expect((await stat(folder.at("db/schema.sql"))).ino).toBe(before.ino);
  });

  test("names what it holds and this branch has no file of", async () => {
    await using folder = await MigrationFolder.create(FILES.dbmate);
    await using other = await MigrationFolder.create({ "01_users.sql": FILES.dbmate["01_users.sql"] ?? "" });
    const live = await createLive();
    await migrate(live, folder);
    expect((await write(live, other)).foreign).toEqual(["02 email"]);
  });

  test("says so when its path is no file's, or leads through one", async () => {
    await using folder = await MigrationFolder.create(FILES["golang-migrate"]);
    const live = await createLive();
    await migrate(live, folder);
    const request = { files: await folder.read() };
    await writeFile(`${bench.folder}/plain`, "");
    for (const path of [bench.folder, `${bench.folder}/plain/schema.sql`]) {
      const error = await rejection(writeSchemaFile(bench.tools, live, path, request));
      expect([error.exit, error.message.startsWith(`${path}: `)]).toEqual([3, true]);
    }
  });

  test("is not written over something else", async () => {
    await using folder = await MigrationFolder.create({ ...FILES.dbmate, "db/schema.sql": "#!/bin/sh\nexit\n" });
    const live = await createLive();
    await expect(write(live, folder)).rejects.toThrow("holds no schema, so it is not written over");
  });
});

test("worktrees that have a schema each write main's file, and start from it", async () => {
  await using folder = await MigrationFolder.create(FILES["golang-migrate"]);
  const live = await createLive();
  await server.psql(live.database, 'create schema app; create schema "Feature-X"; create schema second');
  const inSchema = (schema: string): LiveTarget => ({ ...live, target: { ...live.target, schema } });
  const files = await folder.read();
  const [main, worktree, second] = [inSchema("app"), inSchema("Feature-X"), inSchema("second")];
  const path = folder.at("db/schema.sql");
  const request = { files, home: "app" };
  await migrate(main, folder);
  await writeSchemaFile(bench.tools, main, path, request);
  expect(await readFile(path, "utf8")).toContain("CREATE TABLE app.users (");
  await migrate(worktree, folder);
  expect((await writeSchemaFile(bench.tools, worktree, path, request)).changed).toBe(false);
  const start = { ...request, file: path, shown: "db/schema.sql", lockWaitMs: 1000 };
  expect(await startFromSchema(bench.tools, second, start)).toBe(2);
  expect(await migrate(second, folder)).toEqual([]);
  const written = await readFile(path, "utf8");
  await writeSchemaFile(bench.tools, second, path, request);
  expect(await readFile(path, "utf8")).toBe(written);
});

describe("a start is refused", () => {
  async function prepared(files: Record<string, string> = FILES["golang-migrate"]) {
    const folder = await MigrationFolder.create(files);
    const live = await createLive();
    await migrate(live, folder);
    await write(live, folder);
    return { folder, live };
  }

  test("for a database that holds something, which stays as it is", async () => {
    const { folder, live } = await prepared();
    await using _ = folder;
    await expect(start(live, folder)).rejects.toThrow("is not empty, so db/schema.sql is not loaded into it");
  });

  test("when a migration that the file holds is not here", async () => {
    const { folder } = await prepared();
    await using _ = folder;
    await using other = await MigrationFolder.create({ "01_users.up.sql": "select 1;" });
    await other.write("db/schema.sql", await readFile(folder.at("db/schema.sql")));
    await expect(start(await createLive(), other)).rejects.toThrow(
      "db/schema.sql holds 2 email, and there is no such file",
    );
  });

  test("when the file lacks one in between", async () => {
    const { folder } = await prepared();
    await using _ = folder;
    const text = await readFile(folder.at("db/schema.sql"), "utf8");
    await writeFile(folder.at("db/schema.sql"), text.replace(/^ {4}\(1\),.*\n/m, ""));
    await expect(start(await createLive(), folder)).rejects.toThrow("db/schema.sql lacks 01 users");
  });

  test("for a file that cannot be loaded, with its line, and nothing of it is kept", async () => {
    const { folder } = await prepared();
    await using _ = folder;
    const text = await readFile(folder.at("db/schema.sql"), "utf8");
    const broken = text.replace("    id integer NOT NULL", "    id nonsense NOT NULL");
    await writeFile(folder.at("db/schema.sql"), broken);
    const line = broken.split("\n").findIndex((each) => each.includes("nonsense")) + 1;
    const live = await createLive();
    await expect(start(live, folder)).rejects.toThrow(`db/schema.sql:${line}:8  ERROR: type "nonsense" does not exist`);
    expect(await server.psql(live.database, "select count(*) from pg_tables where schemaname = 'public'")).toBe("0");
  });
});
