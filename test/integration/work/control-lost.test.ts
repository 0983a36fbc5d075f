/** A work whose control session is lost: it claims nothing any more, and clears up all the same. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { databaseExists } from "../../../src/postgres/admin.ts";
import { requireClaim } from "../../../src/postgres/claims.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { applicationName, controlName } from "../../../src/sys/run-id.ts";
import { createScratch } from "../../../src/unit/scratch.ts";
import { type Work, withWork } from "../../../src/work/work.ts";
import { type Bench, makeBench, openLive, rejection, uniqueName } from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { connect } from "../../support/faults/world.ts";

let server: TestServer;
let bench: Bench;
let live: LiveTarget;
const database = uniqueName("control");

beforeAll(async () => {
  server = await sharedServer(17);
  await server.createDatabase(database);
  bench = await makeBench();
  live = await openLive(server, database, bench);
});

afterAll(async () => {
  await server.psql("postgres", `drop database ${database} with (force)`);
  await bench.remove();
});

const subject = { operation: "test", claims: [{ database, mode: "exclusive" as const }] };

async function endSessionsNamed(name: string): Promise<void> {
  const where = `from pg_stat_activity where application_name = '${name}'`;
  await server.psql("postgres", `select pg_terminate_backend(pid) ${where}`);
  await waitFor("its end", 10_000, async () => (await server.psql("postgres", `select count(*) ${where}`)) === "0");
}

async function losingControl(body: (work: Work) => Promise<unknown>): Promise<unknown> {
  return await rejection(
    withWork(bench.tools, live, subject, async (work) => {
      await work.control`select 1`;
      await endSessionsNamed(controlName(work.operation.run));
      return await body(work);
    }),
  );
}

test("the claim is lost, and another run may have it", async () => {
  const error = await losingControl(async (work) => {
    await withWork(bench.tools, live, subject, async () => undefined);
    await requireClaim(work.control, database);
  });
  expect(error).toMatchObject({ code: "claim_lost", exit: 1 });
});

test("what is asked of it fails as lost", async () => {
  expect(await losingControl((work) => work.control`select 1`)).toMatchObject({ code: "connection_lost", exit: 1 });
});

test("what was made is dropped, and what still works is ended, by a session of its own", async () => {
  let scratch = "";
  let application = "";
  const error = await rejection(
    withWork(bench.tools, live, subject, async (work) => {
      scratch = await createScratch(work, (name) => `create database ${name}`);
      application = applicationName(work.operation.run);
      const other = await work.toolbox.connect(scratch, work.operation.run);
      const working = other`select pg_sleep(600)`.catch(() => undefined);
      await endSessionsNamed(controlName(work.operation.run));
      await Promise.race([working, work.control`select 1`]);
    }),
  );
  expect(error).toMatchObject({ code: "connection_lost" });
  const sql = connect(server, "postgres");
  try {
    expect(scratch).not.toBe("");
    expect(await databaseExists(sql, scratch)).toBe(false);
    expect(await sql`select 1 from pg_stat_activity where application_name = ${application}`).toBeEmpty();
  } finally {
    await sql.end();
  }
  expect(bench.notes).toEqual([]);
});
