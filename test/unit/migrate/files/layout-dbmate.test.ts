import { describe, expect, test } from "bun:test";
import { MigrationFolder } from "../../../support/migration-folder.ts";

/** Reads one file of dbmate's. */
async function read(text: string, name = "20260115143022_create_users.sql") {
  await using folder = await MigrationFolder.create({ [name]: text });
  const { migrations, findings } = await folder.read({ layout: "dbmate" });
  return { migration: migrations[0], findings: findings.map(({ level, line, message }) => ({ level, line, message })) };
}

describe("sections", () => {
  test("up and down, with the lines of the file", async () => {
    const { migration, findings } = await read(
      "-- a comment\n-- migrate:up\nselect 1;\n\n-- migrate:down\nselect 2;\n",
    );
    expect(findings).toEqual([]);
    expect(migration).toMatchObject({ digits: "20260115143022", name: "create_users" });
    expect(migration?.up).toMatchObject({ sql: "select 1;\n\n", line: 3, transaction: true });
    expect(migration?.down).toMatchObject({ sql: "select 2;\n", line: 6, transaction: true });
  });

  test("CRLF, no blank behind the dashes, and text that only looks like a mark", async () => {
    const up =
      "select '-- migrate:down', $$\r\n -- migrate:down\r\n$$;\r\n-- migrate:downwards\r\n-- we migrate: down is next\r\n";
    const { migration, findings } = await read(`--migrate:up\r\n${up}--  migrate:down \r\nselect 2;`);
    expect(findings).toEqual([]);
    expect(migration?.up?.sql).toBe(up);
    expect(migration?.down).toMatchObject({ sql: "select 2;", line: 8 });
  });

  test.each([
    " -- migrate:down",
    "\t--migrate:down",
    "-- Migrate:Down",
    "-- MIGRATE:DOWN transaction:false",
    "--- migrate:down",
    "-- migrate: down",
    "-- migrate down",
    "-- migrate:downgrade",
    "-- migration:down",
    "-- dbmate:down",
    "-- migrate:down;",
    "-- migrate:down\u00a0transaction:false",
    "/* migrate:down */",
    "select 1; -- migrate:down",
    "-- a comment\r-- migrate:down\rdrop table b;",
    "-- +goose Down",
    "-- +migrate Down",
  ])("%p looks like a mark and is none: it is refused, since the down would run on the way up", async (mark) => {
    const { migration, findings } = await read(`-- migrate:up\nselect 1;\n${mark}\ndrop table a;\n`);
    expect(migration).toBeUndefined();
    expect(findings).toMatchObject([{ level: "error", line: 3 }]);
  });

  test.each(["select '", "select $body$", "/*"])(
    "one of dbmate's behind %p, which is open, is refused",
    async (opening) => {
      const { migration, findings } = await read(`-- migrate:up\n${opening}\n-- migrate:down\ndrop table a;\n`);
      expect(migration).toBeUndefined();
      expect(findings).toMatchObject([{ level: "error", line: 3 }]);
    },
  );

  test("an indented one as the only one is dbmate's all the same", async () => {
    await using folder = await MigrationFolder.create({ "1_a.sql": "  -- migrate:up\nselect 1;\n" });
    const { layout, findings } = await folder.read();
    expect(layout).toBe("dbmate");
    expect(findings).toMatchObject([{ level: "error", rule: "sections", line: 1 }]);
  });

  test("several pairs are refused with what to do", async () => {
    const pair = "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n";
    await using folder = await MigrationFolder.create({ "1_a.sql": pair + pair });
    expect((await folder.read()).findings).toMatchObject([
      { line: 5, hint: expect.stringContaining("file of each pair") },
    ]);
  });

  test.each([
    ["-- migrate:up transaction:false", "-- migrate:down", false, true],
    ["-- migrate:up  foo:bar transaction:false\t", "-- migrate:down transaction:false", false, false],
    ["-- migrate:up transaction:true", "-- migrate:down xtransaction:false", true, true],
    ["-- migrate:up\n-- pgrove:no-transaction", "-- migrate:down", false, true],
  ])("%p, %p", async (upMark, downMark, up, down) => {
    const { migration } = await read(`${upMark}\nselect 1;\n${downMark}\nselect 2;\n`);
    expect([migration?.up?.transaction, migration?.down?.transaction]).toEqual([up, down]);
  });

  test.each([
    ["select 1;\n", 1, "has no section -- migrate:up"],
    ["-- migrate:down\nselect 1;\n-- migrate:up\n", 1, "-- migrate:down stands before -- migrate:up"],
    ["\n-- ok\ncreate type a;\n-- migrate:up\nselect 1;\n-- migrate:down\n", 3, "there is SQL before -- migrate:up"],
    ["-- migrate:up\n-- migrate:up\n-- migrate:down\n", 2, "there is a second -- migrate:up"],
    ["-- migrate:up\n-- migrate:down\nselect 1;\n-- migrate:down\n", 4, "there is a second -- migrate:down"],
  ])("%p is a mistake", async (text, line, message) => {
    const { migration, findings } = await read(text);
    expect(findings).toEqual([{ level: "error", line, message }]);
    expect(migration).toBeUndefined();
  });

  test.each(["-- migrate;down", "-- migrate:rollback", "-- rollback", "-- [Down]"])(
    "without a down of its own, %p is refused: what stands behind it would run on the way up",
    async (mark) => {
      const { migration, findings } = await read(`-- migrate:up\ncreate table a ();\n${mark}\ndrop table a;\n`);
      expect(migration).toBeUndefined();
      expect(findings).toMatchObject([{ level: "error", line: 3 }]);
    },
  );

  test("without a down it can be run, and dbmate's word about it is passed on", async () => {
    const { migration, findings } = await read("-- migrate:up\nselect 1;\n");
    expect(migration?.down).toBeUndefined();
    expect(findings).toMatchObject([{ level: "warning", line: 1 }]);
  });
});

describe("names", () => {
  test("the separator may be missing", async () => {
    const both = "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n";
    expect((await read(both, "123.sql")).migration).toMatchObject({ digits: "123", name: "" });
    expect((await read(both, "123foo.sql")).migration).toMatchObject({ digits: "123", name: "foo" });
    expect((await read(both, "V1_x.sql")).findings).toMatchObject([{ level: "error" }]);
  });

  test("numbers run in their order, and it is said where dbmate's differs", async () => {
    const text = "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n";
    await using folder = await MigrationFolder.create({ "9_a.sql": text, "10_b.sql": text, "11_c.sql": text });
    const { migrations, findings } = await folder.read();
    expect(migrations.map(({ digits }) => digits)).toEqual(["9", "10", "11"]);
    expect(findings).toMatchObject([{ rule: "text_order", level: "warning", file: "migrations/9_a.sql" }]);
  });
});

test("a further mark inside a string or a body is text, as for dbmate, which takes the first of each direction", async () => {
  const up = "create function f() returns text language sql as $$\n  select '\n-- migrate:up\n';\n-- migrate:up\n$$;\n";
  const { migration, findings } = await read(`-- migrate:up\n${up}-- migrate:down\nselect $$\n-- migrate:down\n$$;\n`);
  expect(findings).toEqual([]);
  expect(migration?.up?.sql).toBe(up);
  expect(migration?.down?.sql).toBe("select $$\n-- migrate:down\n$$;\n");
});
