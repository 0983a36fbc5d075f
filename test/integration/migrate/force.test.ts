/** `force` and `baseline`: the ledger is told what is applied, and nothing is run. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ForcePlan, type ForceRequest, forceLedger, planForce } from "../../../src/migrate/ledger/force.ts";
import { readHistory, readLedger } from "../../../src/migrate/ledger/ledger.ts";
import { markDoubt, recordStep } from "../../../src/migrate/ledger/ledger-sql.ts";
import { compareLedger, describeDoubt, isUpToDate, readStatus } from "../../../src/migrate/ledger/status.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { type Bench, makeBench, openLive, rejection, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { FACTS, filesOf, openLedger, openSql, script, stepOf } from "../../support/migration-ledgers.ts";

const files = filesOf(["1_a", "3_b", "4_c", "7_d"]);
const where = { layout: "golang-migrate" } as const;

let server: TestServer;
let bench: Bench;
const open: Sql[] = [];
beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
});
afterAll(async () => {
  await Promise.all(open.map((sql) => sql.end({ timeout: 1 })));
  await bench.remove();
});

async function makeDatabase(): Promise<{ sql: Sql; live: LiveTarget }> {
  const name = uniqueName("force");
  await server.createDatabase(name);
  const sql = openSql(server, name);
  open.push(sql);
  return { sql, live: await openLive(server, name, bench) };
}

function request(
  action: ForceRequest["action"],
  word: string | undefined,
  more: Partial<ForceRequest> = {},
): ForceRequest {
  const consent = async () => undefined;
  return { ...{ action, word, files, where, facts: FACTS, lockTimeoutMs: 5_000, consent }, ...more };
}

const rowsOf = async (sql: Sql) =>
  (await readLedger(sql, where)).rows.map(
    ({ version, origin, success }) => `${version} ${origin}${success ? "" : "?"}`,
  );
const companionOf = async (sql: Sql) => (await sql`select version::int, dirty from schema_migrations`)[0];

describe("force", () => {
  test.each([
    ["4", ["1 run", "3 forced", "4 forced"], { version: 4, dirty: false }],
    ["head", ["1 run", "3 forced", "4 forced", "7 forced"], { version: 7, dirty: false }],
    ["b", ["1 run", "3 forced"], { version: 3, dirty: false }],
    ["1", ["1 run"], { version: 1, dirty: false }],
    ["none", [], undefined],
    ["-1", [], undefined],
  ])("%s, where 1 is applied and 3 in doubt", async (word, rows, companion) => {
    const { sql, live } = await makeDatabase();
    const { place } = await openLedger(sql, files);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    await sql.unsafe(markDoubt(place, stepOf(files, 3n), 2, FACTS));
    const plan = await forceLedger(bench.tools, live, request("force", word));
    expect(plan.settles).toBeTrue();
    expect(await rowsOf(sql)).toEqual(rows);
    expect(await companionOf(sql)).toEqual(companion);
    const [last] = await readHistory(sql, await readLedger(sql, where), 1);
    expect(last).toMatchObject({ action: "force", by: "ann@test", version: plan.to?.version ?? null });
    expect(await sql`select 1 from pg_class where relname in ('t3', 't4', 't7')`).toBeEmpty(); // nothing was run
  });

  test.each([
    ["half-way up", "insert into schema_migrations values (4, true)"],
    ["half-way down to nothing", "insert into schema_migrations values (-1, true)"],
  ])("golang-migrate's %s is settled", async (_, state) => {
    const { sql, live } = await makeDatabase();
    await sql.unsafe(`create table schema_migrations (version bigint primary key, dirty boolean not null); ${state}`);
    await forceLedger(bench.tools, live, request("force", "3"));
    expect(await companionOf(sql)).toEqual({ version: 3, dirty: false });
    expect((await rowsOf(sql)).map((row) => row.split(" ")[0])).toEqual(["1", "3"]);
    expect((await readStatus(sql, where, files)).foreignDoubt).toBeUndefined();
  });

  test("a version that exists nowhere is refused, and so is a plan that is not agreed to", async () => {
    const { sql, live } = await makeDatabase();
    const { place } = await openLedger(sql, files);
    await sql.unsafe(recordStep(place, stepOf(files, 1n), FACTS));
    expect(await rejection(forceLedger(bench.tools, live, request("force", "5")))).toMatchObject({ exit: 2 });
    const asked: ForcePlan[] = [];
    const consent = async (plan: ForcePlan) => {
      asked.push(plan);
      throw new Error("no");
    };
    const refused = forceLedger(bench.tools, live, request("force", "none", { consent }));
    expect(await refused.then(String, String)).toBe("Error: no");
    expect(asked[0]?.remove.map(({ version }) => version)).toEqual([1n]);
    expect(await rowsOf(sql)).toEqual(["1 run"]);
  });

  test("a plan alone writes nothing", async () => {
    const { sql } = await makeDatabase();
    const plan = await planForce(sql, request("force", "4"));
    expect(plan.add.map(({ version }) => version)).toEqual([1n, 3n, 4n]);
    expect((await readLedger(sql, where)).exists).toBeFalse();
  });
});

describe("baseline", () => {
  test.each([
    ["3", ["1 baseline", "3 baseline"]],
    [undefined, ["1 baseline", "3 baseline", "4 baseline", "7 baseline"]],
  ])("%s", async (word, rows) => {
    const { sql, live } = await makeDatabase();
    await forceLedger(bench.tools, live, request("baseline", word));
    expect(await rowsOf(sql)).toEqual(rows);
    const [kept] = (await readLedger(sql, { ...where, downScripts: true })).rows;
    expect(kept).toMatchObject({ downScript: "drop table t1", upChecksum: null });
  });

  test("only where nothing is applied, by whomever", async () => {
    const { sql, live } = await makeDatabase();
    await sql.unsafe(`create table schema_migrations (version bigint primary key, dirty boolean not null);
      insert into schema_migrations values (1, false)`);
    const error = await rejection(forceLedger(bench.tools, live, request("baseline", "3")));
    expect(error).toMatchObject({ code: "already_migrated", exit: 5 });
  });

  test("takes a database over from a tool that pgrove does not speak with", async () => {
    const { sql, live } = await makeDatabase();
    await sql.unsafe("create table alembic_version (version_num varchar primary key)");
    expect(await rejection(readLedger(sql, where))).toMatchObject({ code: "other_ledger" });
    await forceLedger(bench.tools, live, request("baseline", "4"));
    expect((await readStatus(sql, where, files)).pending.map(({ version }) => version)).toEqual([7n]);
  });
});

describe("status", () => {
  test("pending, not in this branch, edited, out of order, in doubt", async () => {
    const { sql } = await makeDatabase();
    const { place } = await openLedger(sql, files);
    const wider = filesOf(["1_a", "3_b", "4_c", "5_elsewhere", "7_d"]);
    for (const version of [1n, 4n, 5n]) await sql.unsafe(recordStep(place, stepOf(wider, version), FACTS));
    await sql.unsafe(markDoubt(place, stepOf(wider, 7n), 2, FACTS));
    const edited = files.migrations.map((each) =>
      each.version === 1n ? { ...each, up: script("create table other ()", "migrations/1_a.up.sql") } : each,
    );
    const status = await readStatus(sql, where, { ...files, migrations: edited });
    const numbers = (list: readonly { version: bigint }[]) => list.map(({ version }) => Number(version));
    expect(numbers(status.applied)).toEqual([1, 4, 5]);
    expect(numbers(status.pending)).toEqual([3]);
    expect(numbers(status.outOfOrder)).toEqual([3]);
    expect(numbers(status.missing)).toEqual([5]);
    expect(numbers(status.edited)).toEqual([1]);
    expect(numbers(status.inDoubt)).toEqual([7]);
    expect(isUpToDate(status)).toBeFalse();
    const [doubt] = status.inDoubt;
    if (doubt === undefined) throw new Error("no doubt");
    expect(describeDoubt(doubt, edited)[0]).toContain("statement 2 of migrations/7_d.up.sql");
  });

  test("up to date until a file is added", async () => {
    const { sql, live } = await makeDatabase();
    await forceLedger(bench.tools, live, request("baseline", undefined));
    const status = await readStatus(sql, where, files);
    expect(isUpToDate(status)).toBeTrue();
    const more = filesOf(["1_a", "3_b", "4_c", "7_d", "8_e"]);
    expect(isUpToDate(compareLedger(status.ledger, { add: [], remove: [], sentences: [] }, more))).toBeFalse();
  });
});
