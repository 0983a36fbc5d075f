/** One table of scripts through all that psql runs for: what ends early is no success, whoever runs it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seedFiles } from "../../../src/seed/sql/run-files.ts";
import { readSeedFiles } from "../../../src/seed/sql/sql-files.ts";
import { runSql } from "../../../src/sql/run-sql.ts";
import { rejection, restore, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { HEAD, type MigrationBench, makeMigrationBench } from "../../support/migrate/bench.ts";

/** What comes of a script: the rows that are there then, and what is said where it fails. */
interface Outcome {
  rows: string;
  says?: RegExp;
}

interface Case {
  text: string;
  /** Statement by statement, as psql does. */
  alone: Outcome;
  /** As a migration or a seed file; left out, as it is alone. */
  file?: Outcome;
  /** As a migration; left out, as any file. */
  migration?: Outcome;
  /** Within a whole dump: refused before psql sees a line of it; left out, as it is alone. */
  dump?: Outcome | "refused";
}

const done = (rows: string): Outcome => ({ rows });
const fails = (rows: string, says: RegExp): Outcome => ({ rows, says });
const REFUSED = fails("", /may not reach beyond its database/);
/** Behind such an end psql would take the ledger's rows for a part of the script, so nothing of it is run. */
const OPEN = fails("", /the rows of its last COPY have no end|is still open at its end/);
const NO_END = /its end was never reached: rows of COPY without \\\. behind them/;

function casesFor(major: number): Record<string, Case> {
  const emptyStatement = "copy s from stdin;\nx\n\\.\n;\ninsert into s values ('y');\n";
  const givenUp = fails("x", /its end was never reached: psql went no further/);
  return {
    "a last statement without a semicolon": { text: "insert into s values ('x')", alone: done("x"), dump: "refused" },
    "a last line that is a comment": { text: "insert into s values ('x'); -- the end", alone: done("x") },
    "rows with their end": { text: "copy s from stdin;\nx\n\\.\n", alone: done("x") },
    "rows whose end is the last thing": { text: "copy s from stdin;\nx\n\\.", alone: done("x") },
    "rows without their end": {
      text: "copy s from stdin;\nx\ny",
      alone: fails("", NO_END),
      migration: OPEN,
      dump: "refused",
    },
    "no rows, and no end of them": {
      text: "copy s from stdin;",
      alone: fails("", NO_END),
      migration: OPEN,
      dump: "refused",
    },
    "quoted rows without their end": {
      text: 'copy s from stdin csv;\nx\n"y\n',
      alone: fails("", NO_END),
      file: fails("", /extra data after last expected column|its end was never reached/), // quotes follow that are ours
      migration: OPEN,
      dump: "refused",
    },
    "an empty statement behind rows": {
      text: emptyStatement,
      alone: major < 17 ? done("x,y") : givenUp,
    },
    "an open string": {
      text: "insert into s values ('x');\ninsert into s values ('y",
      alone: fails("x", /unterminated quoted string|syntax error/),
      migration: OPEN,
      dump: "refused",
    },
    "an open body": {
      text: "insert into s values ('x');\ndo $x$ begin insert into s values ('y');",
      alone: fails("x", /unterminated dollar-quoted string/),
      migration: OPEN,
      dump: "refused",
    },
    "an open comment": {
      text: "insert into s values ('x');\ninsert into s values ('y') /* the end",
      alone: fails("x", /unterminated \/\* comment/),
      migration: OPEN,
      dump: "refused",
    },
    "an open list": {
      text: "insert into s values ('x');\ninsert into s values ('y'), ('z'\n",
      alone: fails("x", /ERROR: {2}syntax error/),
      dump: "refused",
    },
    "\\q": {
      text: "insert into s values ('x');\n\\q\ninsert into s values ('y');",
      alone: done("x"),
      file: REFUSED,
      dump: "refused",
    },
    "\\if": {
      text: "insert into s values ('x');\n\\if false\ninsert into s values ('y');\n",
      alone: fails("x", /:3: error: reached EOF without finding closing \\endif/),
      file: REFUSED,
      dump: "refused",
    },
    "\\connect": { text: "\\connect postgres\nselect 1;", alone: done(""), file: REFUSED, dump: "refused" },
    "\\o": {
      text: "\\o /dev/null\ninsert into s values ('x') returning a",
      alone: done("x"),
      file: REFUSED,
      dump: "refused",
    },
    "\\copy without the end of its rows": {
      text: "\\copy s from pstdin\nx",
      alone: fails("", NO_END),
      file: REFUSED,
      dump: "refused",
    },
    "\\g behind a COPY without the end of its rows": {
      text: "copy s from stdin \\g\nx",
      alone: fails("", NO_END),
      file: REFUSED,
      dump: "refused",
    },
    "commands that do no harm": {
      text: `\\set v x\ninsert into s values (:'v');\n\\unset v\n\\timing on\n\\timing off\n\\x\n\\echo a :v; 'b c'
select 'insert into s values (''y'')' \\gexec\n\\qecho q\n\\warn -n w\ninsert into s\n\\echo between\nvalues ('z')`,
      alone: done("x,y,z"),
      dump: "refused",
    },
    "a command that only psql reads, by a setting that was changed unseen": {
      text: `insert into s values ('x');
do $$ begin execute 'set standard_' || 'conforming_strings = off'; end $$;\nselect 'a\\', ';\n\\! true\n--';\n`,
      alone: done("x"),
      file: fails("x", /backslash commands are restricted/),
      dump: fails("", /backslash commands are restricted/),
    },
    "\\restrict": {
      text: "\\restrict key\ninsert into s values ('x');",
      alone: fails("x", /its end was never reached: \\restrict without \\unrestrict/),
      file: fails("", /there is no \\unrestrict behind it/),
      dump: done("x"),
    },
  };
}

/** What came with 17 is in 18 as well. */
const MAJORS = [15, ...takingTurns([17, 18], import.meta.path)] as const;
/** Their own part is the same everywhere. */
const WITH_FILES = 18;

describe.each([...MAJORS])("psql %i", (major) => {
  let server: TestServer;
  let bench: MigrationBench;
  const cases = Object.entries(casesFor(major));

  beforeAll(async () => {
    server = await sharedServer(major);
    bench = await makeMigrationBench(server);
  });

  afterAll(async () => {
    await server.psql("postgres", `drop database ${bench.database} with (force)`);
    await bench.remove();
  });

  beforeEach(async () => {
    await bench.query(
      "drop schema if exists pgrove cascade; drop table if exists s, schema_migrations; create table s (a text)",
    );
  });

  async function expectOutcome(running: Promise<unknown>, { rows, says }: Outcome): Promise<void> {
    if (says === undefined) await running;
    else expect((await rejection(running)).message).toMatch(says);
    expect(await bench.query("select coalesce(string_agg(a, ',' order by a), '') from s")).toBe(rows);
  }

  async function* bytesOf(text: string) {
    yield new TextEncoder().encode(text.slice(0, text.length / 2));
    yield new TextEncoder().encode(text.slice(text.length / 2));
  }

  test.each(cases)("sql: %s", async (_, { text, alone }) => {
    const sink = { output: async () => undefined, notice: () => undefined };
    const source = { name: "x.sql", open: () => bytesOf(text) };
    await expectOutcome(runSql(bench.live, bench.tools, source, "csv", sink), alone);
  });

  /** psql runs such a file, whatever follows. */
  const asFile = (text: string) => `\\echo begun\n${text}`;
  const besides = major === WITH_FILES ? cases : [];

  describe.each([true, false])("in a transaction: %p", (transaction) => {
    /** In a transaction nothing is left of what failed. */
    const expected = ({ alone, file = alone }: Case): Outcome =>
      transaction && file.says !== undefined ? { ...file, rows: "" } : file;

    test.each(besides)("migration: %s", async (_, each) => {
      const mark = transaction ? "" : "-- pgrove:no-transaction\n";
      await bench.write({ "1_s.up.sql": mark + asFile(each.text) });
      const outcome = each.migration ?? expected(each);
      await expectOutcome(bench.migrate(HEAD), outcome);
      const ledger = await bench.ledger();
      if (outcome.says === undefined) expect(ledger).toEqual(["1|run|t"]);
      else expect(ledger).not.toContain("1|run|t");
    });

    test.each(besides)("seed: %s", async (_, each) => {
      const dir = join(bench.folder, "seeds");
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, "base.sql"), asFile(each.text));
      const files = await readSeedFiles({ root: bench.folder, dir, listed: undefined, names: [] });
      const request = { files, force: true, transaction, consent: async () => undefined };
      await expectOutcome(seedFiles(bench.tools, bench.live, request), expected(each));
    });
  });

  const dumps = besides.flatMap(([name, { text, alone, dump = alone }]) =>
    dump === "refused" ? [] : [[name, text, dump] as const],
  );

  test.each(dumps)("restore: %s", async (_, text, outcome) => {
    const path = join(bench.folder, `${uniqueName("plain")}.sql`);
    const head = "--\n-- PostgreSQL database dump\n--\n\ncreate table s (a text);\n";
    await writeFile(path, `${head}${text}\n--\n-- PostgreSQL database dump complete\n--\n`);
    const unchanged = outcome.says === undefined ? outcome : { ...outcome, rows: "" };
    await expectOutcome(restore(bench, bench.live, path, { discardPrevious: true }), unchanged);
  });
});

test("what psql prints is handed on byte for byte, and nothing of the proof", async () => {
  const server = await sharedServer(17);
  const bench = await makeMigrationBench(server);
  try {
    const scripts = [
      "\\set ECHO all\nselect 1 as a;\nselect 2 as b",
      "\\set ECHO all\nselect 1 as a \\g\nselect '\\warn pgrove-end-' as b;\n",
      "\\warn -n no line\n",
      "\\set ECHO queries\n\\timing on\n\\timing off\nselect 'ä€'\n-- a comment",
      "copy (select repeat('x', 1000) from generate_series(1, 1000)) to stdout",
    ];
    for (const text of scripts) {
      const own = ["psql", "-X", "-U", "postgres", "-d", bench.database, "-v", "ON_ERROR_STOP=1", "-f", "-"];
      const bare = await server.exec(own, { stdin: text });
      const printed: Uint8Array[] = [];
      const said: string[] = [];
      const sink = {
        output: async (chunk: Uint8Array) => void printed.push(chunk.slice()),
        notice: (line: string) => said.push(line),
      };
      const source = { name: "<stdin>", open: () => new Blob([text]).stream() };
      await runSql(bench.live, bench.tools, source, "table", sink);
      expect(Buffer.concat(printed).toString()).toBe(bare.stdout);
      expect(said.join("\n")).toBe(bare.stderr.trim());
    }
  } finally {
    await server.psql("postgres", `drop database ${bench.database} with (force)`);
    await bench.remove();
  }
});
