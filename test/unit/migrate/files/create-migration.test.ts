import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Layout } from "../../../../src/config/schema-migrations.ts";
import { EXIT } from "../../../../src/errors.ts";
import { type CreateRequest, createMigration } from "../../../../src/migrate/files/create-migration.ts";
import { MigrationFolder } from "../../../support/migration-folder.ts";

const NOW = new Date("2026-01-15T14:30:22.999Z");
const SQL = "select 1;\n";
const DBMATE = "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n";
const GOOSE = "-- +goose Up\nselect 1;\n";

async function create(
  folder: MigrationFolder,
  request: Partial<CreateRequest> & { layout?: Layout; dirs?: string[] } = {},
) {
  const { layout, dirs, ...rest } = request;
  const files = await folder.read({
    ...(layout === undefined ? {} : { layout }),
    ...(dirs === undefined ? {} : { dirs }),
  });
  const created = await createMigration({ files, name: "Add users", now: NOW, ...rest });
  return created.paths.map((path) => path.slice(folder.root.length + 1));
}

describe("the number", () => {
  const CASES: readonly (readonly [Record<string, string>, Partial<CreateRequest> & { layout?: Layout }, string])[] = [
    [{}, {}, "000001_add_users.up.sql"],
    [{}, { layout: "dbmate" }, "20260115143022_add_users.sql"],
    [{}, { layout: "goose" }, "20260115143022_add_users.sql"],
    [{}, { layout: "dbmate", numbering: "sequential" }, "000001_add_users.sql"],
    [{}, { numbering: "timestamp" }, "20260115143022_add_users.up.sql"],
    [{ "9_a.up.sql": SQL }, {}, "10_add_users.up.sql"],
    [{ "0099_a.up.sql": SQL, "3_b.up.sql": SQL }, {}, "0100_add_users.up.sql"],
    [{ "999_a.up.sql": SQL }, {}, "1000_add_users.up.sql"],
    [{ "0001_a.up.sql": SQL, "0002_b.down.sql": SQL }, {}, "0003_add_users.up.sql"],
    [{ "20250101000000_a.up.sql": SQL }, {}, "20260115143022_add_users.up.sql"],
    [{ "20260115143022_a.up.sql": SQL }, {}, "20260115143023_add_users.up.sql"],
    [{ "20300101235959_a.up.sql": SQL }, {}, "20300102000000_add_users.up.sql"],
    [{ "20250101000000_a.up.sql": SQL }, { numbering: "sequential" }, "20250101000001_add_users.up.sql"],
    [{ "001_a.up.sql": SQL }, { numbering: "timestamp" }, "20260115143022_add_users.up.sql"],
    [{ "20259999000000_a.up.sql": SQL }, {}, "20259999000001_add_users.up.sql"],
    [{ "00003_a.sql": GOOSE }, {}, "00004_add_users.sql"],
    [{ "20250101000000_a.sql": DBMATE }, {}, "20260115143022_add_users.sql"],
  ];

  test.each([...CASES])("%p, %p: %p", async (files, request, path) => {
    await using folder = await MigrationFolder.create(files);
    expect((await create(folder, request))[0]).toBe(`migrations/${path}`);
  });
});

describe("the files", () => {
  test("can be read as what they are, in each layout", async () => {
    for (const layout of ["golang-migrate", "dbmate", "goose"] as const) {
      await using folder = await MigrationFolder.create();
      await create(folder, { layout });
      const { migrations, findings, ...found } = await folder.read();
      expect(found.layout).toBe(layout);
      expect(migrations[0]).toMatchObject({ name: "add_users", up: {}, down: {} });
      expect(new Set(findings.map(({ rule }) => rule))).toEqual(new Set(["empty-migration"]));
    }
  });

  test("the folder is made, without its /**", async () => {
    await using folder = await MigrationFolder.create();
    expect(await create(folder, { dirs: ["db/new/**"] })).toEqual([
      "db/new/000001_add_users.up.sql",
      "db/new/000001_add_users.down.sql",
    ]);
  });

  test("nothing is overwritten, and nothing is left of a half", async () => {
    await using folder = await MigrationFolder.create();
    const files = await folder.read();
    const taken = folder.at("migrations/000001_add_users.down.sql");
    await writeFile(taken, "mine"); // made after the folder was read
    const attempt = createMigration({ files, name: "add users", now: NOW });
    await expect(attempt).rejects.toMatchObject({ code: "file_exists", exit: EXIT.refused });
    expect(await readFile(taken, "utf8")).toBe("mine");
    expect(await Array.fromAsync(new Bun.Glob("*").scan(folder.at("migrations")))).toEqual([
      "000001_add_users.down.sql",
    ]);
  });
});

describe("the name", () => {
  test.each([
    ["add users", "add_users"],
    ["  Add-Users: größe!  ", "add_users_gro_e"],
    ["../../etc/passwd", "etc_passwd"],
    ["x".repeat(300), "x".repeat(100)],
  ])("%p", async (name, slug) => {
    await using folder = await MigrationFolder.create();
    const [path] = await create(folder, { name });
    expect(path).toBe(join("migrations", `000001_${slug}.up.sql`));
  });

  test.each(["", " - ", "語"])("%p is refused", async (name) => {
    await using folder = await MigrationFolder.create();
    await expect(create(folder, { name })).rejects.toMatchObject({ exit: EXIT.usage });
  });

  test("files of two tools are refused: which of them would it be?", async () => {
    await using folder = await MigrationFolder.create({ "1_a.sql": DBMATE, "2_b.sql": GOOSE });
    await expect(create(folder)).rejects.toMatchObject({ code: "migrations_invalid" });
  });
});
