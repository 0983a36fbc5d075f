import { expect, test } from "bun:test";
import { MigrationFolder } from "../../../support/migration-folder.ts";

test("a folder is a migration: its digits are the number, and both of its files belong to it", async () => {
  await using folder = await MigrationFolder.create({
    "migrations/00000000000000_diesel_initial_setup/up.sql": "create function f() returns int language sql return 1;",
    "migrations/2026-01-15-143022_add_users/up.sql": "create table users ();",
    "migrations/2026-01-15-143022_add_users/down.sql": "drop table users;",
    "migrations/2026-01-16-000000_index/up.sql": "create index concurrently i on users (id);",
    "migrations/2026-01-16-000000_index/metadata.toml": "run_in_transaction = false\n",
  });
  const { migrations, findings, layout } = await folder.read();
  expect([layout, findings]).toEqual(["diesel", []]);
  expect(migrations.map(({ digits, name, up, down }) => [digits, name, up?.transaction, down?.file])).toEqual([
    ["00000000000000", "diesel_initial_setup", true, undefined],
    ["20260115143022", "add_users", true, "migrations/2026-01-15-143022_add_users/down.sql"],
    ["20260116000000", "index", false, undefined],
  ]);
});

test("files among the folders are named", async () => {
  await using folder = await MigrationFolder.create({
    ...{ "migrations/2026-01-15-143022_a/up.sql": "select 1;", "2_b.sql": "select 1;", "README.md": "" },
    "migrations/other/up.sql": "select 1;",
  });
  const { findings } = await folder.read();
  expect(findings).toMatchObject([{ level: "error", rule: "wrong_name", file: "migrations/2_b.sql" }]);
});

test("a folder with a number whose migration is in another language is named", async () => {
  await using folder = await MigrationFolder.create({
    ...{ "migrations/2026-01-15-143022_a/up.sql": "select 1;", "migrations/2026-01-16-000000_b/up.rs": "" },
    ...{ "migrations/2026-01-17-000000_c/up.sql": "select 1;", "migrations/2026-01-17-000000_c/up.rs": "" },
    "migrations/2026-notes/README.md": "",
  });
  const { findings } = await folder.read();
  expect(findings).toMatchObject([
    {
      level: "error",
      rule: "wrong_name",
      file: "migrations/2026-01-16-000000_b",
      message: expect.stringContaining("up.rs"),
    },
  ]);
});
