import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdir, rm, symlink } from "node:fs/promises";
import { EXIT, PgroveError } from "../../../../src/errors.ts";
import { type MigrationFiles, requireValid } from "../../../../src/migrate/files/read-migrations.ts";
import { MigrationFolder } from "../../../support/migration-folder.ts";

const SQL = "select 1;\n";

const versionsOf = ({ migrations }: MigrationFiles) => migrations.map(({ version }) => Number(version));

const rulesOf = ({ findings }: MigrationFiles) => findings.map(({ level, rule, file }) => `${level} ${rule} ${file}`);

/** Reads a folder with these files, all of them with the same SQL. */
async function readNames(...names: string[]): Promise<MigrationFiles> {
  await using folder = await MigrationFolder.create(Object.fromEntries(names.map((name) => [name, SQL])));
  return await folder.read();
}

describe("golang-migrate's names", () => {
  test("up and down become one migration; the order is that of the numbers, whatever their width", async () => {
    const files = await readNames("10_c.up.sql", "9_b.up.sql", "9_b.down.sql", "001_a.up.sql", "001_a.down.sql");
    expect(files.layout).toBe("golang-migrate");
    expect(versionsOf(files)).toEqual([1, 9, 10]);
    expect(files.findings).toEqual([]);
    const [first, , last] = files.migrations;
    expect(first).toMatchObject({ digits: "001", name: "a", up: { file: "migrations/001_a.up.sql", line: 1 } });
    expect(first?.down?.file).toBe("migrations/001_a.down.sql");
    expect(last?.down).toBeUndefined();
  });

  test("an empty title, dots, unicode and the time as a number are names as well", async () => {
    const files = await readNames("1_.up.sql", "2_v1.2.up.sql", "3_größe.up.sql", "20260115143022_t.up.sql");
    expect(files.migrations.map(({ name }) => name)).toEqual(["", "v1.2", "größe", "t"]);
    expect(files.findings).toEqual([]);
  });

  test("the halves belong together by their number when only one of each is there", async () => {
    const files = await readNames("3_add.up.sql", "03_drop.down.sql");
    expect(files.migrations).toHaveLength(1);
    expect(files.migrations[0]).toMatchObject({ name: "add", down: { file: "migrations/03_drop.down.sql" } });
  });

  const WRONG: readonly (readonly [names: string[], finding: string, says: string])[] = [
    [["1.up.sql"], "error wrong_name migrations/1.up.sql", "1_NAME.up.sql"],
    [["1_x.sql"], "error wrong_name migrations/1_x.sql", "1_x.up.sql"],
    [["3_x.Up.SQL"], "error wrong_name migrations/3_x.Up.SQL", "3_x.up.sql"],
    [["4-x.up.sql"], "error wrong_name migrations/4-x.up.sql", "4_x.up.sql"],
    [["v4_x.down.sql"], "error wrong_name migrations/v4_x.down.sql", "4_x.down.sql"],
    [["x.up.sql"], "error wrong_name migrations/x.up.sql", "NUMBER_x.up.sql"],
    [["2_c.up.sql.orig"], "warning wrong_name migrations/2_c.up.sql.orig", "2_c.up.sql"],
    [["5_x.up.sql.tmpl"], "warning wrong_name migrations/5_x.up.sql.tmpl", "5_x.up.sql"],
    [["2_b.up.sql.gz"], "error wrong_name migrations/2_b.up.sql.gz", "2_b.up.sql"],
    [["2_b.up.sql.gpg"], "error wrong_name migrations/2_b.up.sql.gpg", "2_b.up.sql"],
    [["2_b.up.sql.txt"], "error wrong_name migrations/2_b.up.sql.txt", "2_b.up.sql"],
    [["2_b.up.sql "], "error wrong_name migrations/2_b.up.sql ", "2_b.up.sql"],
    [["2_b.down.pgsql"], "error wrong_name migrations/2_b.down.pgsql", "2_b.down.sql"],
    [["2_b.up.slq"], "error wrong_name migrations/2_b.up.slq", "2_b.up.sql"],
    [["2_b.up"], "error wrong_name migrations/2_b.up", "2_b.up.sql"],
    [["2_b"], "error wrong_name migrations/2_b", "2_b.up.sql"],
    [["b.up.pgsql"], "error wrong_name migrations/b.up.pgsql", "NUMBER_b.up.sql"],
    [["V5__e.sql"], "error wrong_name migrations/V5__e.sql", "5_e.up.sql"],
    [["R__views.sql"], "error wrong_name migrations/R__views.sql", ".up.sql"],
    [["6-f.up.sql"], "error wrong_name migrations/6-f.up.sql", "6_f.up.sql"],
    [["2_b.py"], "error wrong_name migrations/2_b.py", "migrations.command"],
    [["20260115143022-add.ts"], "error wrong_name migrations/20260115143022-add.ts", "migrations.command"],
    [["V2__b.java"], "error wrong_name migrations/V2__b.java", "migrations.command"],
    [["2_b.go"], "error wrong_name migrations/2_b.go", "migrations.command"],
    [["0001.b.py"], "error wrong_name migrations/0001.b.py", "migrations.command"],
    [["2_b.edn"], "error wrong_name migrations/2_b.edn", "migrations.command"],
    [["2_b.up.fizz"], "error wrong_name migrations/2_b.up.fizz", "migrations.command"],
    [["2_b.up.json"], "error wrong_name migrations/2_b.up.json", "NUMBER_name.up.sql"],
    [["m20260115_143022_b.rs"], "error wrong_name migrations/m20260115_143022_b.rs", "migrations.command"],
    [["Version20260115143022.php"], "error wrong_name migrations/Version20260115143022.php", "migrations.command"],
    [["Migration20260115143022.ts"], "error wrong_name migrations/Migration20260115143022.ts", "migrations.command"],
    [["2_b.up.sql.bak"], "warning wrong_name migrations/2_b.up.sql.bak", "2_b.up.sql"],
    [["2_b.sql.disabled"], "warning wrong_name migrations/2_b.sql.disabled", "2_b.up.sql"],
    [["5_a.down.sql"], "error down_without_up migrations/5_a.down.sql", "migrations/5_a.up.sql"],
    [["002_a.up.sql", "2_b.up.sql"], "error duplicate_version migrations/2_b.up.sql", "renumber"],
    [["9223372036854775808_a.up.sql"], "error version_too_large migrations/9223372036854775808_a.up.sql", ""],
    [["18446744073709551615_a.up.sql"], "error version_too_large migrations/18446744073709551615_a.up.sql", ""],
  ];

  test.each([...WRONG])("%p is found", async (names, finding, says) => {
    const files = await readNames(...names);
    expect(rulesOf(files)).toEqual([finding]);
    expect(files.findings[0]?.hint ?? "").toContain(says);
  });

  test("what it probably is, is said", async () => {
    const names = ["2_b.up.sql.gz", "2_b.up.sql.age", "3_c.rb", "V5__e.sql", "4_d.up.pgsql"];
    const said = (await readNames(...names)).findings.map(({ message }) => message);
    expect(said).toHaveLength(names.length);
    for (const words of ["compressed", "encrypted", "Rails", "Flyway", "NUMBER_name.up.sql"]) {
      expect(said.filter((message) => message.includes(words))).not.toEqual([]);
    }
  });

  test("SQL without a number is named; it is an error where it is all that there is to run", async () => {
    expect(rulesOf(await readNames("1_a.up.sql", "add_b.sql"))).toEqual(["warning wrong_name migrations/add_b.sql"]);
    expect(rulesOf(await readNames("add_b.sql", "schema.sql"))).toEqual(["error wrong_name migrations/add_b.sql"]);
    expect(rulesOf(await readNames("1_a.up.sql.bak"))).toEqual(["warning wrong_name migrations/1_a.up.sql.bak"]);
  });

  const OTHERS: readonly (readonly [tool: string, text: string])[] = [
    ["Liquibase", "--liquibase formatted sql\n--changeset a:1\ncreate table a();\n--rollback drop table a;\n"],
    ["sql-migrate", "-- +migrate Up\ncreate table a();\n-- +migrate Down\ndrop table a;\n"],
    ["node-pg-migrate", "-- Up Migration\ncreate table a();\n-- Down Migration\ndrop table a;\n"],
    ["rambler", "-- rambler up\ncreate table a();\n-- rambler down\ndrop table a;\n"],
    ["tern", "create table a();\n---- create above / drop below ----\ndrop table a;\n"],
    ["MyBatis", "create table a();\n-- //@UNDO\ndrop table a;\n"],
    ["yoyo", "-- depends: 0.x\ncreate table a();\n"],
  ];

  test.each([...OTHERS])("the text of %s is known, and its way back is not run on the way up", async (tool, text) => {
    await using whole = await MigrationFolder.create({ "1_a.sql": text });
    expect((await whole.read()).findings[0]?.message).toContain(tool);
    await using renamed = await MigrationFolder.create({ "1_a.up.sql": text });
    expect(rulesOf(await renamed.read())).toEqual(
      /drop table a;\n$/.test(text) && !text.includes("--rollback") ? ["error sections migrations/1_a.up.sql"] : [],
    );
  });

  test.each(["-- +++ DOWN +++", "/*****\n * Down\n *****/", "-- ------ undo ------", "-- Down\n-- drops it"])(
    "%j goes over to the way back, whatever frames it",
    async (mark) => {
      await using folder = await MigrationFolder.create({
        "1_a.up.sql": `create table a ();\n${mark}\ndrop table a;\n`,
      });
      expect(rulesOf(await folder.read())).toEqual(["error sections migrations/1_a.up.sql"]);
    },
  );

  test.each([
    "-- Rollback:\n-- drop table a;\ncreate table a ();\n",
    "-- undo\ncreate table a ();\n",
    "create table a ();\n-- rollback:\n--   drop table a;\ncreate table b ();\n",
  ])("%j only tells of the way back", async (text) => {
    await using folder = await MigrationFolder.create({ "1_a.up.sql": text });
    expect(rulesOf(await folder.read())).toEqual([]);
  });

  test("rulers of any length are read in no time", async () => {
    const ruler = `${"-".repeat(50_000)}\n/*${"* ".repeat(50_000)}*/\n-- ${"=".repeat(50_000)}\n`;
    await using folder = await MigrationFolder.create({ "1_a.up.sql": `${ruler}select 1; -- migrate\n` });
    expect(rulesOf(await folder.read())).toEqual([]); // by a pattern that tries each length it would not end
  });

  test("words about up and down are no marks", async () => {
    const text =
      "-- Down the road we drop this\n-- up to here\nselect $$\n-- Down Migration\n$$;\n/* @download */\n-- down:\n--   drop it\n";
    await using folder = await MigrationFolder.create({ "1_a.up.sql": text });
    expect(rulesOf(await folder.read())).toEqual([]);
  });

  test("the largest version that PostgreSQL keeps is one", async () => {
    expect((await readNames("9223372036854775807_a.up.sql")).findings).toEqual([]);
  });

  test("a version that is there twice names both files, and keeps both", async () => {
    const files = await readNames("5_a.up.sql", "5_a.down.sql", "5_b.up.sql", "5_b.down.sql");
    expect(files.findings[0]?.message).toContain("migrations/5_a.up.sql and migrations/5_b.up.sql");
    expect(files.migrations.map(({ name, down }) => [name, down !== undefined])).toEqual([
      ["a", true],
      ["b", true],
    ]);
  });

  test("what has nothing to do with migrations is not mentioned", async () => {
    const beside = [
      ...["README.md", "README", ".gitkeep", "schema.sql", "seed.sql", "atlas.sum", "embed.go", "env.py", "Makefile"],
      ...[
        ".2_b.up.sql.swp",
        "1_a.up.sql~",
        "1_a.up.sql.swp",
        "#1_a.up.sql#",
        "1_a.up.sql___jb_tmp___",
        "1_a.up.sql:Zone.Identifier",
      ],
      ...["1_a.up.sql.sha256", "1_a.up.sql.license", "1_a.md", "1_a.png", "2026-01-15 notes.txt", "2026.csv", "4913"],
      ...["2_b_test.go", "2_b.test.ts", "2_b.d.ts", "meta/0000_snapshot.json", "meta/_journal.json", "2_b/README.md"],
    ];
    const files = await readNames("1_a.up.sql", ...beside.map((name) => `migrations/${name}`));
    expect(files.findings).toEqual([]);
    expect(versionsOf(files)).toEqual([1]);
  });
});

describe("another tool's marks in golang-migrate's files", () => {
  test.each(["-- migrate:down", "-- +goose Down", "  -- +migrate Down"])("%p in an up is refused", async (mark) => {
    await using folder = await MigrationFolder.create({ "1_a.up.sql": `create table a ();\n${mark}\ndrop table a;\n` });
    const { findings } = await folder.read();
    expect(findings).toMatchObject([{ level: "error", rule: "sections", line: 2 }]);
    expect(findings[0]?.hint).toContain(".down.sql");
  });

  test("those of the file's own direction, quoted ones and sentences pass", async () => {
    await using folder = await MigrationFolder.create({
      "1_a.up.sql": "-- +goose Up\n-- we migrate:down later\nselect '\n-- migrate:down';\n",
      "1_a.down.sql": "-- migrate:down\nselect 1;\n",
    });
    expect((await folder.read()).findings).toEqual([]);
  });
});

describe("folders", () => {
  test("several, and those below one with /**", async () => {
    const names = ["a/1_x.up.sql", "b/2_x.up.sql", "b/deep/3_x.up.sql", "a/deep/4_x.up.sql"];
    await using folder = await MigrationFolder.create(Object.fromEntries(names.map((name) => [name, SQL])));
    expect(versionsOf(await folder.read({ dirs: ["a"] }))).toEqual([1]);
    expect(versionsOf(await folder.read({ dirs: ["a", "b"] }))).toEqual([1, 2]);
    const deep = await folder.read({ dirs: ["a", "b/**"] });
    expect(versionsOf(deep)).toEqual([1, 2, 3]);
    expect(deep.migrations[2]?.up?.file).toBe("b/deep/3_x.up.sql");
    expect(versionsOf(await folder.read({ dirs: ["b", "b/**"] }))).toEqual([2, 3]);
  });

  test("a version that is in two folders", async () => {
    await using folder = await MigrationFolder.create({ "a/7_x.up.sql": SQL, "b/07_y.up.sql": SQL });
    expect(rulesOf(await folder.read({ dirs: ["a", "b"] }))).toEqual(["error duplicate_version b/07_y.up.sql"]);
  });

  test("an empty one is golang-migrate's; one that is not there is a mistake", async () => {
    await using folder = await MigrationFolder.create();
    expect(await folder.read()).toMatchObject({ layout: "golang-migrate", migrations: [], findings: [] });
    await rm(folder.at("migrations"), { recursive: true });
    expect(rulesOf(await folder.read())).toEqual(["error folder_missing migrations"]);
    await folder.write("./migrations", "a file");
    expect((await folder.read()).findings[0]).toMatchObject({ rule: "unreadable", message: "is not a folder" });
  });

  test("folders that are migrations for another tool are found, also where those below count", async () => {
    await using folder = await MigrationFolder.create({
      "migrations/2026-01-15-143022_users/up.sql": SQL,
      "migrations/2026-01-15-143022_users/down.sql": SQL,
      "migrations/20260116143022_posts/migration.sql": SQL,
    });
    const found = [
      "error wrong_name migrations/2026-01-15-143022_users/up.sql",
      "error wrong_name migrations/20260116143022_posts",
    ];
    for (const dirs of [["migrations"], ["migrations/**"]]) {
      expect(rulesOf(await folder.read({ dirs, layout: "golang-migrate" }))).toEqual(found);
    }
  });

  test("what looks like a migration in a folder below is named, once a folder, and with its tool", async () => {
    await using folder = await MigrationFolder.create({
      "1_a.up.sql": SQL,
      ...{
        "migrations/2026/2_b.up.sql": SQL,
        "migrations/2026/3_c.up.sql": SQL,
        "migrations/2026/deep/4_d.up.sql": SQL,
      },
      ...{ "migrations/versions/1975ea83b712_accounts.py": "", "migrations/sql/V1__init.sql": SQL },
      ...{
        "migrations/seeds/base.sql": SQL,
        "migrations/.git/5_e.up.sql": SQL,
        "migrations/node_modules/x/6_f.up.sql": SQL,
      },
    });
    const { findings } = await folder.read();
    expect(findings.map(({ file, level, message }) => `${level} ${file}: ${message}`)).toEqual([
      expect.stringMatching(/^error migrations\/2026\/2_b.up.sql: .* and 1 more in migrations\/2026 /),
      expect.stringMatching(/^error migrations\/2026\/deep\/4_d.up.sql: would not be run/),
      expect.stringMatching(/^error migrations\/sql\/V1__init.sql: .*Flyway/),
      expect.stringMatching(/^error migrations\/versions\/1975ea83b712_accounts.py: .*Alembic/),
    ]);
    expect(rulesOf(await folder.read({ dirs: ["migrations", "migrations/2026/**"] }))).toHaveLength(2);
  });

  test.each([
    ["changelog.xml", "Liquibase"],
    ["db.changelog-master.yaml", "Liquibase"],
    ["afterMigrate.sql", "Flyway"],
    ["V2__users.rs", "refinery"],
    ["20260115143022_users.js", "Knex"],
    ["20260115143022_users.rb", "Rails"],
    ["0001_initial.py", "Django"],
    ["00002_fill.go", "goose"],
    ["sqitch.plan", "sqitch"],
  ])("%s is named with its tool", async (name, tool) => {
    await using folder = await MigrationFolder.create({ "1_a.up.sql": SQL, [name]: SQL });
    const { findings } = await folder.read();
    expect(findings).toMatchObject([
      { level: "error", file: `migrations/${name}`, message: expect.stringContaining(tool) },
    ]);
  });

  test("SQL without a number is said not to be run", async () => {
    await using folder = await MigrationFolder.create({ "1_a.up.sql": SQL, "users.sql": SQL });
    expect(rulesOf(await folder.read())).toEqual(["warning wrong_name migrations/users.sql"]);
  });

  test("migrations.ignore leaves out names wherever they are, and paths within the folder", async () => {
    await using folder = await MigrationFolder.create({
      ...{ "1_a.up.sql": SQL, "2_b.up.sql": SQL, "notes.sql": SQL, "3_c.py": "" },
      ...{ "migrations/old/4_d.up.sql": SQL, "migrations/new/5_e.up.sql": SQL },
    });
    const files = await folder.read({ ignore: ["2_*", "notes.sql", "*.py", "old/**", "new/"] });
    expect([versionsOf(files), files.findings]).toEqual([[1], []]);
  });

  test("a link with a name that is nearly one is found as the file would be", async () => {
    await using folder = await MigrationFolder.create({ "shared/b": SQL });
    await symlink(folder.at("shared/b"), folder.at("migrations/2_b.up.pgsql"));
    await symlink(folder.at("shared/b"), folder.at("migrations/README"));
    await symlink(folder.at("nothing"), folder.at("migrations/nothing"));
    expect(rulesOf(await folder.read())).toEqual(["error wrong_name migrations/2_b.up.pgsql"]);
  });

  test("links are followed inside the repository, and only there", async () => {
    await using folder = await MigrationFolder.create({ "shared/1_a.up.sql": SQL });
    await using outside = await MigrationFolder.create({ "2_b.up.sql": SQL });
    await symlink(folder.at("shared/1_a.up.sql"), folder.at("migrations/1_a.up.sql"));
    await symlink(outside.at("migrations/2_b.up.sql"), folder.at("migrations/2_b.up.sql"));
    await symlink(folder.at("nothing"), folder.at("migrations/3_c.up.sql"));
    await mkdir(folder.at("a-folder"));
    await symlink(folder.at("a-folder"), folder.at("migrations/4_d.up.sql"));
    const files = await folder.read();
    expect(versionsOf(files)).toEqual([1]);
    expect(files.findings.map(({ file, message }) => `${file} ${message.split(" (")[0]}`)).toEqual([
      "migrations/2_b.up.sql is a link that leads out of the repository",
      "migrations/3_c.up.sql is a link to nothing",
      "migrations/4_d.up.sql is not a regular file",
    ]);
  });
});

describe("texts", () => {
  test("what is no text is found", async () => {
    const notUtf8 = new Uint8Array([0x73, 0xff, 0x3b]);
    await using folder = await MigrationFolder.create({ "1_a.up.sql": notUtf8, "2_b.up.sql": "select 1;\0" });
    expect((await folder.read()).findings.map(({ file, message }) => `${file} ${message}`)).toEqual([
      "migrations/1_a.up.sql is not UTF-8 text",
      "migrations/2_b.up.sql has NUL bytes in it",
    ]);
  });

  test("a file without SQL is a warning", async () => {
    const empty = { "1_a.up.sql": "", "2_b.up.sql": " -- later\n/* or never */\n" };
    await using folder = await MigrationFolder.create({ ...empty, "3_c.up.sql": "-- now\nselect 1;" });
    const files = await folder.read();
    expect(rulesOf(files)).toEqual([
      "warning empty-migration migrations/1_a.up.sql",
      "warning empty-migration migrations/2_b.up.sql",
    ]);
    expect(requireValid(files)).toBe(files);
  });

  test("the checksum is SHA-256, the same for all line ends and with a byte order mark", async () => {
    const text = "select 'é';\nselect 2;\n";
    const crlf = text.replaceAll("\n", "\r\n");
    await using folder = await MigrationFolder.create({ "1_a.up.sql": text, "2_b.up.sql": `\ufeff${crlf}` });
    const { migrations } = await folder.read();
    const expected = createHash("sha256").update(text).digest("hex");
    expect(migrations.map(({ up }) => up?.checksum)).toEqual([expected, expected]);
    expect(migrations[1]?.up?.sql).toBe(crlf);
  });

  const MARKS = [
    "-- pgrove:no-transaction",
    "--pgrove:no-transaction  ",
    "-- no-transaction",
    "--! no-transaction",
    "---- tern: disable-tx ----",
    "-- atlas:txmode none",
    "-- +goose NO TRANSACTION",
    "-- migrate:up transaction:false",
    "/* why */\n\n-- and how\n-- pgrove:no-transaction\r",
  ];

  test.each(MARKS)("%p says that there is to be no transaction", async (mark) => {
    await using folder = await MigrationFolder.create({ "1_a.up.sql": `${mark}\n${SQL}` });
    expect((await folder.read()).migrations[0]?.up?.transaction).toBe(false);
  });

  const NO_MARKS = [
    `${SQL}-- pgrove:no-transaction\n`,
    "-- no-transaction is needed here\n",
    "select '-- no-transaction';",
  ];

  test.each(NO_MARKS)("%p does not", async (text) => {
    await using folder = await MigrationFolder.create({ "1_a.up.sql": text });
    expect((await folder.read()).migrations[0]?.up?.transaction).toBe(true);
  });
});

describe("the layout", () => {
  const DBMATE = "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n";
  const GOOSE = "-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n";

  test.each([
    ["golang-migrate", { "1_a.up.sql": SQL }],
    ["dbmate", { "1_a.sql": DBMATE }],
    ["goose", { "1_a.sql": GOOSE, "schema.sql": SQL }],
    ["diesel", { "migrations/2026-01-15-143022_a/up.sql": SQL, "migrations/2026-01-15-143022_a/down.sql": SQL }],
    ["sqlx", { "1_a.up.sql": SQL, "./Cargo.toml": '[dependencies]\nsqlx = "0.8"\n' }],
    ["sqlx", { "1_a.sql": SQL, "./Cargo.toml": "[dependencies.sqlx]\nversion = '0.8'\n" }],
    ["golang-migrate", { "1_a.up.sql": SQL, "./Cargo.toml": "[dependencies]\nserde = '1'\n" }],
    ["dbmate", { "1_a.sql": DBMATE, "./Cargo.toml": "[dependencies]\nsqlx = '0.8'\n" }],
  ])("%s is found out", async (layout, written) => {
    await using folder = await MigrationFolder.create(written);
    const files = await folder.read();
    expect<string>(files.layout).toBe(layout);
    expect(files.findings).toEqual([]);
  });

  test("files of two tools are a mistake, unless it is said which count", async () => {
    await using folder = await MigrationFolder.create({ "1_a.sql": DBMATE, "2_b.sql": GOOSE });
    const files = await folder.read();
    expect(rulesOf(files)).toEqual(["error mixed_layouts migrations/2_b.sql"]);
    expect(files.findings[0]?.message).toContain("migrations/1_a.sql is dbmate's, migrations/2_b.sql is goose's");
    const chosen = await folder.read({ layout: "dbmate" });
    expect(versionsOf(chosen)).toEqual([1]);
    expect(rulesOf(chosen)).toEqual(["error sections migrations/2_b.sql"]);
  });
});

describe("requireValid", () => {
  test("throws with every error and where it is, and without the warnings", async () => {
    const files = await readNames("1.up.sql", "2_x.sql", "3_x.up.sql.orig");
    const error = catchError(() => requireValid(files));
    expect(error).toMatchObject({ code: "migrations_invalid", exit: EXIT.config });
    expect(error.message.split("\n")).toHaveLength(3);
    expect(error.message).toContain("migrations/1.up.sql:1  would not be run");
    expect(error.message).not.toContain(".orig");
  });

  test("a single one stands alone, with its hint", async () => {
    const error = catchError(() => requireValid({ ...NOTHING, findings: [FINDING] }));
    expect([error.message, error.hint]).toEqual(["a.sql:3  is wrong", "mend it"]);
    const { hint: _, ...bare } = FINDING;
    expect(catchError(() => requireValid({ ...NOTHING, findings: [bare] })).hint).toContain("pgrove migrate check");
  });
});

const NOTHING: MigrationFiles = { layout: "dbmate", dirs: [], root: "/", migrations: [], findings: [] };
const FINDING = {
  rule: "r",
  level: "error",
  file: "a.sql",
  line: 3,
  column: 1,
  message: "is wrong",
  hint: "mend it",
} as const;

function catchError(body: () => unknown): PgroveError {
  try {
    body();
  } catch (error) {
    if (error instanceof PgroveError) return error;
  }
  throw new Error("nothing was thrown");
}
