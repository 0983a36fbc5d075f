/** What dbmate's own tests look at, told on dbmate's files: sections, order, rollback, waiting, the schema, env files. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { waitForWords } from "../../support/faults/moments.ts";
import { LateServer } from "../../support/migrate/late-server.ts";
import { dbmate } from "../../support/migrate/other-tools.ts";
import { Stage } from "../../support/migrate/stage.ts";

/** A file of dbmate's that makes a table. */
const fileOf = (table: string, lineEnd = "\n") =>
  [
    "-- migrate:up",
    `create table ${table} (id bigint primary key);`,
    "",
    "-- migrate:down",
    `drop table ${table};`,
    "",
  ].join(lineEnd);

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

describe("files", () => {
  test.concurrent("line ends of Windows, comments before up, no transaction, wide letters, several folders", async () => {
    await using stage = await Stage.create(server, {
      "001_a.sql": fileOf("a", "\r\n"),
      "002_b.sql": `-- a word before\n\n${fileOf("b")}`,
      "003_c.sql":
        "-- migrate:up transaction:false\ncreate index concurrently a_id on a (id);\n\n-- migrate:down transaction:false\ndrop index concurrently a_id;\n",
      "elsewhere/004_größe.sql": fileOf('"größe 🐘"'),
      "pgrove.yaml": `project: folders\nserver: {url: "\${DATABASE_URL}"}\nmigrations: {dir: [migrations, elsewhere]}\n`,
    });
    await stage.ok("up");
    expect(await stage.tables()).toEqual(["a", "b", "größe 🐘"]);
    expect(await stage.rows("select indexname from pg_indexes where indexname = 'a_id'")).toHaveLength(1);
    expect(await stage.rows("select version from schema_migrations order by 1")).toEqual(["001", "002", "003", "004"]);
    await stage.ok("down 2 --yes");
    expect(await stage.rows("select version from schema_migrations order by 1")).toEqual(["001", "002"]);
    expect(await stage.tables()).toEqual(["a", "b"]);
  });

  const WRONG: [what: string, text: string, says: string][] = [
    ["no section", "create table a (id int);\n", "001_a.sql"],
    ["a statement before up", `drop table b;\n${fileOf("a")}`, "001_a.sql:1"],
    [
      "the sections the other way round",
      "-- migrate:down\ndrop table a;\n-- migrate:up\ncreate table a (id int);\n",
      "001_a.sql",
    ],
    ["two downs", `${fileOf("a")}-- migrate:down\ndrop table a;\n`, "001_a.sql:6"],
  ];

  test.concurrent("what is wrong in one is named, and nothing is run", async () => {
    await using stage = await Stage.create(server, { "002_b.sql": fileOf("b") });
    for (const [what, text, says] of WRONG) {
      await stage.write({ "001_a.sql": text });
      const { code, stderr } = await stage.run("up");
      expect([what, code, stderr]).toEqual([what, 3, expect.stringContaining(says)]);
    }
    expect([await stage.tables(), await stage.ledger()]).toEqual([[], ""]);
  });
});

describe("order", () => {
  test.concurrent("an older one is refused, unless that is allowed; a rollback takes back the newest version", async () => {
    await using stage = await Stage.create(server, { "001_a.sql": fileOf("a"), "003_c.sql": fileOf("c") });
    await stage.ok("up");
    await stage.write({ "002_b.sql": fileOf("b") });
    expect(await stage.fails(5, "up")).toContain("002 b: pending, and older than 003 c, which is applied");
    expect((await dbmate(stage, "migrate", "--strict")).code).not.toBe(0);
    await stage.ok("up --allow-out-of-order");
    expect(await stage.ledger()).toBe("1 2 3");
    expect((await dbmate(stage, "status")).stdout).toContain("Pending: 0");
    await stage.ok("down --yes");
    expect([await stage.ledger(), await stage.tables()]).toEqual(["1 2", ["a", "b"]]);
  });

  test.concurrent("one that fails is not said to be applied, and those before it are", async () => {
    await using stage = await Stage.create(server, {
      "001_a.sql": fileOf("a"),
      "002_b.sql": "-- migrate:up\ncreate table b (id int);\nselect nothing;\n\n-- migrate:down\ndrop table b;\n",
    });
    const { code, stdout, stderr } = await stage.run("up");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("002_b.sql:3:8");
    expect(stderr).not.toMatch(/applied/i);
    expect(await stage.rows("select version from schema_migrations")).toEqual(["001"]);
    expect(await stage.tables()).toEqual(["a"]);
  });
});

describe("a server that is not there", () => {
  test.concurrent("is waited for with --wait, and a session that is refused at first too", async () => {
    await using late = await LateServer.reserve(server);
    await using stage = await Stage.create(server, { "001_a.sql": fileOf("a") });
    const url = stage.url().replace(`:${server.port}/`, `:${late.port}/`);
    const program = stage.start("up --wait 60s --yes --json", { env: { DATABASE_URL: url } });
    await waitForWords(program, /waiting/);
    await late.open();
    const { code, stdout } = await program.ended;
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { to: "1", migrations: [{ version: "1" }] }]);
  });

  test.concurrent("is said to be missing after the time, or at once; the URL's password is not", async () => {
    await using late = await LateServer.reserve(server);
    await using stage = await Stage.create(server, { "001_a.sql": fileOf("a") });
    const env = { DATABASE_URL: `postgres://ann:s3cret%40%2F@127.0.0.1:${late.port}/nowhere` };
    for (const line of ["up", "up --wait 300ms", "status", "down --yes --json"]) {
      const stderr = await stage.fails(4, line, env);
      expect(stderr).toContain(`127.0.0.1:${late.port}`);
      expect(stderr).not.toContain("s3cret");
    }
    const wrong = await stage.fails(3, "up --wait 30s", { DATABASE_URL: stage.url("nobody_of_that_name", "s3cret") });
    expect(wrong).not.toContain("s3cret"); // a wrong password is not waited for
  });
});

describe.each(takingTurns([15, 17, 18], import.meta.path))("the schema file on PostgreSQL %i", (major) => {
  test.concurrent("can be loaded by dbmate and by pgrove, says what is applied, and is the same again", async () => {
    const own = await sharedServer(major);
    const yaml = (database: string) =>
      `project: dump\nserver: {container: ${own.container}}\ndatabase: {name: ${database}}\nmigrations: {schema_file: schema.sql}\n`;
    const files = {
      "001_a.sql": fileOf("a"),
      "002_b.sql":
        "-- migrate:up\ncreate table b (id bigint generated always as identity, note text default 'it''s', check (note <> '\\'));\ncreate view v as select note from b;\n-- migrate:down\ndrop view v; drop table b;\n",
    };
    await using stage = await Stage.create(own, files);
    await stage.write({ "pgrove.yaml": yaml(stage.database) });
    await stage.ok("up");
    const written = await readFile(join(stage.repo.folder, "schema.sql"), "utf8");
    expect(written).not.toMatch(/\\restrict|Dumped (?:from|by)/);

    await using loaded = await Stage.create(own, { ...files, "dbmate-schema.sql": "" });
    await Bun.write(join(loaded.repo.folder, "dbmate-schema.sql"), written);
    expect(await dbmate(loaded, "load")).toMatchObject({ code: 0 });
    expect((await dbmate(loaded, "status")).stdout).toContain("Pending: 0");
    await loaded.write({ "pgrove.yaml": yaml(loaded.database) });
    expect(await loaded.ok("up")).toBe("no change");

    await using begun = await Stage.create(own, files);
    await begun.write({ "pgrove.yaml": yaml(begun.database), "003_c.sql": fileOf("c") });
    await Bun.write(join(begun.repo.folder, "schema.sql"), written);
    await begun.ok("up --from-schema");
    expect([await begun.ledger(), await begun.tables()]).toEqual(["1 2 3", ["a", "b", "c"]]);
    await begun.ok("down --yes --skip-backup");
    expect(await readFile(join(begun.repo.folder, "schema.sql"), "utf8")).toBe(written);
  });
});

describe("env files", () => {
  test.concurrent("one that is named counts more than the shell, which is said; without one the shell counts", async () => {
    await using stage = await Stage.create(server, { "001_a.sql": fileOf("a") });
    const other = uniqueName("env");
    await server.createDatabase(other);
    try {
      await stage.write({
        "envs/one.env": `# where\nexport DATABASE_URL="${stage.url()}"\r\n`,
        "envs/parts.env": `DATABASE_HOST=127.0.0.1\nDATABASE_PORT=${server.port}\nDATABASE_USER=${server.user}\nDATABASE_PASSWORD='${server.password}'\nDATABASE_NAME=${stage.database}\n`,
        "envs/empty.env": "OTHER=1\n",
        "envs/others.env": "DB_URL=postgres://u@h/d\n",
        ".env": "DATABASE_URL=postgres://nobody@127.0.0.1:1/nowhere\n",
      });
      const shell = { DATABASE_URL: stage.url(undefined, undefined, other) };
      const { code, stderr } = await stage.run("up --env-file envs/one.env", shell);
      expect([code, stderr]).toEqual([0, expect.stringContaining("DATABASE_URL is set differently in the shell")]);
      expect(await stage.ledger()).toBe("1");
      expect(await stage.json("status --env-file envs/parts.env", shell)).toMatchObject({ current: "1" });
      expect(await stage.json("status", shell)).toMatchObject({ current: null }); // no .env is read unasked
      expect(await stage.fails(4, "status --env-file envs/none.env", shell)).toContain("envs/none.env");
      expect(await stage.fails(3, "status --env-file envs/empty.env", shell)).toContain("says nothing of a database");
      const named = await stage.fails(3, "status --env-file envs/others.env", shell);
      expect(named).toContain(`DATABASE_URL="\${DB_URL}"`);
      expect(await stage.fails(3, "status", { DATABASE_URL: "" })).toContain("DATABASE_URL");
    } finally {
      await server.psql("postgres", `drop database ${other}`);
    }
  });
});
