/** Killed at any moment: ledger and schema agree, or the ledger says exactly what is in doubt; the next run finishes. */
import { beforeAll, describe, expect, test } from "bun:test";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { spread, thorough } from "../../support/faults/moments.ts";
import type { Started } from "../../support/faults/program.ts";
import { type Files, Stage, tableFiles } from "../../support/migrate/stage.ts";
import { openSql } from "../../support/migration-ledgers.ts";

const SEED = 4_711;
const MOMENTS = thorough ? 30 : 4;

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

describe("at any moment", () => {
  const VERSIONS = [1, 2, 3, 4, 5];
  const OUTSIDE = 3;
  const PARTS = 6;
  const TICK = "select tick();\n";
  const TICKS = VERSIONS.length * PARTS;
  /**
   * What a sequence has counted is not taken back with its transaction: so it says how far a script has come. The tick
   * behind the one at which it is to be struck waits, else the run might be over by then.
   */
  const CLOCK = `
    create sequence progress;
    create sequence last_tick;
    select setval('last_tick', 1000);
    create function tick() returns void language plpgsql as $$
      declare own bigint := nextval('progress');
      begin
        perform pg_sleep(0.004);
        while own > (select last_value from last_tick) loop perform pg_sleep(0.001); end loop;
      end $$`;

  const parts = (line: (part: number) => string) =>
    Array.from({ length: PARTS }, (_, part) => `${TICK}${line(part + 1)}\n`).join("");
  const FILES: Files = Object.fromEntries(
    VERSIONS.flatMap((version) => {
      const [mark, ifNot, ifThere] =
        version === OUTSIDE ? ["-- pgrove:no-transaction\n", "if not exists", "if exists"] : ["", "", ""];
      return [
        [`${version}_m.up.sql`, `${mark}${parts((part) => `create table ${ifNot} m${version}_${part} ();`)}`],
        [`${version}_m.down.sql`, `${mark}${parts((part) => `drop table ${ifThere} m${version}_${part};`)}`],
      ];
    }),
  );

  /** In one look: per version how many of its tables are there, and what the ledger and golang-migrate's table say. */
  const LOOK = `select v, (select count(*) from pg_tables where tablename like 'm' || v || '\\_%'),
      coalesce(l.success::text, 'none'), coalesce(l.failed_statement, 0), coalesce((select dirty::text || version from schema_migrations), '')
    from generate_series(1, ${VERSIONS.length}) v left join pgrove.migrations l on l.version = v order by v`;

  interface Seen {
    version: number;
    tables: number;
    success: string;
    statement: number;
    companion: string;
  }

  async function look(stage: Stage): Promise<Seen[]> {
    return (await stage.rows(LOOK)).map((row) => {
      const [version = "", tables = "", success = "", statement = "", companion = ""] = row.split("|");
      return { version: Number(version), tables: Number(tables), success, statement: Number(statement), companion };
    });
  }

  function findDisagreements(seen: readonly Seen[], direction: "up" | "down"): string[] {
    const newest = seen.findLast(({ success }) => success === "true")?.version;
    const doubtful = seen.find(({ success }) => success === "false");
    const wrong = seen.flatMap(({ version, tables, success, statement }) => {
      const there = success === "true" ? PARTS : 0;
      if (success !== "false") return tables === there ? [] : [`${version}: ${success}, ${tables} tables`];
      // Of two statements each, the first ticks. The one in doubt has been done, or not.
      const done = Math.floor((statement - 1) / 2);
      const possible = direction === "up" ? [done, done + 1] : [PARTS - done, PARTS - done - 1];
      return possible.includes(tables) ? [] : [`${version}: in doubt at ${statement}, ${tables} tables`];
    });
    const dirty =
      doubtful === undefined ? `false${newest}` : `true${direction === "up" ? doubtful.version : (newest ?? -1)}`;
    const expected = newest === undefined && doubtful === undefined ? "" : dirty;
    const companion = seen[0]?.companion;
    return companion === expected ? wrong : [...wrong, `golang-migrate's table says ${companion}, not ${expected}`];
  }

  /** Resolves with what is to be seen when it was struck. */
  async function strike(stage: Stage, line: string, ticks: number): Promise<Seen[]> {
    await stage.sql.unsafe(`select setval('progress', 1, false), setval('last_tick', ${ticks})`);
    const program = stage.start(line);
    await atLeast(stage, program, ticks);
    program.kill("SIGKILL");
    await program.ended;
    const seen = await look(stage);
    await stage.sql.unsafe("select setval('last_tick', 1000)");
    return seen;
  }

  async function atLeast(stage: Stage, program: Started, ticks: number): Promise<void> {
    const query = "select case when is_called then last_value else 0 end from progress";
    const reached = async () => {
      if (!program.isRunning()) throw new Error(`it ended before ${ticks} ticks:\n${program.said()}`);
      return Number((await stage.rows(query))[0]) >= ticks;
    };
    await waitFor(`${ticks} ticks`, 30_000, reached, 1);
  }

  test.concurrent(`up and down, at ${MOMENTS} moments by chance`, async () => {
    await using stage = await Stage.create(server, FILES, { sql: CLOCK });
    await stage.ok("up 1");
    await stage.ok("down --yes");
    const moments = spread(MOMENTS, SEED).map((moment) => Math.ceil(moment * (TICKS - 1)));
    const doubts: number[] = [];
    for (const [place, ticks] of moments.entries()) {
      const direction = place % 2 === 0 ? "up" : "down";
      const line = direction === "up" ? "up --yes" : "down --all --yes";
      const seen = await strike(stage, line, ticks);
      expect([direction, ticks, findDisagreements(seen, direction)]).toEqual([direction, ticks, []]);
      doubts.push(...seen.filter(({ success }) => success === "false").map(({ statement }) => statement));
      await stage.ok(line);
      const after = await look(stage);
      expect([direction, ticks, findDisagreements(after, direction)]).toEqual([direction, ticks, []]);
      const success = direction === "up" ? "true" : "none";
      expect(after.map((each) => each.success)).toEqual(VERSIONS.map(() => success));
    }
    expect(doubts.length).toBeGreaterThan(0); // or nothing has shown that a script outside is told from the others
  });
});

describe("in the middle of a script outside a transaction", () => {
  const FILES = {
    ...tableFiles("1_a"),
    "2_index.up.sql":
      "-- pgrove:no-transaction\ninsert into a values (1);\ncreate table done (id int);\ncreate index concurrently a_desc on a (id desc);\ninsert into a values (2);\n",
    "2_index.down.sql": "drop index a_desc; drop table done;\n",
    ...tableFiles("3_b"),
  };

  const AT_WORK =
    "select count(*) from pg_stat_activity where datname = current_database() and query like 'create index conc%' and wait_event_type = 'Lock'";

  /** Kills a run at its third statement, which waits for the reader. */
  async function killAtThird(stage: Stage) {
    await stage.ok("up 1");
    const reader = openSql(server, stage.database);
    await reader.unsafe("begin isolation level repeatable read; select count(*) from a");
    const program = stage.start("up");
    await waitFor("the third statement", 20_000, async () => (await stage.rows(AT_WORK))[0] === "1", 5);
    program.kill("SIGKILL");
    await program.ended;
    return { release: () => reader.unsafe("commit").finally(() => reader.end()) };
  }

  async function expectAllDone(stage: Stage): Promise<void> {
    expect([await stage.ledger(), await stage.companion()]).toEqual(["1 2 3", "3|false"]);
    expect(await stage.rows("select id from a order by id")).toEqual(["1", "2"]);
    const [valid] = await stage.rows("select indisvalid from pg_index where indexrelid = 'a_desc'::regclass");
    expect(valid).toBe("true");
  }

  test.concurrent("it is in doubt at exactly that statement, status says how to go on, and so it goes on", async () => {
    await using stage = await Stage.create(server, FILES);
    const { release } = await killAtThird(stage);
    expect([await stage.ledger(), await stage.companion()]).toEqual(["1 2?", "2|true"]);
    const status = await stage.run("status --exit-code");
    expect(status.code).toBe(6);
    expect(status.stdout).toContain(
      "2 index is in doubt: its up has stopped at statement 3 of migrations/2_index.up.sql",
    );
    expect(await stage.json("status")).toMatchObject({ in_doubt: [{ version: "2", failed: { statement: 3 } }] });
    for (const line of ["down --yes", "goto 3 --yes", "up 1_a --yes"]) {
      expect(await stage.fails(5, line)).toContain("stopped at statement 3");
    }
    expect(await stage.fails(5, "up")).toContain("2 index would go on at statement 3"); // unasked, nothing goes on
    const said = await stage.fails(1, "up --yes"); // it ends the killed run's session, whose index stays half-made
    await release();
    const [, command = ""] = /(DROP INDEX CONCURRENTLY \S+;)/.exec(said) ?? [];
    expect([said, command]).toEqual([expect.anything(), expect.stringContaining("a_desc")]);
    await stage.sql.unsafe(command);
    await stage.ok("up --yes");
    await expectAllDone(stage);
  });

  test.concurrent("when the server finishes that statement all the same, the way around it is said", async () => {
    await using stage = await Stage.create(server, FILES);
    const { release } = await killAtThird(stage);
    await release();
    const valid = "select count(*) from pg_index where indexrelid = to_regclass('a_desc') and indisvalid";
    await waitFor("the index", 20_000, async () => (await stage.rows(valid))[0] === "1", 5);
    expect(await stage.fails(1, "up --yes")).toContain("IF NOT EXISTS");
    const file = "2_index.up.sql" as const;
    await stage.write({ [file]: FILES[file].replace("concurrently a_desc", "concurrently if not exists a_desc") });
    await stage.ok("up --yes");
    await expectAllDone(stage);
  });
});

describe("ended from outside", () => {
  const SLOW = {
    ...tableFiles("1_a"),
    "2_slow.up.sql": "create table slow ();\nselect pg_sleep(60);\n",
    ...tableFiles("3_b"),
  };
  const SLEEPS =
    "from pg_stat_activity where datname = current_database() and state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()";

  const sleeping = (stage: Stage) =>
    waitFor(
      "the migration to sleep",
      20_000,
      async () => (await stage.rows(`select count(*) ${SLEEPS}`))[0] === "1",
      5,
    );

  test.concurrent.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "by %s: rolled back, nothing is left in the server, and the next run begins where it ended",
    async (signal, code) => {
      await using stage = await Stage.create(server, SLOW);
      const program = stage.start("up");
      await sleeping(stage);
      program.kill(signal);
      expect((await program.ended).code).toBe(code);
      expect([await stage.ledger(), await stage.companion(), await stage.tables()]).toEqual(["1", "1|false", ["a"]]);
      await waitFor("no session", 5_000, async () => (await stage.rows(`select count(*) ${SLEEPS}`))[0] === "0", 20);
      await stage.write({ "2_slow.up.sql": "create table slow ();\n" });
      await stage.ok("up");
      expect(await stage.ledger()).toBe("1 2 3");
    },
  );

  test.concurrent("when the server ends its session: said so, and rolled back", async () => {
    await using stage = await Stage.create(server, SLOW);
    const program = stage.start("up");
    await sleeping(stage);
    await stage.rows(`select pg_terminate_backend(pid) ${SLEEPS}`);
    const { code, stderr } = await program.ended;
    expect(code).toBe(1);
    expect(stderr).toContain("was lost");
    expect([await stage.ledger(), await stage.companion(), await stage.tables()]).toEqual(["1", "1|false", ["a"]]);
  });
});
