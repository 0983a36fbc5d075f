import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { proveDumps } from "../../../src/dump/prove.ts";
import type { Verdict } from "../../../src/dump/verify.ts";
import {
  type Bench,
  copyRequest,
  dump,
  findDump,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
} from "../../support/database.ts";
import { unpackPackage } from "../../support/engine/apt.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";

/** The one database of the server that may have pg_cron. */
const MAIN = "app";
const HELD = `
  create extension pgcrypto;
  create schema tools; create extension citext schema tools;
  create extension pg_cron;
  select cron.schedule('nightly', '0 0 * * *', 'select 1');
  create role reader;
  grant usage on schema cron to reader;
  grant select on cron.job to reader;
  grant select (runid) on cron.job_run_details to reader;
  grant execute on function cron.schedule(text, text) to reader;
  alter default privileges in schema cron grant select on tables to reader;
  comment on extension pg_cron is 'the scheduler';
  create table note (id int primary key, words tools.citext);
  insert into note select n, 'n' || n from generate_series(1, 25) n;
  grant select on note to reader;
  create function plan() returns bigint language sql as 'select cron.schedule(''0 1 * * *'', ''select 2'')';`;

let server: TestServer;
let bench: Bench;

beforeAll(async () => {
  bench = await makeBench();
  server = await startServer({
    major: 15,
    files: await unpackPackage("postgresql-15-cron"),
    settings: ["shared_preload_libraries=pg_cron", `cron.database_name=${MAIN}`],
    env: { POSTGRES_DB: MAIN },
  });
  await server.psql(MAIN, HELD);
});
afterAll(async () => {
  await server.remove();
  await bench.remove();
});

const copy = async (to: string) =>
  copyDatabase(bench.tools, await openLive(server, MAIN, bench), await openLive(server, to, bench), copyRequest());

const notesSince = (from: number) => bench.notes.slice(from).filter((note) => note.includes("pg_cron ("));

test("an extension that one database alone may have is left out of a copy, and all else arrives", async () => {
  const from = bench.notes.length;
  expect((await copy("copied")).strategy).toBe("stream");
  expect(notesSince(from)).toEqual([
    expect.stringMatching(/^left out.*extension pg_cron \(can only.*jobs not started/),
  ]);
  expect(await server.psql("copied", "select count(*), max(words) from note")).toBe(
    await server.psql(MAIN, "select count(*), max(words) from note"),
  );
  expect(await server.psql("copied", "select extname from pg_extension order by 1")).toBe("citext\npgcrypto\nplpgsql");
  expect(await server.psql("copied", "select to_regnamespace('cron') is null, to_regproc('plan') is not null")).toBe(
    "t|t",
  );
  expect(await server.psql("copied", "select has_table_privilege('reader', 'note', 'select')")).toBe("t");
  expect(await server.psql(MAIN, "select count(*) from cron.job")).toBe("1");
});

test("what is the user's own and needs the extension is told by name, and nothing is made", async () => {
  await server.psql(MAIN, "create view due as select jobid from cron.job; create table cron.own (id int)");
  try {
    const error = await rejection(copy("never"));
    expect(error).toMatchObject({ code: "extension_needed", exit: 5 });
    expect(error.message).toMatch(/view (public\.)?due/);
    expect(error.message).toContain("table cron.own needs it");
    expect(error.message).not.toContain("note");
    expect(await server.psql("postgres", "select count(*) from pg_database where datname ~ 'never|scratch'")).toBe("0");
  } finally {
    await server.psql(MAIN, "drop view due; drop table cron.own");
  }
});

test("a dump is proved without the extension where that is asked for, and without asking nothing is claimed", async () => {
  const live = await openLive(server, MAIN, bench);
  const path = pathOf(await dump(bench, live));
  const made = await findDump(bench, path);
  const { tools } = bench;
  const servers = {
    runner: tools.runner,
    clientImage: "pgrove-test/postgres:{major}",
    stageParent: bench.folder,
    note: tools.note,
  };
  const judge = async (skippedExtensions: readonly string[]) => {
    const verdicts: Verdict[] = [{ dump: made, depth: "checksum" }];
    const request = { live, deep: true, approveForeign: async () => undefined, skippedExtensions };
    await proveDumps(tools, servers, verdicts, request);
    return verdicts;
  };
  expect(await judge([])).toMatchObject([{ depth: "restore", fault: { reason: "missing" } }]);
  const [proved] = await judge(["pg_cron"]);
  expect(proved?.fault).toBeUndefined();
  expect(proved?.depth).toBe("contents");
});

test("a restore elsewhere says it before the load, with the flag that goes on without it", async () => {
  const path = pathOf(await dump(bench, await openLive(server, MAIN, bench)));
  const live = await openLive(server, "restored", bench);
  const error = await rejection(restore(bench, live, path));
  expect(error).toMatchObject({ code: "extension_refused", exit: 4 });
  expect(error.message).toContain("extension pg_cron (can only create extension in database app");
  expect(error.hint).toContain("--skip-extension pg_cron");
  await restore(bench, live, path, { skippedExtensions: ["pg_cron"] });
  expect(bench.notes.join("\n")).toContain("rows of cron.job, ");
  expect(bench.notes.join("\n")).toContain("grants in cron");
  expect(await server.psql("restored", "select has_table_privilege('reader', 'note', 'select')")).toBe("t");
  expect(await server.psql("restored", "select count(*) from note")).toBe("25");

  // Over the one database that may have it: all else is there, no job is, and it can be made there anew.
  await restore(bench, await openLive(server, MAIN, bench), path, { skippedExtensions: ["pg_cron"] });
  expect(await server.psql(MAIN, "select count(*), to_regnamespace('cron') is null from note")).toBe("25|t");
  expect(bench.notes.at(-1)).toMatch(/^ended with the sessions of app: pg_cron launcher\..*pgrove restart$/);
  expect(await server.psql(MAIN, "create extension pg_cron; select count(*) from cron.job")).toEndWith("0");
  expect(await server.psql(`${MAIN}_before_restore`, "select jobname from cron.job")).toBe("nightly");
});
