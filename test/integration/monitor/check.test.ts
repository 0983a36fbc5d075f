/** Every measure of `check`, by a rule that does not fire, and fires once the thing has happened: on a real server. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { renderCheck } from "../../../src/cli/answers/check.ts";
import { createPaint } from "../../../src/cli/terminal.ts";
import { MEASURES, type Measure } from "../../../src/config/measures.ts";
import { isAskedInside } from "../../../src/monitor/figures/database.ts";
import { isFigure } from "../../../src/monitor/figures/figure.ts";
import { readFigures } from "../../../src/monitor/figures/read-figures.ts";
import { readMetrics } from "../../../src/monitor/metrics/read-metrics.ts";
import { renderPrometheus } from "../../../src/monitor/metrics/render.ts";
import { checkDocument, checkForm, findingsOf, firesAt } from "../../../src/monitor/rules/findings.ts";
import { runChecks } from "../../../src/monitor/rules/run-checks.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";
import type { LiveTarget, Target } from "../../../src/resolve/target.ts";
import { appendJournal } from "../../../src/sys/journal.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { type Bench, dump, makeBench, openLive, uniqueName } from "../../support/database.ts";
import { sharedServer, startServer, type TestServer } from "../../support/engine/server.ts";
import { findFreePort } from "../../support/free-port.ts";
import { MigrationFolder } from "../../support/migration-folder.ts";
import { ruleOf, subjectOf, watchToolsOf } from "../../support/watch.ts";

const database = uniqueName("check");
let server: TestServer;
let bench: Bench;
let folder: MigrationFolder;
let live: LiveTarget;

beforeAll(async () => {
  [server, bench, folder] = await Promise.all([
    startServer({ major: 17, settings: ["shared_preload_libraries=pg_stat_statements", "autovacuum=off"] }),
    makeBench(),
    MigrationFolder.create(),
  ]);
  await server.createDatabase(database);
  await server.psql(
    database,
    "create extension pg_stat_statements; create table grown (id int); create table t (id serial)",
  );
  live = await openLive(server, database, bench);
});
afterAll(() => Promise.all([server.remove(), bench.remove(), folder[Symbol.asyncDispose]()]));

const subject = () => subjectOf({ ...live.target, login: { database } }, folder);

/** What makes each rule fire that does not fire of a database as it is made. */
const HAPPENINGS: readonly (readonly [rule: string, happens: string])[] = [
  ["database_size > 9MB", "insert into grown select generate_series(1, 100000)"],
  ["dead_rows >= 20000", "delete from grown where id <= 60000"],
  ["dead_rows_share > 50%", ""],
  ["invalid_indexes > 0", "insert into t values (1), (1)"],
  ["sequences_used > 90%", "select setval('t_id_seq', 2000000000)"],
  ["slots_retained_wal >= 0B", "select pg_create_physical_replication_slot('held', true)"],
  ["longest_transaction > 1ms", ""],
  ["longest_idle_in_transaction > 1ms", ""],
  ["pending_migrations > 0", ""],
  ["slowest_statement > 50ms", "select pg_sleep(0.06); ".repeat(5)],
  ["last_dump_failed", ""],
  ["seeding_error_rate > 10%", ""],
  ["dump_size_deviation > 50%", ""],
];

/** What holds of every database, so that only its being measured can be tried. */
const ALWAYS = [
  ...["connections_used >= 0%", "transaction_ids_used > 0%", "server_disk_free < 9999TB", "store_disk_free < 9999TB"],
  ...["last_dump_age > 0ms", "dumps > 0", "last_dump_size > 0", "cache_hit_ratio > 1%"],
  ...["last_proved_dump_age > 1d", "proved_dumps == 0", "migrations_in_doubt == 0"],
];

async function makeHappen(): Promise<void> {
  for (const [, sql] of HAPPENINGS) {
    for (const each of sql.split("; ").filter((text) => text !== "")) await server.psql(database, each);
  }
  await server.psql(database, "create unique index concurrently broken on t (id)").catch(() => undefined);
  await server.psql(database, "select pg_stat_force_next_flush()");
  await folder.write("001_first.up.sql", "create table first ();\n");
  await dump(bench, live);
  await dump(bench, live, { tables: ["absent"] }).catch(() => undefined);
  const base = { version: 1 as const, operation: "seed", target: "main", database, by: "t", host: "h", pid: 1 };
  const run = newRunId(new Date());
  await appendJournal(bench.tools.stateDir, {
    ...base,
    run,
    at: new Date().toISOString(),
    event: "end",
    result: "failed",
  });
}

test("a rule fires when what it is about has happened, and not before", async () => {
  await mkdir(bench.store, { recursive: true });
  for (const day of [1, 2, 3]) await writeFile(join(bench.store, `main-2026010${day}-000000.dump`), "of somebody else");
  await server.psql(database, "select pg_stat_statements_reset()"); // of what pg_dump has asked
  const rules = HAPPENINGS.map(([written]) => ruleOf(written));
  const before = await runChecks([subject()], rules, watchToolsOf(bench));
  expect(findingsOf(before).map(({ rule }) => rule)).toEqual([]);
  expect(firesAt(before, "info")).toBe(false);

  await makeHappen();
  const idle = await live.toolbox.connect(database, newRunId(new Date()));
  await idle.unsafe("begin");
  const after = await runChecks([subject()], [...rules, ...ALWAYS.map((each) => ruleOf(each))], watchToolsOf(bench));
  await idle.end();
  expect(
    after.results.filter(({ state }) => state !== "fires").map(({ rule, message }) => ({ rule, message })),
  ).toEqual([]);
  expect(after.results.find(({ rule }) => rule.startsWith("invalid"))).toMatchObject({
    value: 1,
    subject: "public.broken",
  });
  expect(after.results.find(({ rule }) => rule.startsWith("sequences"))?.subject).toBe("public.t_id_seq");
  expect(after.results.find(({ rule }) => rule.startsWith("pending"))?.message).toContain("001 first");
  expect(v.is(checkForm, checkDocument(after))).toBe(true);
});

test("a database that cannot be reached is a finding, and the rest is unknown, not well", async () => {
  const connection = parseConnectionUrl(`postgres://nobody@127.0.0.1:${await findFreePort()}/nothing`);
  const target = { ...live.target, server: { kind: "url" as const, connection }, login: {}, name: "away" };
  const rules = [ruleOf("database_unreachable", { severity: "critical" }), ruleOf("invalid_indexes >= 0")];
  const found = await runChecks([subjectOf(target, folder)], rules, watchToolsOf(bench));
  expect(found.results.map(({ state }) => state)).toEqual(["fires", "unknown"]);
  expect([firesAt(found, "critical"), findingsOf(found)[0]?.hint]).toEqual([
    true,
    expect.stringContaining("pgrove status URL"),
  ]);
  const row = { name: "idle" } as NonNullable<Target["worktree"]>;
  const idle = {
    ...target,
    server: { kind: "container" as const, container: "not-there" },
    ...{ name: "idle", label: "idle" },
    worktree: row,
  };
  const dumped = [ruleOf("last_dump_age > 24h"), ruleOf("dumps == 0")];
  const never = await runChecks([subjectOf(idle, folder)], dumped, watchToolsOf(bench));
  expect(never.results.map(({ state }) => state)).toEqual(["none", "none"]); // of a worktree nobody wants dumps
  const together = await runChecks([subject(), subjectOf(idle, folder)], rules, watchToolsOf(bench));
  expect(together.results.map(({ target: of, state }) => `${of} ${state}`)).toEqual([
    ...["main ok", "idle none", "main fires", "idle none"], // a worktree that is not in use is none
  ]);
  const metrics = await readMetrics([subjectOf(target, folder)], {
    ...watchToolsOf(bench),
    project: "p",
    version: "0",
  });
  expect(await renderPrometheus(metrics)).toContain('pgrove_up{target="away",project="p"} 0');
});

test("what a login may not see is unknown, not well", async () => {
  await server.psql(database, "create role reader login password 'reader'");
  try {
    const connection = parseConnectionUrl(`postgres://reader:reader@127.0.0.1:${server.port}/${database}`);
    const target: Target = { ...live.target, server: { kind: "url", connection }, login: {}, name: "read" };
    const seen = async () => {
      const rules = [ruleOf("sequences_used > 90%")];
      return (await runChecks([subjectOf(target, folder)], rules, watchToolsOf(bench))).results[0]?.state;
    };
    expect(await seen()).toBe("unknown");
    await server.psql(database, "grant select, usage on sequence t_id_seq to reader");
    expect(await seen()).toBe("fires");
  } finally {
    await server.psql(database, "drop owned by reader; drop role reader");
  }
});

test("a name in a finding stays on its line: a CI that reads lines takes none of it for a command", async () => {
  const name = "evil\n::error::x\u001b[31m";
  await server.psql(database, "create table twice as select 1 as a union all select 1");
  await server.psql(database, `create unique index concurrently "${name}" on twice (a)`).catch(() => undefined);
  const found = await runChecks([subject()], [ruleOf("invalid_indexes > 0")], watchToolsOf(bench));
  await server.psql(database, "drop table twice");
  const shown = renderCheck(found, createPaint(false));
  expect(shown).toContain("evil\\n::error::x\\x1b");
  expect(shown.split("\n").filter((line) => line.startsWith("::"))).toEqual([]);
});

test("the next command for a dump that is not proved names it: there may be newer ones of others", async () => {
  await writeFile(join(bench.store, "other-20300101-000000.dump"), "of somebody else");
  const rules = [ruleOf("last_proved_dump_age > 1d"), ruleOf("proved_dumps == 0")];
  const { results } = await runChecks([subject()], rules, watchToolsOf(bench));
  const [newest] = (await readdir(bench.store))
    .filter((name) => /^main-.*\.dump$/.test(name))
    .sort()
    .reverse();
  expect(results.map(({ hint }) => hint)).toEqual(Array(2).fill(`pgrove dumps verify --restore ${newest}`));
});

test("a rule with `for` waits until its condition has held for so long, and begins anew once it did not", async () => {
  const rules = [ruleOf("dumps > 0", { name: "patient", forMs: 300_000 })];
  const stateAt = async (minute: number, store = bench.store) => {
    const tools = { ...watchToolsOf(bench), storeDir: store, now: new Date(Date.UTC(2030, 0, 1, 0, minute)) };
    return (await runChecks([subject()], rules, tools)).results[0]?.state;
  };
  expect([await stateAt(0), await stateAt(4), await stateAt(5)]).toEqual(["waits", "waits", "fires"]);
  expect([await stateAt(6, join(bench.folder, "empty")), await stateAt(7), await stateAt(12)]).toEqual([
    "ok",
    "waits",
    "fires",
  ]);
});

test("what belongs to a server or to the store is looked at once, however many targets there are", async () => {
  const other = { ...live.target, login: { database: "postgres" }, name: "other" };
  const rules = ["connections_used >= 0%", "store_disk_free > 0", "longest_transaction >= 0s"].map((each) =>
    ruleOf(each),
  );
  const { results } = await runChecks([subject(), subjectOf(other, folder)], rules, watchToolsOf(bench));
  expect(results.map(({ rule, target }) => `${rule.split(" ")[0]} ${target}`)).toEqual([
    ...["connections_used main", "store_disk_free main", "longest_transaction main", "longest_transaction other"],
  ]);
});

test.each([15, 18] as const)(
  "PostgreSQL %d says all that it is asked, of a database and of a schema",
  async (major) => {
    const asked = (Object.keys(MEASURES) as Measure[]).filter(isAskedInside);
    const { target } = await openLive(await sharedServer(major), "postgres", bench);
    for (const schema of [undefined, "public"]) {
      const [found] = await readFigures(
        [subjectOf({ ...target, schema }, folder)],
        new Set(asked),
        watchToolsOf(bench),
      );
      const unknown = [...(found?.figures ?? [])].filter(([, each]) => !isFigure(each) && each.state === "unknown");
      expect([found?.figures.size, unknown]).toEqual([asked.length, []]);
    }
  },
);

test("metrics tell the tables, the journal's operations and the dumps in seconds and bytes", async () => {
  const tools = { ...watchToolsOf(bench), project: "shop", version: "1.2.3" };
  const text = await renderPrometheus(await readMetrics([subject()], tools));
  expect(text).toContain('pgrove_table_rows{target="main",schema="public",table="grown",project="shop"} 40000');
  expect(text).toContain('pgrove_operation_failures_total{operation="seed",project="shop"} 1');
  expect(text).toContain('pgrove_operation_duration_seconds_bucket{le="+Inf",project="shop",operation="dump"}');
  const at = Number(/^pgrove_last_dump_timestamp_seconds\{.*\} ([\d.e+]+)$/m.exec(text)?.[1]);
  expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(3600);
});

test("a damaged memory is forgotten", async () => {
  await mkdir(bench.tools.stateDir, { recursive: true });
  await writeFile(join(bench.tools.stateDir, "checks.json"), '{"version":1,"since":');
  const found = await runChecks([subject()], [ruleOf("dumps > 0")], watchToolsOf(bench));
  expect(found.results[0]?.state).toBe("fires");
});
