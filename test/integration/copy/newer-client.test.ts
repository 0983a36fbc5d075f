/** Streamed copies with the programs of a later version, which write what not every server takes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  databasesLike,
  fingerprint,
  makeBench,
  openLive,
  rejection,
  uniqueName,
} from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { createAttver, openByClient, readAttverFacts } from "../../support/newer-client.ts";

let bench: Bench;
let on15: TestServer;
let on17: TestServer;
let on18: TestServer;

beforeAll(async () => {
  bench = await makeBench();
  [on15, on17, on18] = await Promise.all([sharedServer(15), sharedServer(17), sharedServer(18)]);
});
afterAll(() => bench.remove());

async function copied(from: LiveTarget, to: LiveTarget): Promise<void> {
  const answer = await copyDatabase(bench.tools, from, to, copyRequest({ strategy: "stream" }));
  expect(answer.strategy).toBe("stream");
}

describe("from 17, whose columns have an option that only its own pg_dump leaves out, by the programs of 18", () => {
  const source = uniqueName("attver");
  beforeAll(() => createAttver(on17, source));

  test("to 18", async () => {
    const to = uniqueName("copied");
    bench.notes.length = 0;
    await copied(await openByClient(bench, on18, on17, source), await openLive(on18, to, bench));
    expect(await readAttverFacts(on18, to)).toEqual(await readAttverFacts(on17, source));
    const own = await on17.psql(source, "select count(*) from pg_attribute where attoptions::text like '%pg_attver%'");
    const notes = bench.notes.filter((note) => note.startsWith("left out: pg_attver"));
    expect(notes).toHaveLength(own === "0" ? 0 : 1);
  });

  test("to 17", async () => {
    const [to, again] = [uniqueName("copied"), uniqueName("copied")];
    await copied(await openByClient(bench, on18, on17, source), await openLive(on17, to, bench));
    await copied(await openByClient(bench, on18, on17, source), await openByClient(bench, on18, on17, again));
    for (const database of [to, again])
      expect(await fingerprint(on17, database)).toEqual(await fingerprint(on17, source));
  });
});

describe("from 15 to 15", () => {
  const source = uniqueName("old");
  beforeAll(async () => {
    await createSmall(on15, source, 200);
    await on15.psql(source, "create table note (line text); insert into note values ('SET transaction_timeout = 0;')");
  });

  test.each([
    ["by the programs of 18 on both sides", true],
    ["by the programs of 18 at the source, whose archive the other's cannot read", false],
  ])("%s", async (_name, both) => {
    const to = uniqueName("copied");
    const target = both ? await openByClient(bench, on18, on15, to) : await openLive(on15, to, bench);
    await copied(await openByClient(bench, on18, on15, source), target);
    expect(await fingerprint(on15, to)).toEqual(await fingerprint(on15, source));
  });

  test("an error within the SQL leaves the target as it was, and no session behind", async () => {
    const [broken, to] = [uniqueName("broken"), uniqueName("untouched")];
    await createSmall(on15, broken, 10);
    await on15.psql(
      broken,
      `set allow_system_table_mods = on; update pg_attribute set attoptions = '{made_up=1}' where attrelid = 'tag'::regclass and attname = 'tag'`,
    );
    await createSmall(on15, to, 2);
    const before = await fingerprint(on15, to);
    const [from, target] = [await openByClient(bench, on18, on15, broken), await openByClient(bench, on18, on15, to)];
    const error = await rejection(copyDatabase(bench.tools, from, target, copyRequest({ strategy: "stream" })));
    expect(error.exit).toBe(1);
    expect(error.message).toContain('unrecognized parameter "made_up"');
    expect(await fingerprint(on15, to)).toEqual(before);
    expect(await databasesLike(on15, to)).toEqual([to]);
    const sessions = "select count(*) from pg_stat_activity where application_name like 'pgrove-%'";
    await waitFor("the run's sessions to end", 20_000, async () => (await on15.psql("postgres", sessions)) === "0");
  });
});
