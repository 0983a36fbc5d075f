/** Loads a checked dump into an empty database with pg_restore or psql. */
import { createReadStream } from "node:fs";
import { failure } from "../errors.ts";
import { databaseArgument } from "../postgres/identifier.ts";
import type { Stage } from "../postgres/toolbox.ts";
import { parseVersion, type Version } from "../postgres/version.ts";
import { joinCommands } from "../sys/pipe.ts";
import type { Streams } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { LiveTarget } from "../target/target.ts";
import type { Work } from "../target/work.ts";
import type { InspectedDump } from "./inspect.ts";
import { openPlain, withoutRestrict } from "./plain.ts";

export interface LoadRequest {
  database: string;
  /** Where the archive lies for pg_restore; undefined for plain SQL. */
  placed: Placed | undefined;
  noOwner: boolean;
  noGrants: boolean;
  jobs: number;
}

/** Room that must stay free beside a file that is lent to the server's programs. */
const SPARE_BYTES = 64 << 20;

/** Runs the right program for the dump's kind. Throws (exit 1) with the failing statement at the first error. */
export async function loadDump(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  request: LoadRequest,
): Promise<void> {
  try {
    if (inspected.kind.kind === "plain") await loadPlain(work, live, inspected, inspected.kind.wrapping, request);
    else await loadArchive(work, live, inspected, { ...STREAMED, ...request.placed }, request);
  } catch (error) {
    throw explainLoadError(error, inspected, live);
  }
}

function explainLoadError(error: unknown, { dump }: InspectedDump, live: LiveTarget): unknown {
  if (!(error instanceof ToolError) || error.failure.aborted) return error;
  return failure(
    "restore_failed",
    `${dump.name} could not be restored; ${live.target.label} was not touched\n${error.message}`,
    "pgrove dumps verify        shows which dumps are whole",
    error,
  );
}

async function loadArchive(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  placed: Placed,
  request: LoadRequest,
): Promise<void> {
  const args = [
    `--dbname=${databaseArgument(request.database)}`,
    "--exit-on-error",
    "--no-subscriptions",
    "--verbose",
    ...(request.noOwner ? ["--no-owner"] : []),
    ...(request.noGrants ? ["--no-acl"] : []),
    ...(placed.parallel && request.jobs > 1 ? [`--jobs=${request.jobs}`] : []),
    ...(placed.path === undefined ? [] : [placed.path]),
  ];
  const total = inspected.tables?.length ?? 0;
  let done = 0;
  const io: Streams = {
    line: (line) => {
      const table = /processing data for table "(.+)"$/.exec(line)?.[1];
      if (table === undefined) return;
      done += 1;
      work.tools.progress({ phase: "restore", subject: `${table.replace('"."', ".")} (${done} of ${total})` });
    },
  };
  if (placed.path === undefined) io.input = readFile(inspected.dump.path, inspected.dump.sizeBytes, work);
  const options = { input: placed.path === undefined, ...(placed.stage === undefined ? {} : { stage: placed.stage }) };
  const command = live.toolbox.command("pg_restore", args, work.operation.run, options);
  await work.tools.runner.stream(command, io, work.operation.abort);
}

/** Where pg_restore finds an archive. */
export interface Placed {
  /** Undefined: the archive is streamed to pg_restore's stdin. */
  path: string | undefined;
  parallel: boolean;
  stage?: Stage;
}

const STREAMED: Placed = { path: undefined, parallel: false };

/** Puts an archive where pg_restore can read it; plain SQL needs no place. Throws (exit 1) when it cannot be unpacked. */
export async function placeArchive(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  jobs: number,
): Promise<Placed | undefined> {
  if (inspected.kind.kind === "plain") return undefined;
  try {
    return await choosePlace(work, inspected, jobs);
  } catch (error) {
    throw explainLoadError(error, inspected, live);
  }
}

/** Parallel restores need a file that pg_restore can seek in; without room for it the archive is streamed. */
async function choosePlace(work: Work, { dump, kind }: InspectedDump, jobs: number): Promise<Placed> {
  const { abort } = work.operation;
  if (kind.kind === "custom" && jobs <= 1) return STREAMED;
  const stage = await work.stage();
  if (kind.kind === "custom" || kind.kind === "tar") {
    const room = work.toolbox.place === "container" ? await stage.freeBytes() : Number.MAX_SAFE_INTEGER;
    if (room < dump.sizeBytes + SPARE_BYTES) return STREAMED;
    return { path: await stage.lend(dump.path, abort), parallel: kind.kind === "custom", stage };
  }
  if (kind.kind === "packed-directory") {
    const folder = await stage.unpack("dump", readFile(dump.path, dump.sizeBytes, work), abort);
    return { path: kind.inside === "" ? folder : `${folder}/${kind.inside.replace(/\/$/, "")}`, parallel: true, stage };
  }
  if (work.toolbox.place !== "container") {
    return { path: await stage.lend(dump.path, abort), parallel: true, stage };
  }
  const tar = { file: "tar", args: ["-C", dump.path, "-cf", "-", "."], env: {}, secrets: [] };
  const folder = await joinCommands(work.tools.runner, tar, (input) => stage.unpack("dump", input, abort), abort);
  return { path: folder, parallel: true, stage };
}

async function* readFile(path: string, totalBytes: number, work: Work): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    bytes += chunk.length;
    work.tools.progress({ phase: "restore", bytes, totalBytes });
    yield chunk;
  }
}

async function loadPlain(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  wrapping: Parameters<typeof openPlain>[1],
  request: LoadRequest,
): Promise<void> {
  const { run, abort } = work.operation;
  const { dump } = inspected;
  let bytes = 0;
  const sql = openPlain(dump.path, wrapping, (read) => {
    bytes += read;
    work.tools.progress({ phase: "restore", bytes, totalBytes: dump.sizeBytes });
  });
  const strip = inspected.restricted && !knowsRestrict(await readPsqlVersion(work, live));
  const args = ["-X", "-q", "--echo-errors", "-v", "ON_ERROR_STOP=1", "-f", "-"];
  const command = live.toolbox.command("psql", args, run, { database: request.database, input: true });
  await work.tools.runner.stream(command, { input: strip ? withoutRestrict(sql) : sql }, abort);
}

async function readPsqlVersion(work: Work, live: LiveTarget): Promise<Version | undefined> {
  const command = live.toolbox.command("psql", ["--version"], work.operation.run);
  return parseVersion((await work.tools.runner.capture(command, { abort: work.operation.abort })).stdout);
}

/** The minor releases of August 2025 brought `\restrict`. */
const FIRST_WITH_RESTRICT: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

function knowsRestrict(version: Version | undefined): boolean {
  if (version === undefined) return true;
  return version.major >= 18 || version.minor >= (FIRST_WITH_RESTRICT[version.major] ?? Number.POSITIVE_INFINITY);
}
