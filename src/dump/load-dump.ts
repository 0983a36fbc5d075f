/** Loads a checked dump into an empty database with pg_restore or psql. */

import { feedPsql, readServerMajor } from "../archive/feed-psql.ts";
import { SCRIPT_CONTENTS } from "../archive/left-out.ts";
import { openPlain } from "../archive/plain.ts";
import { scannedPlain } from "../archive/scan.ts";
import { failure } from "../errors.ts";
import { databaseArgument } from "../postgres/identifier.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { joinCommands } from "../sys/pipe.ts";
import type { Streams } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { Work } from "../work/work.ts";
import type { InspectedDump } from "./inspect.ts";
import { choosePlace, type Placed, readDump } from "./place-archive.ts";
import { chooseWay } from "./way.ts";

export interface LoadRequest {
  database: string;
  /** Where the archive lies for pg_restore; undefined for plain SQL. */
  placed: Placed | undefined;
  noOwner: boolean;
  noGrants: boolean;
  jobs: number;
}

/** Runs the right program for the dump's kind. Throws (exit 1) with the failing statement at the first error. */
export async function loadDump(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  request: LoadRequest,
): Promise<void> {
  const { placed, database } = request;
  const into = { ...live, database };
  try {
    if (placed === undefined) await loadPlain(work, into, inspected);
    else if (placed.bySql) await loadBySql(work, into, inspected, placed, request);
    else await loadArchive(work, into, inspected, placed, request);
  } catch (error) {
    throw explainLoadError(error, inspected, live);
  }
}

function explainLoadError(error: unknown, { dump }: InspectedDump, live: LiveTarget): unknown {
  if (!(error instanceof ToolError) || error.failure.aborted) return error;
  const said = error.message.replaceAll("psql:<stdin>:", `psql:${dump.name}:`);
  return failure(
    "restore_failed",
    `${dump.name} could not be restored; ${live.target.label} was not touched\n${said}`,
    "pgrove dumps verify        shows which dumps are whole",
    error,
  );
}

/** Puts an archive where pg_restore can read it; plain SQL needs no place. Throws (exit 1) when it cannot be unpacked. */
export async function placeArchive(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  jobs: number,
): Promise<Placed | undefined> {
  if (inspected.kind.kind === "plain") return undefined;
  const server = await readServerMajor(work);
  const way = await chooseWay(inspected, server, live);
  if (way.bySql) {
    const reader = `pg_restore ${way.programs.major ?? server}`;
    work.tools.note(`${reader} makes SQL of ${inspected.dump.name} for this server: one table is loaded at a time`);
  }
  try {
    return await choosePlace(work, inspected, way, jobs);
  } catch (error) {
    throw explainLoadError(error, inspected, live);
  }
}

/** What pg_restore is told whichever way it loads. */
function argumentsFor(placed: Placed, request: LoadRequest): string[] {
  return [
    "--no-subscriptions",
    "--verbose",
    ...(request.noOwner ? ["--no-owner"] : []),
    ...(request.noGrants ? ["--no-acl"] : []),
    ...(placed.path === undefined ? [] : [placed.path]),
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

function optionsFor({ path, stage }: Placed) {
  return { input: path === undefined, ...(stage === undefined ? {} : { stage }) };
}

async function loadArchive(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  placed: Placed,
  request: LoadRequest,
): Promise<void> {
  const { run, abort } = work.operation;
  const jobs = placed.parallel && request.jobs > 1 ? [`--jobs=${request.jobs}`] : [];
  const into = [`--dbname=${databaseArgument(live.database)}`, "--exit-on-error", ...jobs];
  const args = [...into, ...argumentsFor(placed, request)];
  const command = placed.programs.command("pg_restore", args, run, optionsFor(placed));
  await work.tools.runner.stream(command, streamsOf(work, inspected, placed), abort);
}

/** pg_restore writes SQL, and the server's psql runs it. */
async function loadBySql(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  placed: Placed,
  request: LoadRequest,
): Promise<void> {
  const { run, abort } = work.operation;
  const args = ["--file=-", ...argumentsFor(placed, request)];
  const command = placed.programs.command("pg_restore", args, run, optionsFor(placed));
  const read = (sql: AsyncIterable<Uint8Array>) =>
    feedPsql(work, live, scannedPlain(sql, inspected.dump.name), SCRIPT_CONTENTS);
  await joinCommands(work.tools.runner, command, read, abort, streamsOf(work, inspected, placed));
}

async function loadPlain(work: Work, live: LiveTarget, inspected: InspectedDump): Promise<void> {
  const { dump, kind } = inspected;
  if (kind.kind !== "plain") throw new Error(`${dump.name} has no place`);
  let bytes = 0;
  const pieces = openPlain(dump.path, kind.wrapping, (chunk) => {
    bytes += chunk.length;
    work.tools.progress({ phase: "restore", bytes, totalBytes: dump.sizeBytes });
  });
  await feedPsql(work, live, kind.wrapping === "none" ? requireWhole(pieces, dump) : pieces, inspected);
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
