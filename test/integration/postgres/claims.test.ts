import { afterAll, beforeAll, expect, test } from "bun:test";
import { interruption } from "../../../src/errors.ts";
import { type Claim, type ClaimWait, claimDatabases } from "../../../src/postgres/claims.ts";
import { endSession } from "../../../src/postgres/session.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { type Bench, makeBench, openLive, rejection, uniqueName } from "../../support/database.ts";
import { sharedServer } from "../../support/engine/server.ts";

let bench: Bench;
let one: Sql;
let other: Sql;

beforeAll(async () => {
  bench = await makeBench();
  const { toolbox } = await openLive(await sharedServer(17), "postgres", bench);
  [one, other] = [
    await toolbox.connect("postgres", newRunId(new Date())),
    await toolbox.connect("postgres", newRunId(new Date())),
  ];
});
afterAll(async () => {
  await Promise.all([one, other].map(endSession));
  await bench.remove();
});

const exclusively = (database: string): Claim => ({ database, mode: "exclusive" });
const wait = (waitMs: number, more: Partial<ClaimWait> = {}): ClaimWait => ({
  ...{ waitMs, abort: new AbortController().signal, note: () => {} },
  ...more,
});
const letGo = (sql: Sql) => sql`select pg_advisory_unlock_all()`;

test("what another run has is told at once, and nothing of the rest is kept", async () => {
  const [free, taken] = [uniqueName("free"), uniqueName("taken")];
  await claimDatabases(one, [exclusively(taken)], wait(0));
  const error = await rejection(claimDatabases(other, [exclusively(free), exclusively(taken)], wait(0)));
  expect(error).toMatchObject({ code: "database_busy", exit: 5 });
  expect(error.message).toContain(taken);
  await claimDatabases(one, [exclusively(free)], wait(0));
  await Promise.all([letGo(one), letGo(other)]);
});

test("who waits gets it when the other run lets go, and says once that it waits", async () => {
  const taken = uniqueName("taken");
  await claimDatabases(one, [{ database: taken, mode: "shared" }], wait(0));
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(text);
    setImmediate(() => void letGo(one).catch(() => {}));
  };
  await claimDatabases(other, [exclusively(taken)], wait(60_000, { note }));
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain(taken);
  expect(await rejection(claimDatabases(one, [exclusively(taken)], wait(0)))).toMatchObject({ code: "database_busy" });
  await letGo(other);
});

test("a wait ends with its time, and with Ctrl-C", async () => {
  const taken = uniqueName("taken");
  await claimDatabases(one, [exclusively(taken)], wait(0));
  const late = await rejection(claimDatabases(other, [exclusively(taken)], wait(200)));
  expect(late).toMatchObject({ code: "database_busy", exit: 5 });
  const interrupt = new AbortController();
  const note = () => interrupt.abort(interruption("SIGINT"));
  const waiting = claimDatabases(other, [exclusively(taken)], wait(60_000, { abort: interrupt.signal, note }));
  expect(await rejection(waiting)).toMatchObject({ exit: interruption("SIGINT").exit });
  await letGo(one);
});
