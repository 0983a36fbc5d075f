import { describe, expect, test } from "bun:test";
import { MigrationFolder } from "../../../support/migration-folder.ts";

/** Reads one file of goose's. */
async function read(text: string, name = "00001_create_users.sql") {
  await using folder = await MigrationFolder.create({ [name]: text });
  const { migrations, findings } = await folder.read({ layout: "goose" });
  return { migration: migrations[0], findings: findings.map(({ level, line, message }) => ({ level, line, message })) };
}

test("up and down, with the lines of the file; statements' marks stay as comments", async () => {
  const up =
    "-- +goose StatementBegin\ncreate function f() returns int as $$ begin return 1; end $$;\n-- +goose StatementEnd\n\n";
  const { migration, findings } = await read(`-- a comment\n\n-- +goose Up\n${up}-- +goose Down\ndrop function f();\n`);
  expect(findings).toEqual([]);
  expect(migration).toMatchObject({ digits: "00001", name: "create_users" });
  expect(migration?.up).toMatchObject({ sql: up, line: 4, transaction: true });
  expect(migration?.down).toMatchObject({ sql: "drop function f();\n", line: 9, transaction: true });
});

test("NO TRANSACTION holds for both; CRLF and small letters do as well", async () => {
  const { migration, findings } = await read(
    "-- +goose NO TRANSACTION\r\n--  +goose up\r\nvacuum;\r\n-- +goose DOWN\r\nvacuum;\r\n",
  );
  expect(findings).toEqual([]);
  expect(migration?.up).toMatchObject({ sql: "vacuum;\r\n", line: 3, transaction: false });
  expect(migration?.down?.transaction).toBe(false);
});

test("without a down it cannot be taken back, which is allowed", async () => {
  const { migration, findings } = await read("-- +goose Up\nselect 1;");
  expect(findings).toEqual([]);
  expect(migration?.up?.sql).toBe("select 1;");
  expect(migration?.down).toBeUndefined();
});

describe("mistakes", () => {
  test.each([
    ["select 1;\n", 1, "there is SQL before -- +goose Up"],
    ["-- nothing\n", 1, "there is no -- +goose Up"],
    ["-- +goose Down\n-- +goose Up\n", 1, "-- +goose Down stands before -- +goose Up"],
    ["-- +goose Up\nselect 1;\n-- +goose Up\n", 3, "there is a second -- +goose Up"],
    ["-- +goose Up\n-- +goose Down\n-- +goose Down\n", 3, "there is a second -- +goose Down"],
    [
      "-- +goose Up\n-- +goose StatementBegin\nselect 1;\n",
      2,
      "-- +goose StatementBegin has no -- +goose StatementEnd",
    ],
    ["-- +goose Up\n-- +goose StatementEnd\n", 2, "-- +goose StatementEnd has no -- +goose StatementBegin"],
    ["-- +goose Up\n-- +goose StatementBegin\n-- +goose Down\n", 3, "-- +goose Down stands inside a statement"],
    ["-- +goose Up\n-- +goose Upp\n", 2, "-- +goose Upp is no annotation of goose's"],
  ])("%p", async (text, line, message) => {
    const { migration, findings } = await read(text);
    expect(findings).toEqual([{ level: "error", line, message }]);
    expect(migration).toBeUndefined();
  });

  test.each(["ENVSUB ON", "ENVSUBST ON"])(
    "%s is refused: the environment would decide what runs",
    async (annotation) => {
      const { findings } = await read(`-- +goose ${annotation}\n-- +goose Up\nselect '\${X}';\n`);
      expect(findings).toMatchObject([{ level: "error", line: 1 }]);
      expect(findings[0]?.message).toContain("environment variables");
    },
  );

  test("version 0, which goose keeps for itself", async () => {
    expect((await read("-- +goose Up\nselect 1;\n", "000_a.sql")).findings).toMatchObject([{ level: "error" }]);
  });

  test("migrations in Go are named, their tests are not", async () => {
    const sql = "-- +goose Up\nselect 1;\n";
    await using folder = await MigrationFolder.create({
      "1_a.sql": sql,
      "2_b.go": "package x",
      "2_b_test.go": "package x",
    });
    expect((await folder.read()).findings).toMatchObject([{ rule: "go_migration", file: "migrations/2_b.go" }]);
  });
});
