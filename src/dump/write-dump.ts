/** Runs pg_dump beside the server, and writes what it says where it is to go: encrypted, where dumps are. */

import { openAgeWriter } from "../archive/age/age-writer.ts";
import { nameReaders } from "../archive/age/header.ts";
import { ArchiveCursor, readArchive, readHead } from "../archive/archive.ts";
import { type Codec, chooseCodec, compressArgument, type DumpFormat, requireCodec } from "../archive/codec.ts";
import { detectDump } from "../archive/detect-dump.ts";
import { failure, usageError } from "../errors.ts";
import type { DatabaseFacts } from "../postgres/catalog.ts";
import { formatVersion, versionOfNumber } from "../postgres/version.ts";
import { capJobs } from "../resolve/pool.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Readers } from "../sys/dump-keys.ts";
import type { OperationTools } from "../sys/operation.ts";
import type { Command, Streams } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { qualifyPattern, type SchemaSelection } from "../unit/selection.ts";
import type { Work } from "../work/work.ts";
import { type Destination, namingFolder, type Sink } from "./destination.ts";
import type { GlobalsChoice } from "./globals.ts";
import type { Encryption } from "./sealed-names.ts";

export interface DumpRequest {
  format: DumpFormat;
  codec?: Codec;
  content: "all" | "schema" | "data";
  tables: readonly string[];
  excludedTables: readonly string[];
  /** More than one dumps in parallel, which only the directory format can. */
  jobs: number;
  /** Every table is read once more, so that `dumps verify --deep` can compare all contents. */
  prove?: boolean;
  /** The server's roles are written beside it. */
  globals?: GlobalsChoice;
  note?: string;
  /** What the dump's name in the store begins with; default: the target's name. */
  stem?: string;
  destination: Destination;
  project: string;
  git: { commit: string; branch: string | null } | null;
  pgroveVersion: string;
}

/** What pg_dump reads. */
export interface Snapshot {
  id: string;
  /** Those of the target's part of the database. */
  facts: DatabaseFacts;
  selection: SchemaSelection | undefined;
  migrationVersion: string | undefined;
}

/** For whom it is encrypted. Throws (exit 2) for what would lie unencrypted on a disk meanwhile, or be taken for encrypted. */
export async function findReaders(
  { dumpKeys }: OperationTools,
  { format, destination }: DumpRequest,
): Promise<Readers | undefined> {
  const readers = await dumpKeys?.readers();
  if (readers === undefined && destination.kind === "file" && /\.age$/i.test(destination.path)) {
    throw usageError(
      `${destination.path} is the name of an encrypted dump, and nothing says for whom`,
      "set dumps.encrypt.recipients in pgrove.yaml",
    );
  }
  if (readers === undefined || format !== "directory") return readers;
  throw usageError(
    "dumps are encrypted here (dumps.encrypt), and the directory format is written to the server's disk unencrypted first",
    "leave --format directory and --jobs out",
  );
}

export interface Written {
  codec: Codec;
  sha256: string;
  sizeBytes: number;
  pgDumpVersion: string;
  /** The tables whose rows pg_dump wrote, as it names them: schema.name */
  tables: ReadonlySet<string>;
  encryption: Encryption | undefined;
}

/** Where pg_dump's output goes, and who can read it there. */
export interface Outlet {
  sink: Sink;
  readers: Readers | undefined;
}

/** Runs pg_dump; where this build of it lacks zstd, once more with gzip. */
export async function writeDump(
  live: LiveTarget,
  request: DumpRequest,
  work: Work,
  snapshot: Snapshot,
  outlet: Outlet,
): Promise<Written> {
  const { sink, readers } = outlet;
  const server = versionOfNumber(snapshot.facts.serverVersionNumber);
  const major = live.toolbox.major ?? server.major;
  const wanted = requireCodec(request.codec ?? chooseCodec(major), request.format, major);
  const attempt = async (codec: Codec): Promise<Written> => {
    const hash = new Bun.CryptoHasher("sha256");
    let [sizeBytes, dumpedBytes] = [0, 0];
    const put = async (bytes: Uint8Array) => {
      hash.update(bytes);
      sizeBytes += bytes.length;
      await sink.write(bytes);
    };
    const age = readers === undefined ? undefined : await openAgeWriter(readers, put);
    const head = new Uint8Array(HEAD_BYTES);
    let subject: string | undefined;
    const tables = new Set<string>();
    await runPgDump(live, request, work, snapshot, compressArgument(codec, major), {
      output: async (chunk) => {
        if (dumpedBytes < HEAD_BYTES) head.set(chunk.subarray(0, HEAD_BYTES - dumpedBytes), dumpedBytes);
        dumpedBytes += chunk.length;
        work.tools.progress({ phase: "dump", bytes: dumpedBytes, ...(subject === undefined ? {} : { subject }) });
        await (age === undefined ? put(chunk) : age.write(chunk));
      },
      line: (line) => {
        subject = tableOf(line) ?? subject;
      },
      rawLine: (line) => {
        const table = tableOf(line);
        if (table !== undefined) tables.add(table);
      },
    });
    await age?.end();
    await sink.flush();
    if (sizeBytes === 0) throw failure("dump_empty", "pg_dump ended without writing anything; no dump was made");
    const pgDumpVersion = (await writtenVersion(sink, request.format, head)) ?? formatVersion({ ...server, major });
    const encryption = age && readers && { fileKey: age.fileKey, recipients: nameReaders(readers) };
    return { codec, sha256: hash.digest("hex"), sizeBytes, pgDumpVersion, tables, encryption };
  };
  try {
    return await attempt(wanted);
  } catch (error) {
    const unsupported = error instanceof ToolError && /does not support compression/.test(error.message);
    if (!unsupported || request.codec !== undefined) throw error;
    return await attempt({ name: "gzip" });
  }
}

/** As much of the output as holds an archive's head. */
const HEAD_BYTES = 1 << 12;

/** The version of the pg_dump that wrote an archive, from its head. */
async function writtenVersion(
  { temporary: path }: Sink,
  format: DumpFormat,
  head: Uint8Array,
): Promise<string | undefined> {
  if (format === "custom") return /^\S+/.exec(readHead(new ArchiveCursor(head)).dumpVersion)?.[0];
  if (path === undefined || format === "sql") return undefined;
  return await namingFolder(path, async () => {
    const kind = await detectDump(path);
    const offset = kind.kind === "packed-directory" ? kind.tocOffset : 0;
    return /^\S+/.exec((await readArchive(path, offset)).dumpVersion)?.[0];
  });
}

/** The table that pg_dump says it is at. */
function tableOf(line: string): string | undefined {
  return /dumping contents of table "(.+)"$/.exec(line)?.[1];
}

type Listeners = Required<Pick<Streams, "line" | "rawLine">> & {
  output: (chunk: Uint8Array) => Promise<void>;
};

async function runPgDump(
  live: LiveTarget,
  request: DumpRequest,
  work: Work,
  { id, selection }: Snapshot,
  compress: string,
  listeners: Listeners,
): Promise<void> {
  const { run, abort } = work.operation;
  const part = [...(selection?.arguments ?? []), ...selectionArguments(request, live.target.schema)];
  // A worktree's own role owns all of its schema, and is nobody anywhere else.
  const owners = request.format === "sql" && selection?.only !== undefined ? ["--no-owner"] : [];
  const args = [...part, ...owners, compress, `--snapshot=${id}`, "--no-subscriptions", "--verbose"];
  if (request.format !== "directory") {
    const format = request.format === "custom" ? "--format=custom" : "--format=plain";
    const command = live.toolbox.command("pg_dump", [format, ...args], run, { database: live.database });
    await work.tools.runner.stream(command, listeners, abort);
    return;
  }
  const stage = await work.stage();
  await stage.create();
  const jobs = capJobs(request.jobs, { target: live.target, besides: 1, note: work.tools.note });
  const into = ["--format=directory", `--file=${stage.path("dump")}`, `--jobs=${jobs}`];
  const command = live.toolbox.command("pg_dump", [...into, ...args], run, { database: live.database, stage });
  await work.tools.runner.stream(command, { line: listeners.line, rawLine: listeners.rawLine }, abort);
  const pack: Command = stage.packCommand("dump");
  await work.tools.runner.stream(pack, { output: listeners.output }, abort);
}

function selectionArguments({ content, tables, excludedTables }: DumpRequest, schema: string | undefined): string[] {
  return [
    ...(content === "schema" ? ["--schema-only"] : []),
    ...(content === "data" ? ["--data-only"] : []),
    ...tables.map((table) => `--table=${qualifyPattern(table, schema)}`),
    ...excludedTables.map((table) => `--exclude-table=${qualifyPattern(table, schema)}`),
  ];
}
