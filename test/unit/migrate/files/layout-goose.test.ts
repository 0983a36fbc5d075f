import { describe, expect, test } from "bun:test";
import { checksumOf } from "../../../../src/migrate/files/layout.ts";
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

test("a statement between its marks is ended where it has no semicolon, and its checksum is that of what is written", async () => {
  const up = [
    "-- +goose StatementBegin",
    "create function one() returns int language sql as $$ select 1 $$ -- no end;",
    "-- +goose StatementEnd",
    "-- +goose StatementBegin",
    "select one(); /* ended */",
    "-- +goose StatementEnd",
    "-- +goose StatementBegin",
    "copy t from stdin;\nit's\n\\.",
    "-- +goose StatementEnd",
    "-- +goose StatementBegin\n-- nothing\n-- +goose StatementEnd",
    "",
  ];
  const down = "-- +goose StatementBegin\ndrop function one()\n-- +goose StatementEnd\n";
  const { migration, findings } = await read(`-- +goose Up\n${up.join("\n")}-- +goose Down\n${down}`);
  expect(findings).toEqual([]);
  expect(migration?.up?.sql).toBe(up.with(2, ";-- +goose StatementEnd").join("\n"));
  expect(migration?.up?.checksum).toBe(checksumOf(up.join("\n")));
  expect(migration?.down).toMatchObject({ sql: down.replace("()\n", "()\n;"), checksum: checksumOf(down) });
});

test("what another tool would take for the way back is none behind goose's own, or with nothing to run behind it", async () => {
  for (const text of ["select 1;\n-- down\n-- drop table a;\n;\n", "select 1;\n-- +goose Down\n-- Down\nselect 2;\n"]) {
    expect((await read(`-- +goose Up\n${text}`)).findings).toEqual([]);
  }
});

test("the rows of a COPY open no quote, and words of a sentence are no mark", async () => {
  const up =
    "copy t from stdin;\nit's\n\\.\n-- goose down the road\nselect '-- +goose Down', $$\n  /* goose down */ $$;\n";
  const { migration, findings } = await read(`-- +goose Up\n${up}-- +goose Down\nselect 2;\n`);
  expect(findings).toEqual([]);
  expect([migration?.up?.sql, migration?.down?.sql]).toEqual([up, "select 2;\n"]);
});

describe("what looks like a mark and is none is refused: the down behind it would run on the way up", () => {
  test.each([
    " -- +goose Down",
    "\t-- +goose Down",
    "\u00a0-- +goose Down",
    "--+Goose Down",
    "-- +GOOSE DOWN",
    "-- + goose Down",
    "--- +goose Down",
    "-- +goose: Down",
    "-- +goose  No  Transaction",
    "-- +goose Down -- the way back",
    "-- +goose",
    "-- as goose's own: +goose Down",
    "-- goose Down",
    "-- goose:down",
    "/* +goose Down */",
    "select 1; -- +goose Down",
    "-- a comment\r-- +goose Down\rdrop table b;",
    "-- migrate:down",
    "-- +migrate Down",
    ...[
      "-- -goose Down",
      "-- @goose: down",
      "-- +gose Down",
      "--+Goosedown",
      "-- +migr8 Down",
      "/*\n * +goose Down\n */",
    ],
    ...["-- Down", "-- ==== DOWN ====", "/* [down] */", "-- rollback:", "-- Undo script", "-- !Downs", "-- //@UNDO"],
  ])("%p", async (mark) => {
    const { migration, findings } = await read(`-- +goose Up\ncreate table a ();\n${mark}\ndrop table a;\n`);
    expect(migration).toBeUndefined();
    expect(findings).toMatchObject([{ level: "error", line: 3 }]);
  });

  test.each(["select '", "select $body$", 'select 1 as "', "/*", "select e'\\'"])(
    "one that is goose's stands behind %p, which is still open",
    async (opening) => {
      const { migration, findings } = await read(`-- +goose Up\n${opening}\n-- +goose Down\ndrop table a;\n`);
      expect(migration).toBeUndefined();
      expect(findings).toMatchObject([{ level: "error", line: 3 }]);
    },
  );

  test.each([" -- +goose Up", "-- +Goose Up", "-- + goose up"])("%p as the only one", async (mark) => {
    await using folder = await MigrationFolder.create({ "1_a.sql": `${mark}\ncreate table a ();\n` });
    const { layout, migrations, findings } = await folder.read();
    expect([layout, migrations]).toEqual(["goose", []]);
    expect(findings).toMatchObject([{ level: "error", rule: "sections", line: 1 }]);
  });
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

describe("an annotation is what goose's own parser takes for one", () => {
  test.each(["--+goose Down", "-- +gooseDown", "-- +goose Down --", "--\t+goose   down  ", "-- +goose Down\r"])(
    "%j",
    async (mark) => {
      const { migration, findings } = await read(`-- +goose Up\ncreate table a ();\n${mark}\ndrop table a;\n`);
      expect(findings).toEqual([]);
      expect(migration?.down?.sql).toBe("drop table a;\n");
    },
  );

  test.each([
    ...["-- +goose Down +goose", "-- done: +goose Down", "--- +goose Down", "-- +goose", "-- +goose NO  TRANSACTION"],
    ...["-- +goose ENVSUBST OFF", "-- +goose Downwards", "\t-- +goose Down"],
  ])("%j is refused, and nothing of the file is read", async (mark) => {
    const { migration, findings } = await read(`-- +goose Up\ncreate table a ();\n${mark}\ndrop table a;\n`);
    expect(migration).toBeUndefined();
    expect(findings).toMatchObject([{ level: "error", line: 3 }]);
  });
});
