/** Killed, interrupted or cut off from its server at any moment of a large load: nothing of the run stays. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { spread, thorough } from "../../support/faults/moments.ts";
import type { Started } from "../../support/faults/program.ts";
import { connect } from "../../support/faults/world.ts";
import { readSeedState, type SeedState, sessionsIn, waitForNoSessions } from "../../support/seed/state.ts";
import { Grove } from "../../support/worktrees/grove.ts";

/** The first number of the advisory locks that the load waits at. */
const GATES = 28;
/** Behind all rows. */
const LAST_GATE = 2;

/** Everything that loading takes away and makes again, and things beside that have to stay. */
const SHOP = `
  create table customer (id bigint generated always as identity primary key, email text not null unique, name text not null);
  create table purchase (id serial primary key, customer_id bigint not null references customer on delete cascade deferrable,
                         amount int not null check (amount between 1 and 900), note text);
  create index purchase_customer on purchase (customer_id) include (amount) where amount > 3;
  create index purchase_text on purchase (lower(note) text_pattern_ops desc nulls last) with (fillfactor = 60);
  create index kept on purchase (amount);
  comment on index kept is 'by its comment';
  create function pass(gate int, at_gate boolean) returns boolean language plpgsql immutable as $$ begin
    if at_gate then perform pg_advisory_xact_lock_shared(${GATES}, gate); end if; return true; end $$;
  create sequence progress;
  create function count_row() returns trigger language plpgsql as $$ begin
    perform nextval('public.progress'); return new; end $$;
  create trigger count_row before insert on customer for each row execute function count_row();
  create function stamp() returns trigger language plpgsql as $$ begin
    perform nextval('public.progress'), pass(1, new.id = 50000); new.note := 'seen'; return new; end $$;
  create index gated on purchase (pass(2, id = 50000));
  create trigger stamp before insert on purchase for each row execute function stamp();
  create table beside as select 1 as one;`;

const ROWS = 100_000;
const LOAD = ["seed", "customer", "purchase", String(ROWS)];

let grove: Grove;
let before: SeedState;
beforeAll(async () => {
  grove = await Grove.create(await sharedServer(18), { sql: SHOP });
  before = await readSeedState(grove);
  await grove.ok(LOAD);
  expect(await rowsOf("customer")).toBe(ROWS);
  expect((await readSeedState(grove)).definitions.filter((line) => !line.includes("pgrove."))).toEqual(
    before.definitions,
  );
  await grove.ok(["seed", "--clean-force", "all", "0"]);
  before = await readSeedState(grove);
});
afterAll(() => grove?.[Symbol.asyncDispose]());

const rowsOf = async (table: string) => Number(await grove.ask(grove.project, `select count(*)::int from ${table}`));

async function expectNothingLeft(program: Started, code: number | null): Promise<void> {
  const ended = await program.ended;
  await waitForNoSessions(grove);
  expect(ended.code).toBe(code);
  expect(await readSeedState(grove)).toEqual(before);
}

/** Starts the load, with one of its gates closed until it was struck when the condition holds. */
async function strikeWhen(
  { what, key }: { what: string; key: number },
  condition: () => Promise<boolean>,
  blow: (program: Started) => unknown,
): Promise<Started> {
  const gate = connect(grove.server, grove.project);
  try {
    await gate`select pg_advisory_lock(${GATES}, ${key})`;
    const program = grove.repo.start(LOAD);
    const arrived = async () => {
      if (!program.isRunning()) throw new Error(`it ended before ${what}:\n${program.said()}`);
      return await condition();
    };
    await waitFor(what, 30_000, arrived, 5);
    await blow(program);
    return program;
  } finally {
    await gate.end();
  }
}

describe("at random moments", () => {
  /** Strikes when so many rows of both tables have come; a sequence counts also what is taken back. */
  async function strike(share: number, signal: NodeJS.Signals): Promise<Started> {
    const rows = Math.ceil(share * 2 * ROWS);
    await grove.ask(grove.project, "select setval('progress', 1, false)");
    const count = "select case when is_called then last_value else 0 end::int from progress";
    const come = async () => Number(await grove.ask(grove.project, count)) >= rows;
    return await strikeWhen({ what: `${rows} rows`, key: LAST_GATE }, come, (program) => program.kill(signal));
  }

  test.each(spread(thorough ? 24 : 4, 28))("SIGKILL after %p of the rows", async (share) => {
    await expectNothingLeft(await strike(share, "SIGKILL"), null);
  });

  test.each(spread(thorough ? 12 : 2, 29))("SIGINT after %p of the rows", async (share) => {
    await expectNothingLeft(await strike(share, "SIGINT"), 130);
  });
});

/** Places where the load waits for the test: in a trigger at a row of `purchase`, and while an index is built on it. */
const gates = [
  { what: "rows come in", key: 1 },
  { what: "indexes are made again", key: LAST_GATE },
];

describe.each(gates)("while $what", (gate) => {
  /** Lets the load come to the gate, strikes, and opens it: a session that waits does not notice that its client is gone. */
  async function strike(blow: (program: Started, pid: number) => unknown): Promise<Started> {
    let pid: number | undefined;
    const waits = async () => {
      pid = (await sessionsIn(grove)).find((session) => session.waits)?.pid;
      return pid !== undefined;
    };
    return await strikeWhen(gate, waits, (program) => blow(program, pid ?? 0));
  }

  test("killed: the next run works, and its rows are the only ones", async () => {
    await expectNothingLeft(await strike((program) => program.kill("SIGKILL")), null);
    await grove.ok(["seed", "customer", "purchase", "100"]);
    expect(await grove.ask(grove.project, "select max(id)::int from purchase")).toBe(100);
    expect(await rowsOf("customer")).toBe(100);
    await grove.ok(["seed", "--clean-force", "all", "0"]);
  });

  test("interrupted: it ends what the server does for it, and says so", async () => {
    const program = await strike(async (started) => {
      started.kill("SIGINT");
      await started.ended; // while the gate is still closed
    });
    await expectNothingLeft(program, 130);
    expect((await program.ended).stderr).toContain("interrupted");
    expect(grove.repo.openRuns()).toEqual([]);
  });

  test("its session ended by the server: an error, and no waiting for ever", async () => {
    const program = await strike((_, pid) => grove.sql`select pg_terminate_backend(${pid})`);
    await expectNothingLeft(program, 1);
    expect((await program.ended).stderr).not.toMatch(/\bat .*\.ts:|\bbug\b/);
  });
});
