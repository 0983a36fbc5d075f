/** Loads a checked dump into an empty database with pg_restore or psql. */

import { listOfKept } from "../archive/archive-wants.ts";
import { feedPsql, readServerMajor } from "../archive/feed-psql.ts";
import { SCRIPT_CONTENTS } from "../archive/left-out.ts";
import { openPlain } from "../archive/plain.ts";
import { scannedPlain } from "../archive/scan.ts";
import { type Skipping, TABLESPACES } from "../archive/wants.ts";
import { failure } from "../errors.ts";
import { databaseArgument } from "../postgres/identifier.ts";
import type { Stage, ToolOptions } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { joinCommands } from "../sys/pipe.ts";
import type { Streams } from "../sys/process.ts";
import { readLoadOptions } from "../work/load-options.ts";
import { watchingRoom } from "../work/watch-room.ts";
import type { Work } from "../work/work.ts";
import { explainLoadError } from "./explain-load.ts";
import type { InspectedDump } from "./inspect.ts";
import { choosePlace, type Placed, readDump } from "./place-archive.ts";
import { chooseWay } from "./way.ts";

export interface LoadRequest {
  database: string;
  /** Where the archive lies for pg_restore; undefined for plain SQL. */
  placed: Placed | undefined;
  skipping: Skipping;
  searchPath: string | undefined;
  jobs: number;
  /** All of it in one transaction; with `clean` what it makes is dropped first. */
  atOnce?: { clean: boolean };
}

/** What the programs are told of the login's limits, and which entries of an archive they take. */
interface LoadSettings {
  options: string | undefined;
  list: { path: string; stage: Stage } | undefined;
}

/** Runs the right program for the dump's kind. Throws (exit 1) with the failing statement at the first error. */
export async function loadDump(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  request: LoadRequest,
): Promise<void> {
  const { placed, database, searchPath } = request;
  const into = { ...live, database };
  const options = await readLoadOptions(work.control, live.toolbox, searchPath);
  try {
    await watchingRoom(work, live, async () => {
      if (placed === undefined) return await loadPlain(work, into, inspected, request, options);
      const settings = { options, list: await writeList(work, inspected, placed, request) };
      const load = placed.bySql ? loadBySql : loadArchive;
      await load(work, into, inspected, placed, { ...request, ...settings });
    });
  } catch (error) {
    throw explainLoadError(error, inspected, live, request.skipping);
  }
}

/** The list of what is taken, where that is not all, in a place where pg_restore can read it. */
async function writeList(
  work: Work,
  { entries, isPart = false }: InspectedDump,
  { programs, stage }: Placed,
  { skipping }: LoadRequest,
): Promise<LoadSettings["list"]> {
  const kept = listOfKept(entries, skipping);
  const text = kept === undefined && isPart ? entries.map(({ id }) => `${id};\n`).join("") : kept;
  if (text === undefined) return undefined;
  const own = stage ?? (await work.stage(programs));
  const bytes = (async function* () {
    yield new TextEncoder().encode(text);
  })();
  return { path: await own.write("list", bytes, work.operation.abort), stage: own };
}

/** Puts an archive where pg_restore can read it; plain SQL needs no place. Throws (exit 1) when it cannot be unpacked. */
export async function placeArchive(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  { jobs, skipping }: Pick<LoadRequest, "jobs" | "skipping">,
): Promise<Placed | undefined> {
  if (inspected.kind.kind === "plain") return undefined;
  const server = await readServerMajor(work);
  const way = await chooseWay(inspected, server, live);
  if (way.bySql) {
    const reader = `pg_restore ${way.programs.major ?? server}`;
    const why = inspected.roleMap === undefined ? "for this server" : "for --role-map";
    work.tools.note(`${reader} makes SQL of ${inspected.dump.name} ${why}: one table is loaded at a time`);
  }
  try {
    return await choosePlace(work, inspected, way, jobs);
  } catch (error) {
    throw explainLoadError(error, inspected, live, skipping);
  }
}

/** What pg_restore is told whichever way it loads. */
function argumentsFor({ path }: Placed, { skipping, list }: LoadRequest & LoadSettings): string[] {
  return [
    "--no-subscriptions",
    "--verbose",
    ...(skipping.owners ? ["--no-owner"] : []),
    ...(skipping.grants ? ["--no-acl"] : []),
    ...(skipping.objects.has(TABLESPACES) ? ["--no-tablespaces"] : []),
    ...(list === undefined ? [] : [`--use-list=${list.path}`]),
    ...(path === undefined ? [] : [path]),
  ];
}

/** What pg_restore reads, and the listener for what it says. */
function streamsOf(work: Work, inspected: InspectedDump, { path }: Placed): Pick<Streams, "input" | "line"> {
  const total = inspected.tables?.length ?? 0;
  let done = 0;
  const line = (said: string) => {
    const table = /processing data for table "(.+)"$/.exec(said)?.[1];
    if (table === undefined) return;
    done += 1;
    work.tools.progress({ phase: "restore", subject: `${table.replace('"."', ".")} (${done} of ${total})` });
  };
  return { line, ...(path === undefined ? { input: readDump(work, inspected) } : {}) };
}

function optionsFor({ path, stage }: Placed, { list, options }: LoadSettings): ToolOptions {
  const folder = stage ?? list?.stage;
  return {
    input: path === undefined,
    ...(folder === undefined ? {} : { stage: folder }),
    ...(options === undefined ? {} : { env: { PGOPTIONS: options } }),
  };
}

async function loadArchive(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  placed: Placed,
  request: LoadRequest & LoadSettings,
): Promise<void> {
  const { run, abort } = work.operation;
  const atOnce = request.atOnce === undefined ? [] : ["--single-transaction"];
  const clean = request.atOnce?.clean ? ["--clean", "--if-exists"] : [];
  const jobs = placed.parallel && request.jobs > 1 ? [`--jobs=${request.jobs}`] : [];
  const into = [`--dbname=${databaseArgument(live.database)}`, "--exit-on-error", ...atOnce, ...clean, ...jobs];
  const streams = streamsOf(work, inspected, placed);
  for (const sections of jobs.length > 0 && firesEarly(inspected.entries) ? IN_TURN : [[]]) {
    const args = [...into, ...sections, ...argumentsFor(placed, request)];
    const command = placed.programs.command("pg_restore", args, run, optionsFor(placed, request));
    await work.tools.runner.stream(command, streams, abort);
  }
}

/** What stands behind the rows has a run of its own. */
const IN_TURN = [["--section=pre-data", "--section=data"], ["--section=post-data"]];

/**
 * Whether jobs would make a trigger before all rows are there: that of a partitioned table waits for its own rows, of which it
 * has none, and fires for those that its partitions get from then on.
 */
function firesEarly(entries: InspectedDump["entries"]): boolean {
  const filled = new Set(entries.filter(({ kind }) => kind === "TABLE DATA").map(nameOfEntry));
  const unfilled = entries.filter((entry) => entry.kind === "TABLE" && !filled.has(nameOfEntry(entry)));
  const triggers = entries.filter(({ kind }) => kind === "TRIGGER");
  return triggers.some(({ schema, tag }) =>
    unfilled.some((table) => table.schema === schema && tag.startsWith(`${table.tag} `)),
  );
}

function nameOfEntry({ schema, tag }: InspectedDump["entries"][number]): string {
  return JSON.stringify([schema, tag]);
}

/** pg_restore writes SQL, and the server's psql runs it. */
async function loadBySql(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  placed: Placed,
  request: LoadRequest & LoadSettings,
): Promise<void> {
  const { run, abort } = work.operation;
  const { list, options } = request;
  const { roleMap } = inspected;
  const args = ["--file=-", ...argumentsFor(placed, request)];
  const command = placed.programs.command("pg_restore", args, run, optionsFor(placed, { options: undefined, list }));
  const read = (sql: AsyncIterable<Uint8Array>) =>
    feedPsql(work, live, scannedPlain(sql, inspected.dump.name), SCRIPT_CONTENTS, { options, roleMap });
  await joinCommands(work.tools.runner, command, read, abort, streamsOf(work, inspected, placed));
}

/** The table whose rows a statement of a plain dump brings. */
const ROWS_OF = /^(?:COPY|INSERT INTO) ((?:"(?:[^"]|"")+"|[^\s"(])+)/i;

async function loadPlain(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  { skipping, searchPath }: LoadRequest,
  options: string | undefined,
): Promise<void> {
  const { dump, kind, fileKey, roleMap } = inspected;
  if (kind.kind !== "plain") throw new Error(`${dump.name} has no place`);
  let bytes = 0;
  let subject: string | undefined;
  const pieces = openPlain(inspected.bytes, kind.wrapping, (chunk) => {
    bytes += chunk.length;
    const table = subject === undefined ? {} : { subject };
    work.tools.progress({ phase: "restore", bytes, totalBytes: dump.sizeBytes, ...table });
  });
  const told = (text: string) => {
    subject = ROWS_OF.exec(text)?.[1] ?? subject;
  };
  const whole = kind.wrapping === "none" && fileKey === undefined ? requireWhole(pieces, dump) : pieces;
  await feedPsql(work, live, whole, inspected, { skipping, searchPath, roleMap, options, told });
}

/** The file's bytes, as many as were checked: psql would take an earlier end for the end of all. */
async function* requireWhole(
  pieces: AsyncIterable<Uint8Array>,
  { path, sizeBytes }: InspectedDump["dump"],
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    yield piece;
  }
  if (bytes >= sizeBytes) return;
  const what = `the dump became shorter while it was read: ${bytes} bytes of ${sizeBytes} (${path})`;
  throw failure("dump_damaged", what, "make it again, or restore an older one: pgrove dumps list");
}
