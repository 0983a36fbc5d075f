/** Writes a dump: pg_dump beside the server, its compressed stream into the store, a manifest beside it. */

import { readArchive } from "../archive/archive.ts";
import {
  type Codec,
  chooseCodec,
  compressArgument,
  type DumpFormat,
  extensionOf,
  requireCodec,
} from "../archive/codec.ts";
import { detectDump } from "../archive/detect-dump.ts";
import { failure } from "../errors.ts";
import { describeLeftOut, listSubscriptions } from "../postgres/admin.ts";
import { type DatabaseFacts, readDatabaseFacts, readMigrationVersion } from "../postgres/catalog.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { formatVersion, versionOfNumber } from "../postgres/version.ts";
import { capJobs } from "../resolve/pool.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import type { Command, Streams } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { enterAlone, narrowFacts, qualifyPattern, type SchemaSelection, selectSchemas } from "../unit/selection.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Work, withWork } from "../work/work.ts";
import { type Destination, namingFolder, openSink, prepareDestination, requireRoom, type Sink } from "./destination.ts";
import type { Manifest } from "./manifest.ts";
import { type Contents, findSequences, recordContents, withSettledSequences } from "./record-contents.ts";

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
  note?: string;
  /** What the dump's name in the store begins with; default: the target's name. */
  stem?: string;
  destination: Destination;
  project: string;
  git: { commit: string; branch: string | null } | null;
  pgroveVersion: string;
}

export interface DumpResult {
  /** Absent when it went to stdout. */
  path?: string;
  manifest: Manifest;
}

/** Dumps the target's database. Throws (exit 1) and leaves no file under its final name when anything goes wrong. */
export async function dumpDatabase(tools: OperationTools, live: LiveTarget, request: DumpRequest): Promise<DumpResult> {
  const agreed = await prepareDestination(request.destination);
  const { database } = live;
  const claims = unitOf(live).claims("shared");
  return await withWork(tools, live, { operation: "dump", claims, control: database }, async (work) => {
    const started = tools.clock.now();
    const facts = await work.interruptible(() => beginSnapshot(work.control, live));
    const leftOut = describeLeftOut(await listSubscriptions(work.control, database));
    if (leftOut !== undefined) tools.note(leftOut);
    await requireRoom(request.destination, estimateBytes(request, facts.facts));
    const sink = await openSink(request.destination, work, agreed);
    const recording = await beginRecording(work, request, facts);
    const written = await writeDump(live, request, work, facts, sink);
    const recorded = await recording?.();
    const contents = recorded === undefined ? undefined : await withSettledSequences(work.control, recorded);
    await work.control`commit`;
    const manifest: Manifest = {
      ...describeRequest(request),
      ...describeDatabase(facts.facts),
      tables: describeTables(facts.facts, recorded?.tables, written.tables),
      ...(contents === undefined ? {} : { contents }),
      version: 1,
      name: "",
      source: live.target.name,
      database,
      schema: facts.selection?.only,
      created_at: started.toISOString(),
      duration_ms: tools.clock.now().getTime() - started.getTime(),
      codec: written.codec.name,
      sha256: written.sha256,
      size_bytes: written.sizeBytes,
      pg_dump_version: written.pgDumpVersion,
      migration_version: facts.migrationVersion ?? null,
      run: work.operation.run,
    };
    const path = await sink.publish(
      request.stem ?? live.target.name,
      started,
      extensionOf(request.format, written.codec),
      manifest,
    );
    Object.assign(work.operation.details, { size_bytes: written.sizeBytes, ...(path === undefined ? {} : { path }) });
    return path === undefined ? { manifest } : { path, manifest };
  });
}

/** Begins to read what pg_dump will write, side by side with it; resolves with a function that waits for the end of that. */
async function beginRecording(
  { control, interruptible }: Work,
  { content, prove = false }: DumpRequest,
  { facts, selection }: Snapshot,
): Promise<(() => Promise<Contents>) | undefined> {
  if (content !== "all") return undefined;
  const sequences = await interruptible(() => findSequences(control));
  const recording = interruptible(() => recordContents(control, facts, { prove, only: selection?.only, sequences }));
  recording.catch(() => undefined); // awaited later; pg_dump may fail before
  return () => recording;
}

interface Snapshot {
  id: string;
  /** Those of the target's part of the database. */
  facts: DatabaseFacts;
  selection: SchemaSelection | undefined;
  migrationVersion: string | undefined;
}

/** The control session's snapshot is pg_dump's too: what the manifest says is what the dump holds. */
async function beginSnapshot(sql: Sql, { target, toolbox }: LiveTarget): Promise<Snapshot> {
  await sql`begin isolation level repeatable read read only`;
  await sql`set local idle_in_transaction_session_timeout = 0`;
  await sql`set local row_security = off`;
  const [row] = await sql<{ id: string }[]>`select pg_export_snapshot() as id`;
  const all = await readDatabaseFacts(sql);
  const major = toolbox.major ?? versionOfNumber(all.serverVersionNumber).major;
  const selection = await selectSchemas(sql, target, major);
  const facts = await narrowFacts(sql, all, selection);
  await enterAlone(sql, target);
  return { id: row?.id ?? "", facts, selection, migrationVersion: await readMigrationVersion(sql) };
}

function describeRequest({ project, format, content, tables, excludedTables, git, note, pgroveVersion }: DumpRequest) {
  const partial = tables.length + excludedTables.length > 0;
  return { project, format, content, partial, git, note: note ?? null, pgrove_version: pgroveVersion };
}

function describeDatabase(facts: DatabaseFacts) {
  return {
    database_size_bytes: facts.sizeBytes,
    server_version: formatVersion(versionOfNumber(facts.serverVersionNumber)),
    encoding: facts.encoding,
    collate: facts.collate,
    ctype: facts.ctype,
    locale_provider: facts.provider,
    locale: facts.locale,
    extensions: facts.extensions,
    roles: facts.roles,
    tablespaces: facts.tablespaces,
  };
}

/** The tables whose rows are in the dump. */
function describeTables(
  facts: DatabaseFacts,
  recorded: Contents["tables"] | undefined,
  written: ReadonlySet<string>,
): Manifest["tables"] {
  return facts.tables.flatMap(({ schema, name, estimatedRows, bytes }, index) => {
    if (!written.has(`${schema}.${name}`)) return [];
    const read = recorded?.get(index);
    const exact = read?.rows;
    const estimate = estimatedRows < 0 ? null : Math.round(estimatedRows);
    const hash = read !== undefined && "hash" in read ? { hash: read.hash } : {};
    return [{ schema, name, rows: exact ?? estimate, exact: exact !== undefined, bytes, ...hash }];
  });
}

/** pg_dump's output is at most this part of the tables' bytes when it compresses badly. */
const COMPRESSED_SHARE = 0.1;

function estimateBytes({ codec, content }: DumpRequest, facts: DatabaseFacts): number {
  if (content === "schema") return 0;
  const tableBytes = facts.tables.reduce((sum, { bytes }) => sum + bytes, 0);
  return tableBytes * (codec?.name === "none" ? 1 : COMPRESSED_SHARE);
}

interface Written {
  codec: Codec;
  sha256: string;
  sizeBytes: number;
  pgDumpVersion: string;
  /** The tables whose rows pg_dump wrote, as it names them: schema.name */
  tables: ReadonlySet<string>;
}

/** Runs pg_dump; where this build of it lacks zstd, once more with gzip. */
async function writeDump(
  live: LiveTarget,
  request: DumpRequest,
  work: Work,
  snapshot: Snapshot,
  sink: Sink,
): Promise<Written> {
  const server = versionOfNumber(snapshot.facts.serverVersionNumber);
  const major = live.toolbox.major ?? server.major;
  const wanted = requireCodec(request.codec ?? chooseCodec(major), request.format, major);
  const attempt = async (codec: Codec): Promise<Written> => {
    const hash = new Bun.CryptoHasher("sha256");
    let sizeBytes = 0;
    let subject: string | undefined;
    const tables = new Set<string>();
    await runPgDump(live, request, work, snapshot, compressArgument(codec, major), {
      output: async (chunk) => {
        hash.update(chunk);
        sizeBytes += chunk.length;
        work.tools.progress({ phase: "dump", bytes: sizeBytes, ...(subject === undefined ? {} : { subject }) });
        await sink.write(chunk);
      },
      line: (line) => {
        subject = tableOf(line) ?? subject;
      },
      rawLine: (line) => {
        const table = tableOf(line);
        if (table !== undefined) tables.add(table);
      },
    });
    await sink.flush();
    if (sizeBytes === 0) throw failure("dump_empty", "pg_dump ended without writing anything; no dump was made");
    const pgDumpVersion = (await writtenVersion(sink.temporary, request.format)) ?? formatVersion({ ...server, major });
    return { codec, sha256: hash.digest("hex"), sizeBytes, pgDumpVersion, tables };
  };
  try {
    return await attempt(wanted);
  } catch (error) {
    const unsupported = error instanceof ToolError && /does not support compression/.test(error.message);
    if (!unsupported || request.codec !== undefined) throw error;
    return await attempt({ name: "gzip" });
  }
}

/** The version of the pg_dump that wrote an archive, from its head. */
async function writtenVersion(path: string | undefined, format: DumpFormat): Promise<string | undefined> {
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
