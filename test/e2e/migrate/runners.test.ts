/** Many runners at one database: each migration is run once, by one of them, and nobody stands in another's way. */
import { beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { thorough, waitForWords } from "../../support/faults/moments.ts";
import { Stage, tableFiles } from "../../support/migrate/stage.ts";
import { openSql } from "../../support/migration-ledgers.ts";
import { patiently } from "../../support/patience.ts";

const RUNNERS = thorough ? 30 : 10;
const WAIT = `--lock-timeout ${patiently(90_000)}ms`;

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

test(`${RUNNERS} at once: each migration once, in its order, whoever comes first`, async () => {
  // Each one counts up what the one before has left: a second run would fail, or leave a trace.
  const count = (version: number) => `insert into trace (version, before) select ${version}, count(*) from trace;\n`;
  await using stage = await Stage.create(server, {
    "1_trace.up.sql": `create table trace (version int, before int);\n${count(1)}`,
    "2_more.up.sql": count(2),
    "3_outside.up.sql": `-- pgrove:no-transaction\n${count(3)}create index concurrently trace_version on trace (version);\n`,
    "4_last.up.sql": count(4),
    "4_last.down.sql": "insert into trace values (-4, (select count(*) from trace));\n",
  });
  const ended = await Promise.all(Array.from({ length: RUNNERS }, () => stage.run(`up --json ${WAIT}`)));
  const codes = ended.filter(({ code }) => code !== 0).map(({ stderr }) => stderr);
  expect(codes).toEqual([]);
  expect(await stage.rows("select version, before from trace order by version")).toEqual(["1|0", "2|1", "3|2", "4|3"]);
  const ran = ended.flatMap(({ stdout }) => {
    const { migrations } = JSON.parse(stdout) as { migrations: { version: string }[] };
    return migrations.map(({ version }) => version);
  });
  expect(ran.sort()).toEqual(["1", "2", "3", "4"]);
  const history = "select version, success from pgrove.migration_history order by id";
  expect(await stage.rows(history)).toEqual(["1|true", "2|true", "3|true", "4|true"]);

  // Of several that take one back, each takes back one or finds nothing: there is one that can be taken back.
  const downs = await Promise.all([1, 2, 3, 4].map(() => stage.run(`down --yes ${WAIT}`)));
  expect(downs.filter(({ code }) => code === 0)).toHaveLength(1);
  expect(await stage.rows("select version, before from trace where version < 0")).toEqual(["-4|4"]);
  expect([await stage.ledger(), await stage.companion()]).toEqual(["1 2 3", "3|false"]);
});

test("CREATE INDEX CONCURRENTLY is finished while other runners wait for their turn", async () => {
  await using stage = await Stage.create(server, {
    ...tableFiles("1_a"),
    "2_index.up.sql": "-- pgrove:no-transaction\ncreate index concurrently a_by_id on a (id desc);\n",
    ...tableFiles("3_b"),
  });
  await stage.ok("up 1");
  const blocker = openSql(server, stage.database);
  try {
    // A reader keeps the index from being finished, until everybody waits.
    await blocker.unsafe("begin isolation level repeatable read; select count(*) from a");
    const first = stage.start("up");
    const atWork =
      "select count(*) from pg_stat_activity where datname = current_database() and query like 'create index conc%'";
    await waitFor("the index to be at work", 20_000, async () => (await stage.rows(atWork))[0] === "1", 5);
    const others = [1, 2, 3].map(() => stage.start("up"));
    for (const other of others) await waitForWords(other, /waiting until it is done/);
    await blocker.unsafe("commit");
    const codes = (await Promise.all([first, ...others].map(({ ended }) => ended))).map(({ code }) => code);
    expect(codes).toEqual([0, 0, 0, 0]);
  } finally {
    await blocker.end();
  }
  expect(await stage.rows("select indisvalid from pg_index where indexrelid = 'a_by_id'::regclass")).toEqual(["true"]);
  expect([await stage.ledger(), await stage.tables()]).toEqual(["1 2 3", ["a", "b"]]);
});
