/** A dump that is interrupted at any moment leaves no file under its final name, and no work inside the server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "postgres";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { holdDumpEnds } from "../../support/faults/gates.ts";
import { spread, thorough, waitForBytes } from "../../support/faults/moments.ts";
import { inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, makeLarge } from "../../support/faults/sample.ts";
import {
  connect,
  type Fingerprint,
  listSessionsOf,
  PG_DUMP_AT_WORK,
  readFingerprint,
  waitForNothing,
  waitForPgDump,
} from "../../support/faults/world.ts";
import { patiently } from "../../support/patience.ts";
import { findStrace } from "../../support/tracer.ts";

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const CODEC = ["--compress", "gzip:1"];

let server: TestServer;
let sql: Sql;
let database: string;
let before: Fingerprint;
let repo: Repo;

beforeAll(async () => {
  server = await sharedServer(17);
  sql = connect(server);
  database = await makeLarge(server);
  before = await readFingerprint(server, database);
  repo = await makeRepo(inContainer(server.container, database));
});

afterAll(async () => {
  await sql.end();
  await drop(server, database);
  await repo.remove();
});

async function expectUntouched(): Promise<void> {
  await waitForNothing(server, repo);
  expect(await readFingerprint(server, database)).toEqual(before);
}

describe("fault 1: a signal during a dump", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} ends the work in the server at once`, async () => {
      await using _held = await holdDumpEnds(server, database);
      const dump = repo.start(["dump", ...CODEC]);
      await waitForPgDump(sql, repo);
      await waitForBytes(repo, dump, 1);
      expect(dump.isRunning()).toBe(true);
      dump.kill(signal);
      const ended = await dump.ended;

      expect(ended).toMatchObject({ code: CODES[signal], signal: null, stdout: "" });
      expect(ended.stderr).toContain(`error: interrupted by ${signal}`);
      expect(repo.stored()).toEqual([]);
      expect(repo.openRuns()).toEqual([]);
      expect((await repo.journal()).at(-1)).toMatchObject({ event: "end", operation: "dump", result: "interrupted" });
      await expectUntouched();
    });
  }

  test("SIGKILL leaves pg_dump at work in the server; the next run ends it and removes the partial file", async () => {
    await using _held = await holdDumpEnds(server, database);
    const dump = repo.start(["dump", ...CODEC]);
    await waitForPgDump(sql, repo);
    dump.kill("SIGKILL");
    expect(await dump.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    const killed = (await repo.journal()).at(-1);
    expect(killed).toMatchObject({ event: "begin", operation: "dump" });
    expect(await listSessionsOf(sql, repo)).toContainEqual(
      expect.objectContaining({ query: expect.stringMatching(PG_DUMP_AT_WORK) }),
    );
    expect(repo.stored()).toEqual([expect.stringMatching(/^\..*\.tmp$/)]);
    expect(repo.openRuns()).toEqual([`${killed?.run}.json`]);

    const next = await repo.run(["dump", "--schema-only"]);
    expect(next).toMatchObject({ code: 0 });
    expect(next.stderr).toContain("cleared what an interrupted dump of main had left");
    expect(repo.stored().map((name) => name.replace(/[\d-]+/, "-"))).toEqual([
      "main-.dump",
      "main-.dump.manifest.json",
    ]);
    expect(repo.openRuns()).toEqual([]);
    await expectUntouched();
    await repo.ok(["dumps", "remove", "--yes", next.stdout.trim().split("/").at(-1) ?? ""]);
  });

  test("a second Ctrl-C ends pgrove at once; the next run clears what is left", async () => {
    await using _held = await holdDumpEnds(server, database);
    const dump = repo.start(["dump", ...CODEC]);
    await waitForPgDump(sql, repo);
    process.kill(dump.pid, "SIGSTOP"); // both signals are there before it can act on either
    dump.kill("SIGINT");
    dump.kill("SIGTERM");
    process.kill(dump.pid, "SIGCONT");
    const ended = await dump.ended;
    expect(ended.code === 130 || ended.code === 143 || ended.signal !== null).toBe(true);
    await repo.ok(["dump", "-o", repo.path("after.dump"), "--schema-only"]);
    expect(repo.stored()).toEqual([]);
    expect(repo.openRuns()).toEqual([]);
    await expectUntouched();
  });
});

test(
  "fault 8: signals at random moments of a dump",
  async () => {
    const whole = JSON.parse(await repo.ok(["dump", ...CODEC, "--json"])) as { manifest: { size_bytes: number } };
    const finished = repo.stored();
    expect(finished).toHaveLength(2);
    const signals = ["SIGKILL", "SIGINT", "SIGTERM"] as const;
    await using held = await holdDumpEnds(server, database);
    for (const [index, place] of spread(thorough ? 50 : 4, 20260115).entries()) {
      const signal = signals[index % signals.length] ?? "SIGKILL";
      const dump = repo.start(["dump", ...CODEC]);
      await waitForBytes(repo, dump, Math.floor(place * 0.95 * whole.manifest.size_bytes));
      dump.kill(signal);
      const ended = await dump.ended;
      if (signal === "SIGKILL") expect(ended).toMatchObject({ code: null, signal });
      else expect({ place, ...ended }).toMatchObject({ code: CODES[signal], signal: null });
      const partial = signal === "SIGKILL" ? 1 : 0;
      expect(repo.stored().filter((name) => !name.startsWith("."))).toEqual(finished);
      expect(repo.stored()).toHaveLength(finished.length + partial);
    }
    await held.open();
    const last = await repo.ok(["dump"]);
    expect(repo.stored()).toHaveLength(finished.length + 2);
    expect(await repo.ok(["dumps", "verify", last])).toStartWith("whole");
    expect(repo.openRuns()).toEqual([]);
    await expectUntouched();
  },
  patiently(300_000),
);

test.each(["link,linkat", "rename,renameat,renameat2"])(
  "killed at each %s: no dump has its name without its manifest",
  async (calls) => {
    const quiet = ["-f", "-qq", "-e", "signal=none", "-o", "/dev/null", "-e", `trace=${calls}`];
    for (let at = 1, isWhole = false; !isWhole; at++) {
      const wrap = [...(await findStrace()), ...quiet, "-e", `inject=${calls}:signal=SIGKILL:when=${at}`];
      isWhole = (await repo.start(["dump", "--schema-only"], { wrap }).ended).code === 0;
      const named = repo.stored().filter((name) => !name.startsWith("."));
      for (const name of named.filter((each) => each.endsWith(".dump"))) {
        expect(named).toContain(`${name}.manifest.json`);
        expect(await repo.ok(["dumps", "remove", "--yes", name])).toContain(name);
      }
      await repo.ok(["dump", "-o", repo.path(`after-${calls}-${at}.dump`), "--schema-only"]);
      expect(repo.openRuns()).toEqual([]);
      expect(repo.stored().filter((name) => name.startsWith("."))).toEqual([]);
    }
    await expectUntouched();
  },
  patiently(60_000),
);
