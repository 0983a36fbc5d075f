import { afterAll, beforeAll, expect, test } from "bun:test";
import { readAnyFile } from "../../../../src/migrate/lint/lint-file.ts";
import { mistake } from "../../../support/migrate/mistake.ts";
import { MigrationFolder } from "../../../support/migration-folder.ts";

let folder: MigrationFolder;
beforeAll(async () => {
  folder = await MigrationFolder.create({
    "./sql/patch.sql": "lock table t;",
    "./prisma/1_a/migration.sql": "create table a ();",
    "./diesel/1_a/up.sql": "create table a ();",
    "./diesel/1_a/down.sql": "drop table a;",
    "./db/20260115_x.sql": "-- migrate:up\ncreate table a ();\n-- migrate:down\ndrop table a;\n",
    "./db/broken.sql": "-- +goose Up\nselect 1;\n -- +goose Down\n",
  });
});
afterAll(() => folder[Symbol.asyncDispose]());

test.each([
  ["sql/patch.sql", "lock table t;", undefined],
  ["prisma/1_a/migration.sql", "create table a ();", undefined],
  ["diesel/1_a/up.sql", "create table a ();", "drop table a;"],
  ["diesel/1_a/down.sql", "create table a ();", "drop table a;"],
  ["db/20260115_x.sql", "create table a ();\n", "drop table a;\n"],
])("%s", (path, up, down) => {
  const { migrations, findings } = readAnyFile(folder.at(path), folder.root);
  expect(findings).toEqual([]);
  expect(migrations.map((each) => [each.up?.sql, each.down?.sql])).toEqual([[up, down]]);
  expect([migrations[0]?.up?.file, migrations[0]?.down?.file]).toContain(path);
});

test("marks that are wrong are found, and a file that is not there is said to be missing", () => {
  expect(readAnyFile(folder.at("db/broken.sql"), folder.root).findings).toMatchObject([{ rule: "sections", line: 3 }]);
  expect(mistake(() => readAnyFile(folder.at("gone.sql"), folder.root))).toMatchObject({ exit: 4 });
});
