/** What divides a file: a mark that its tool does not see must not run a down on the way up. The compiled program. */
import { beforeAll, expect, test } from "bun:test";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { dbmate } from "../../support/migrate/other-tools.ts";
import { Stage } from "../../support/migrate/stage.ts";
import { patiently } from "../../support/patience.ts";

const TIMEOUT_MS = patiently(180_000);

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

const MISSED: [tool: string, text: string][] = [
  ["goose", "-- +goose Up\ninsert into keep values (4);\n\t-- +goose Down\ndrop table keep;\n"],
  ["goose", "-- +goose Up\ninsert into keep values (4);\n-- + goose Down\ndrop table keep;\n"],
  ["dbmate", "-- migrate:up\ninsert into keep values (4);\n  -- migrate:down\ndrop table keep;\n"],
  ["dbmate", "-- migrate:up\ninsert into keep values (4);\n-- migrate: down\ndrop table keep;\n"],
];

test.concurrent(
  "a mark that is not taken as one is refused with file and line, and nothing runs",
  async () => {
    const rows = "create table keep (id int); insert into keep values (1), (2), (3)";
    await using stage = await Stage.create(server, {}, { sql: rows });
    for (const [tool, text] of MISSED) {
      await stage.write({ "00001_keep.sql": text });
      expect(await stage.fails(3, "up --yes")).toContain("migrations/00001_keep.sql:3");
      expect([tool, text, await stage.rows("select count(*) from keep")]).toEqual([tool, text, ["3"]]);
      if (tool === "dbmate") expect(await dbmate(stage, "migrate")).toMatchObject({ code: 2 }); // it refuses them, too
      const { code, stdout } = await stage.run("check --no-server --json");
      const findings = [{ file: "migrations/00001_keep.sql", line: 3, hint: expect.stringMatching(/\w/) }];
      expect([code, JSON.parse(stdout)]).toMatchObject([6, { findings }]);
    }
  },
  TIMEOUT_MS,
);

test.concurrent(
  "goose's statements run without semicolons, up and down",
  async () => {
    const block = (sql: string) => `-- +goose StatementBegin\n${sql}\n-- +goose StatementEnd\n`;
    const up = [
      block("create function one() returns bigint language sql as $$ select 1::bigint $$"),
      block("create table t (v bigint default one())"),
      "insert into t default values;\n",
    ];
    const down = [block("drop table t"), block("drop function one()")];
    await using stage = await Stage.create(server, {
      "00001_fn.sql": `-- +goose Up\n${up.join("\n")}\n-- +goose Down\n${down.join("")}`,
    });
    await stage.ok("up");
    expect(await stage.rows("select v from t")).toEqual(["1"]);
    expect(await stage.json("status")).toMatchObject({ up_to_date: true });
    await stage.ok("down --yes");
    expect(await stage.rows("select to_regclass('t') is null and to_regproc('one') is null")).toEqual(["true"]);
    await stage.ok("up");
    await stage.remove("00001_fn.sql"); // by the ledger's own script
    await stage.ok("down --yes");
    expect(await stage.rows("select to_regclass('t') is null and to_regproc('one') is null")).toEqual(["true"]);
  },
  TIMEOUT_MS,
);

test.concurrent(
  "several pairs in one of dbmate's files are refused with what to do",
  async () => {
    const pair = (table: string) =>
      `-- migrate:up\ncreate table ${table} (id bigint);\n\n-- migrate:down\ndrop table ${table};\n\n`;
    await using stage = await Stage.create(server, { "20260101000000_two.sql": pair("a") + pair("b") });
    const stderr = await stage.fails(3, "up");
    expect(stderr).toContain("migrations/20260101000000_two.sql:7");
    expect(stderr).toContain("make a file of each pair");
    expect(await stage.tables()).toEqual([]);
  },
  TIMEOUT_MS,
);
