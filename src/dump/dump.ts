/** Writes a dump: pg_dump beside the server, its compressed stream into the store, a manifest beside it. */

import { extensionOf } from "../archive/codec.ts";
import { describeLeftOut, listSubscriptions } from "../postgres/admin.ts";
import { type DatabaseFacts, readDatabaseFacts, readMigrationVersion } from "../postgres/catalog.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { formatVersion, versionOfNumber } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { enterAlone, narrowFacts, selectSchemas } from "../unit/selection.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Work, withWork } from "../work/work.ts";
import { openSink, prepareDestination, requireRoom } from "./destination.ts";
import { captureGlobals } from "./globals.ts";
import type { Manifest } from "./manifest.ts";
import { type Contents, findSequences, recordContents, withSettledSequences } from "./record-contents.ts";
import { sealNames } from "./sealed-names.ts";
import { type DumpRequest, findReaders, type Snapshot, writeDump } from "./write-dump.ts";

export type { DumpRequest } from "./write-dump.ts";

export interface DumpResult {
  /** Absent when it went to stdout. */
  path?: string;
  manifest: Manifest;
}

/** Dumps the target's database. Throws (exit 1) and leaves no file under its final name when anything goes wrong. */
export async function dumpDatabase(tools: OperationTools, live: LiveTarget, request: DumpRequest): Promise<DumpResult> {
  const agreed = await prepareDestination(request.destination, request.globals !== undefined);
  const readers = await findReaders(tools, request);
  const { database } = live;
  const claims = unitOf(live).claims("shared");
  return await withWork(tools, live, { operation: "dump", claims, control: database }, async (work) => {
    const started = tools.clock.now();
    const facts = await work.interruptible(() => beginSnapshot(work.control, live));
    const leftOut = describeLeftOut(await listSubscriptions(work.control, database));
    if (leftOut !== undefined) tools.note(leftOut);
    await requireRoom(request.destination, estimateBytes(request, facts.facts));
    const sink = await openSink(request.destination, work, agreed);
    const globals = request.globals && (await captureGlobals(work, live, request.globals, readers));
    const recording = await beginRecording(work, request, facts);
    const written = await writeDump(live, request, work, facts, { sink, readers });
    const recorded = await recording?.();
    const contents = recorded === undefined ? undefined : await withSettledSequences(work.control, recorded);
    await work.control`commit`;
    const plain: Manifest = {
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
      ...(globals === undefined ? {} : { globals: globals.record }),
    };
    const { encryption } = written;
    const manifest = encryption === undefined ? plain : await sealNames(plain, encryption, tools.dumpKeys);
    const extension = extensionOf(request.format, written.codec);
    const name = request.stem ?? live.target.name;
    const named = { source: name, at: started, extension: readers === undefined ? extension : `${extension}.age` };
    const path = await sink.publish(named, manifest, globals?.bytes);
    Object.assign(work.operation.details, { size_bytes: written.sizeBytes, ...(path === undefined ? {} : { path }) });
    return path === undefined ? { manifest } : { path, manifest };
  });
}

/**
 * Begins to read what pg_dump will write, side by side with it; resolves with a function that waits for the end of that. Of a part
 * nothing is read: it is compared with nothing.
 */
async function beginRecording(
  { control, interruptible }: Work,
  request: DumpRequest,
  { facts, selection }: Snapshot,
): Promise<(() => Promise<Contents>) | undefined> {
  const { content, prove = false } = request;
  if (content !== "all" || isPart(request)) return undefined;
  const sequences = await interruptible(() => findSequences(control));
  const recording = interruptible(() => recordContents(control, facts, { prove, only: selection?.only, sequences }));
  recording.catch(() => undefined); // awaited later; pg_dump may fail before
  return () => recording;
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

function isPart({ tables, excludedTables }: Pick<DumpRequest, "tables" | "excludedTables">): boolean {
  return tables.length + excludedTables.length > 0;
}

function describeRequest({ project, format, content, tables, excludedTables, git, note, pgroveVersion }: DumpRequest) {
  const partial = isPart({ tables, excludedTables });
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
