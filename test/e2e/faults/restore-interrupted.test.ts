/** Fault 8: a restore that ends before its time leaves the target as it was, and its scratch is gone now or soon. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "postgres";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { sharedServer, startServer, type TestServer } from "../../support/engine/server.ts";
import { holdInPlace, holdLoads, type LoadPlace } from "../../support/faults/gates.ts";
import { spread, thorough, waitUntilHeld } from "../../support/faults/moments.ts";
import { inContainer, makeRepo, type Repo, type Started } from "../../support/faults/program.ts";
import { drop, freshName, makeLarge, makeSmall } from "../../support/faults/sample.ts";
import {
  connect,
  type Fingerprint,
  listSessionsOf,
  readFingerprint,
  scratchDatabases,
  waitForNothing,
} from "../../support/faults/world.ts";
import { patiently } from "../../support/patience.ts";

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

let server: TestServer;
let sql: Sql;
let large: string;
let target: string;
let before: Fingerprint;
let archive: string;
let plain: string;
let largeBytes: number;
let repo: Repo;

beforeAll(async () => {
  server = await sharedServer(17);
  sql = connect(server);
  large = await makeLarge(server);
  target = await makeSmall(server);
  before = await readFingerprint(server, target);
  const source = await makeRepo(inContainer(server.container, large));
  repo = await makeRepo(inContainer(server.container, target));
  archive = repo.path("large.dump");
  plain = repo.path("large.sql.zst");
  await source.ok(["dump", "-o", archive]);
  await source.ok(["dump", "-o", plain]);
  await source.remove();
  largeBytes = Number(await server.psql(large, "select pg_table_size('big')"));
});

afterAll(async () => {
  await sql.end();
  await drop(server, large, target);
  await repo.remove();
});

/** Waits until the scratch database of the run that is none of the earlier ones has grown by so many bytes of rows. */
async function waitForScratch(program: Started, bytes: number, earlier: readonly string[]): Promise<void> {
  const grown = async () => {
    if (!program.isRunning())
      throw new Error(`it ended before the scratch database had ${bytes} bytes:\n${program.said()}`);
    const run = (await repo.runs()).find((each) => !earlier.includes(each));
    if (run === undefined) return false;
    const name = (await scratchDatabases(sql, repo)).find((each) => each.endsWith(run));
    if (name === undefined) return false;
    const [row] = await sql<{ size: number }[]>`select pg_database_size(${name})::float8 as size`.catch(() => []);
    return (row?.size ?? 0) >= bytes;
  };
  await waitFor(`${bytes} bytes in the scratch database`, 30_000, grown, 2);
}

async function expectUntouched(): Promise<void> {
  expect(await readFingerprint(server, target)).toEqual(before);
}

describe("a signal", () => {
  const stages: [string, LoadPlace, RegExp, string[]][] = [
    ["while rows are loaded", "rows", /^COPY .* FROM stdin/i, []],
    ["while one job loads", "rows", /^COPY .* FROM stdin/i, ["--jobs", "1"]],
    ["while an index is built", "index", /^CREATE INDEX/i, []],
    ["while the tables are analyzed", "statistics", /^analyze/i, []],
  ];
  /** Where each strikes in the usual form: an interruption is the same by either signal, a kill wherever it was. */
  const USUAL: Record<"SIGINT" | "SIGTERM" | "SIGKILL", readonly LoadPlace[]> = {
    SIGINT: ["rows", "index"],
    SIGTERM: ["statistics"],
    SIGKILL: ["rows"],
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    for (const [when, place, statement, flags] of stages) {
      if (!thorough && !USUAL[signal].includes(place)) continue;
      test(`${signal} ${when}`, async () => {
        await using _held = await holdLoads(server, large, place);
        const restore = repo.start(["restore", archive, "--yes", ...flags]);
        await waitUntilHeld(sql, repo, restore, statement);
        expect(await scratchDatabases(sql, repo)).toHaveLength(1);
        expect(restore.isRunning()).toBe(true);
        restore.kill(signal);
        const ended = await restore.ended;
        await expectUntouched();
        if (signal === "SIGKILL") {
          expect(ended).toMatchObject({ code: null, signal });
          expect(await scratchDatabases(sql, repo)).toHaveLength(1);
          const next = await repo.run(["restore", plain, "--into-new", freshName("refused"), "--dry-run"]);
          expect(next).toMatchObject({ code: 0 });
        } else {
          expect(ended).toMatchObject({ code: CODES[signal], signal: null, stdout: "" });
          expect(ended.stderr).toContain(`error: interrupted by ${signal}`);
          expect((await repo.journal()).at(-1)).toMatchObject({ operation: "restore", result: "interrupted" });
        }
        expect(repo.openRuns()).toEqual([]);
        await waitForNothing(server, repo);
        await expectUntouched();
      });
    }
  }

  test.each(["SIGINT", "SIGKILL"] as const)("%s while the swap waits", async (signal) => {
    await using held = await holdInPlace(server, target); // a rename has to wait
    const restore = repo.start(["restore", archive, "--yes"]);
    await waitUntilHeld(sql, repo, restore, /^alter database/i);
    const swapping = async () => (await listSessionsOf(sql, repo)).some(({ query }) => /^alter database/i.test(query));
    expect(restore.isRunning()).toBe(true);
    restore.kill(signal);
    if (signal === "SIGINT") await waitFor("the swap to be given up", 4_000, async () => !(await swapping()), 20);
    else expect(await restore.ended).toMatchObject({ code: null, signal });
    await held.open();
    if (signal === "SIGINT") expect(await restore.ended).toMatchObject({ code: 130, signal: null, stdout: "" });
    else await repo.ok(["restore", plain, "--into-new", freshName("unmade"), "--dry-run"]);
    expect(repo.openRuns()).toEqual([]);
    await waitForNothing(server, repo);
    await expectUntouched();
  });

  test(
    "at random moments of a restore",
    async () => {
      const signals = ["SIGKILL", "SIGINT", "SIGTERM"] as const;
      await using held = await holdLoads(server, large, "statistics"); // behind the last moment
      for (const [index, place] of spread(thorough ? 50 : 4, 20260116).entries()) {
        const signal = signals[index % signals.length] ?? "SIGKILL";
        const earlier = await repo.runs();
        const restore = repo.start(["restore", index % 2 === 0 ? archive : plain, "--yes"]);
        await waitForScratch(restore, Math.floor(place * largeBytes), earlier);
        restore.kill(signal);
        const ended = await restore.ended;
        if (signal === "SIGKILL") expect(ended).toMatchObject({ code: null, signal });
        else expect({ place, ...ended }).toMatchObject({ code: CODES[signal], signal: null });
        await expectUntouched();
      }
      await repo.ok(["restore", plain, "--into-new", freshName("never"), "--dry-run"]);
      expect(repo.openRuns()).toEqual([]);
      await waitForNothing(server, repo);
      await held.open();
    },
    patiently(300_000),
  );
});

/** Somebody else fills the server's disk, until only so many bytes are free. */
async function fillDisk(on: TestServer, leftBytes: number): Promise<void> {
  const free = `$(df --output=avail --block-size=1 "$PGDATA" | tail -n 1)`;
  const filled = await on.exec(["sh", "-c", `fallocate -l $((${free} - ${leftBytes})) "$PGDATA/filled"`]);
  if (filled.code !== 0) throw new Error(`the disk could not be filled: ${filled.stderr}`);
}

describe("the server", () => {
  let victim: TestServer;
  const repos: Repo[] = [];

  afterEach(async () => {
    await victim.remove();
    for (const each of repos.splice(0)) await each.remove();
  });

  test("is restarted during a restore", async () => {
    victim = await startServer({ major: 17, command: ["postgres", "-c", "fsync=off"] });
    const own = await makeSmall(victim);
    const tables = (await readFingerprint(victim, own)).tables;
    const here = await makeRepo(inContainer(victim.container, own));
    repos.push(here);
    let look = connect(victim);
    await using held = await holdLoads(victim, large, "rows");
    const restore = here.start(["restore", archive, "--yes"]);
    await waitUntilHeld(look, here, restore, /^COPY .* FROM stdin/i);
    await runOk("docker", ["restart", "-t", "30", victim.container]);
    const ended = await restore.ended;
    await held.open();
    await look.end({ timeout: 0 });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).not.toContain("bug");
    expect(ended.stderr).toMatch(/terminating connection|closed the connection|not running any more|was lost/);

    await victim.waitUntilReady();
    expect((await readFingerprint(victim, own)).tables).toEqual(tables);
    look = connect(victim);
    const next = await here.run(["restore", archive, "--yes", "--into-new", "afterwards"]);
    expect(next).toMatchObject({ code: 0 });
    expect(await scratchDatabases(look, here)).toEqual([]);
    await look.end();
    await waitForNothing(victim, here);
    expect((await readFingerprint(victim, own)).tables).toEqual(tables);
  });

  test("runs out of disk during a restore", async () => {
    victim = await startServer({ major: 17, tmpfsMb: 256 });
    const own = await makeSmall(victim);
    const here = await makeRepo(inContainer(victim.container, own));
    repos.push(here);
    const untouched = await readFingerprint(victim, own);
    const look = connect(victim);
    await using _held = await holdLoads(victim, large, "rows");
    const restore = here.start(["restore", archive, "--yes"]);
    await waitUntilHeld(look, here, restore, /^COPY .* FROM stdin/i);
    await look.end();
    await fillDisk(victim, 30 << 20);
    const ended = await restore.ended;
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("the server's disk was nearly full, so loading was stopped");
    expect(await readFingerprint(victim, own)).toEqual(untouched);
    expect(here.openRuns()).toEqual([]);
    await waitForNothing(victim, here);

    const known = await here.run(["restore", archive, "--yes"]);
    expect(known).toMatchObject({ code: 5, stdout: "" });
    expect(known.stderr).toMatch(/MB free; the restored database needs about \d+ MB/);
  });
});
