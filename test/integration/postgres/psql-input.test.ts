/** psql's input that ends early, wherever psql runs and whatever it was in the middle of: nothing unfinished is run. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { createClientImageToolbox } from "../../../src/postgres/client-image-toolbox.ts";
import { createDockerToolbox } from "../../../src/postgres/docker-toolbox.ts";
import { createHostToolbox } from "../../../src/postgres/host-toolbox.ts";
import type { Toolbox } from "../../../src/postgres/toolbox.ts";
import { findHostPrograms } from "../../../src/server/host-programs.ts";
import { type Streams, systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { connect } from "../../support/faults/world.ts";

const NEVER = new AbortController().signal;

interface Place {
  server: TestServer;
  database: string;
  sql: Sql;
  toolboxes: Record<string, Toolbox>;
}

let folder: string;
const places = new Map<number, Place>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-psql-"));
  const [programs] = await findHostPrograms(systemRunner);
  if (programs === undefined) throw new Error("the tests need PostgreSQL's programs on this machine");
  for (const major of [15, 17, 18] as const) {
    const server = await sharedServer(major);
    const { container, password, port = 0, image } = server;
    const database = uniqueName("psql");
    await server.createDatabase(database);
    const sql = connect(server, database);
    const connection = { host: "127.0.0.1", port, user: "postgres", password, database, parameters: {} };
    const more = { label: "the test's server", major, connection, stageParent: folder };
    const toolboxes = {
      container: createDockerToolbox(systemRunner, { container, label: container, user: "postgres", addresses: [] }),
      host: createHostToolbox(systemRunner, { ...more, programs: programs.folder, dataIsHere: false }),
      "client-image": createClientImageToolbox(systemRunner, { ...more, image }),
    };
    places.set(major, { server, database, sql, toolboxes });
  }
});

afterAll(async () => {
  for (const { sql, server, database } of places.values()) {
    await sql.end();
    await server.psql("postgres", `drop database ${database} with (force)`);
  }
  await rm(folder, { recursive: true });
});

function placeOf(major: number): Place {
  const place = places.get(major);
  if (place === undefined) throw new Error(`no server ${major}`);
  return place;
}

async function refill({ sql }: Place): Promise<void> {
  const tables =
    "drop table if exists n, s; create table n as select generate_series(1, 10) id; create table s (a text)";
  await sql.unsafe(tables);
}

/** "10 0" as long as nothing was run. */
async function look({ sql }: Place): Promise<string> {
  const [row] = await sql<{ seen: string }[]>`
    select (select count(*) from n) || ' ' || (select count(*) from s) as seen`;
  return row?.seen ?? "";
}

type Cut = "abort" | "input" | "output";

/** Feeds the text to psql and then cuts it off. `careless`: as if nothing had to be taken back. */
async function feed(place: Place, kind: string, text: string, cut: Cut, careless = false): Promise<void> {
  const toolbox = place.toolboxes[kind];
  if (toolbox === undefined) throw new Error(kind);
  const controller = new AbortController();
  const reason = new Error(`cut off: ${cut}`);
  const input = (async function* () {
    yield new TextEncoder().encode(text); // whoever asks for more has passed it on
    if (cut === "abort") controller.abort(reason);
    if (cut === "input") throw reason;
    await new Promise(() => undefined);
  })();
  const io: Streams = { input };
  if (cut === "output") io.output = () => Promise.reject(reason);
  const args = ["-X", "-v", "ON_ERROR_STOP=1", "-f", "-"];
  const options = { database: place.database, input: true };
  const { takeBack, ...bare } = toolbox.command("psql", args, newRunId(new Date()), options);
  expect(takeBack).toBeString();
  const command = careless || takeBack === undefined ? bare : { ...bare, takeBack };
  const error: unknown = await systemRunner.stream(command, io, controller.signal).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
}

/** What psql may be in the middle of, and whether it is run when the input simply ends there. */
const STATES: readonly (readonly [string, string, boolean])[] = [
  ["a statement", "delete from n\n", true],
  ["a line", "delete from n\nwhere id =", false],
  ["a list", "insert into n values (1), (2)\n", true],
  ["parentheses", "insert into n values (1), (2\n", false],
  ["a comment of a line", "delete from n -- where\n", true],
  ["a comment of several", "delete from n /* where\n", false],
  ["a string", "insert into s values ('a\n", false],
  ["an identifier", 'delete from n where "a\n', false],
  ["a body", "do $x$ begin delete from n;\n", false],
  ["two statements in one", "delete from n \\; insert into s values ('a')\n", true],
  ["what \\if lets through", "\\if true\ndelete from n\n", true],
  ["what \\if leaves out", "\\if false\ndelete from n\n", false],
  ["a line of psql's own", "select 'delete from n' \\gexec", true],
  ["rows", "copy s from stdin;\na\nb\n", true],
  ["rows of numbers", "copy n from stdin;\n11\n12\n", true],
  ["a row", "copy s from stdin;\na\nb", true],
  ["rows of csv", "copy s from stdin with (format csv);\na\nb\n", true],
  ["a quoted row of csv", 'copy s from stdin with (format csv);\na\n"b\n', false],
  ["a row of csv in quotes of its own", "copy s from stdin with (format csv, quote '~');\na\n~b\n", false],
  ["rows with a delimiter of their own", "copy s from stdin with (delimiter E'\\x01');\na\nb\n", true],
  ["rows through \\copy", "\\copy s from pstdin\na\n", true],
  ["binary rows", "copy s from stdin with (format binary);\nPGCOPY\n", false],
  ["a script that goes on behind errors", "\\set ON_ERROR_STOP off\nselect 1/0;\ncopy s from stdin;\na\n", true],
];

describe.each(takingTurns([15, 17, 18], import.meta.path))("psql %p", (major) => {
  test.each(STATES)("in the middle of %s", async (_, text, isRun) => {
    const place = placeOf(major);
    await refill(place);
    await feed(place, "container", text, "abort", true);
    if (isRun) expect(await look(place)).not.toBe("10 0");
    await refill(place);
    await feed(place, "container", text, "abort");
    expect(await look(place)).toBe("10 0");
  });
});

test("what is complete was run, what is not was not", async () => {
  const place = placeOf(17);
  await refill(place);
  await feed(place, "container", "delete from n where id = 1;\ndelete from n\n", "abort");
  expect(await look(place)).toBe("9 0");
});

describe.each(["container", "client-image", "host"])("by the programs of a %s", (kind) => {
  test.each(["abort", "input", "output"] as const)("when it is cut off by its %s", async (cut) => {
    const place = placeOf(18);
    for (const text of ["delete from n\n", "copy s from stdin;\na\n"]) {
      await refill(place);
      await feed(place, kind, `select 'some output';\n${text}`, cut);
      expect(await look(place)).toBe("10 0");
    }
  });
});

test("an input that comes to its end is run to its end, as psql does", async () => {
  const place = placeOf(17);
  await refill(place);
  const command = place.toolboxes.container?.command("psql", ["-X", "-f", "-"], newRunId(new Date()), {
    ...{ database: place.database, input: true },
  });
  if (command === undefined) throw new Error("no toolbox");
  const input = (async function* () {
    for (const piece of ["delete from n where", " id > 5;\ninsert into s", "\nvalues ('without an end')"]) {
      yield new TextEncoder().encode(piece);
    }
  })();
  await systemRunner.stream(command, { input }, NEVER);
  expect(await look(place)).toBe("5 1");
});
