import { afterAll, beforeAll, expect, test } from "bun:test";
import { ToolError } from "../../../src/sys/tool-error.ts";
import {
  type Bench,
  createSmall,
  databasesLike,
  dump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
});
afterAll(() => bench.remove());

/** A bench whose parallel pg_restore does its work and then fails with these words. */
function failing(words: string, jobs: string[]): Bench {
  const { runner } = bench.tools;
  const stream: typeof runner.stream = async (command, io, abort) => {
    await runner.stream(command, io, abort);
    const parallel = command.args.find((arg) => arg.startsWith("--jobs="));
    if (!command.args.includes("pg_restore")) return;
    jobs.push(parallel ?? "one");
    const failure = { program: "pg_restore", argv: [], exitCode: 1, signal: undefined, aborted: false, lost: false };
    if (parallel !== undefined) throw new ToolError({ ...failure, stderr: [words] });
  };
  return { ...bench, tools: { ...bench.tools, runner: { ...runner, stream } } };
}

test("jobs that lock each other out are followed by one job, from the beginning", async () => {
  const source = uniqueName("deadlock");
  await createSmall(server, source, 10);
  const path = pathOf(await dump(bench, await openLive(server, source, bench)));
  const back = uniqueName("back");
  const jobs: string[] = [];
  const other = failing("pg_restore: error: could not execute query: ERROR:  deadlock detected", jobs);
  await restore(other, await openLive(server, back, other), path, { jobs: 2 });
  expect(jobs).toEqual(["--jobs=2", "one"]);
  expect(await fingerprint(server, back)).toEqual(await fingerprint(server, source));
  expect(bench.notes.filter((note) => note.includes("one table at a time"))).toHaveLength(1);
  expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
});

test("any other failure of theirs is final", async () => {
  const source = uniqueName("final");
  await createSmall(server, source, 10);
  const path = pathOf(await dump(bench, await openLive(server, source, bench)));
  const jobs: string[] = [];
  const other = failing("pg_restore: error: could not execute query: ERROR:  division by zero", jobs);
  const error = await rejection(restore(other, await openLive(server, uniqueName("back"), other), path, { jobs: 2 }));
  expect(error).toMatchObject({ code: "restore_failed" });
  expect(error.message).toContain("division by zero");
  expect(jobs).toEqual(["--jobs=2"]);
});

test("a partitioned table's triggers are made once its partitions have their rows", async () => {
  const source = uniqueName("fired");
  await server.createDatabase(source);
  await server.psql(
    source,
    `create table event (id int, seen int default 0) partition by hash (id);
     create table event_0 partition of event for values with (modulus 2, remainder 0);
     create table event_1 partition of event for values with (modulus 2, remainder 1);
     insert into event (id) select n from generate_series(1, 2000) n;
     create function seen() returns trigger language plpgsql as 'begin new.seen := new.seen + 1; return new; end'`,
  );
  const live = await openLive(server, source, bench);
  const plain = pathOf(await dump(bench, live, { format: "directory" }));
  await server.psql(source, "create trigger seen before insert on event for each row execute function seen()");
  const firing = pathOf(await dump(bench, live, { format: "directory" }));
  const { runner } = bench.tools;
  const runs: string[][] = [];
  const stream: typeof runner.stream = (command, io, abort) => {
    if (command.args.includes("pg_restore")) runs.push(command.args.filter((arg) => arg.startsWith("--section=")));
    return runner.stream(command, io, abort);
  };
  const watched = { ...bench, tools: { ...bench.tools, runner: { ...runner, stream } } };
  for (const [path, jobs] of [
    [plain, 2],
    [firing, 1],
    [firing, 2],
  ] as const) {
    const back = uniqueName("back");
    await restore(watched, await openLive(server, back, watched), path, { jobs });
    expect(await server.psql(back, "select count(*), sum(seen) from event")).toBe("2000|0");
  }
  expect(runs).toEqual([[], [], ["--section=pre-data", "--section=data"], ["--section=post-data"]]);
});
