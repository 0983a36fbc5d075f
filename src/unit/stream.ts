/** pg_dump into pg_restore, in memory: between servers, or where the source must stay connected. */

import { type ArchiveEntry, oldestReaderOf } from "../archive/archive.ts";
import { withoutLeftOut } from "../archive/archive-stream.ts";
import { chooseCodec, compressArgument } from "../archive/codec.ts";
import type { Collations } from "../archive/collations.ts";
import { explainRefused } from "../archive/explain-refused.ts";
import { feedPsql, readServerMajor } from "../archive/feed-psql.ts";
import { SCRIPT_CONTENTS, sayLeftOut, saysUnknownSettings } from "../archive/left-out.ts";
import { scannedPlain } from "../archive/scan.ts";
import { failure, messageOf, refusal } from "../errors.ts";
import { describeLeftOut, endRunSessions, listSubscriptions } from "../postgres/admin.ts";
import { type DatabaseFacts, readDatabaseFacts } from "../postgres/catalog.ts";
import { databaseArgument } from "../postgres/identifier.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { formatVersion, type Version, versionOfNumber } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { joinCommands } from "../sys/pipe.ts";
import { ToolError } from "../sys/tool-error.ts";
import { readLoadOptions } from "../work/load-options.ts";
import { watchingRoom } from "../work/watch-room.ts";
import type { Work } from "../work/work.ts";
import { analyzeDatabase } from "./analyze.ts";
import { findMissingCollations, readCollations } from "./collations.ts";
import { findLeftExtensions } from "./left-extensions.ts";
import { fitLocale } from "./locale.ts";
import { readServerFacts, requirePresent } from "./needs.ts";
import { beginRestoring, endRestoring, inRestored, TIMESCALEDB } from "./restoring-mode.ts";
import { createScratch, inScratch } from "./scratch.ts";
import { createHomes, narrowFacts, type SchemaSelection, selectSchemas } from "./selection.ts";
import { createStatement, type DatabaseShape, readShape } from "./swap.ts";
import type { CopyFill, Unit } from "./unit.ts";

interface Source {
  version: Version;
  facts: DatabaseFacts;
  /** The source's part of its database, where it has not all of it. */
  selection: SchemaSelection | undefined;
  subscriptions: string[];
  /** What only a superuser makes anew. */
  superuser: string[];
  collations: Collations;
}

async function readSource({ operation: { run } }: Work, { toolbox, database, target }: LiveTarget): Promise<Source> {
  return await withSession({ toolbox, run }, database, async (sql) => {
    const all = await readDatabaseFacts(sql);
    const version = versionOfNumber(all.serverVersionNumber);
    const selection = await selectSchemas(sql, target, toolbox.major ?? version.major);
    return {
      ...{ version, selection, facts: await narrowFacts(sql, all, selection) },
      subscriptions: await listSubscriptions(sql, database),
      superuser: selection?.only === undefined ? await listSuperuserObjects(sql) : [],
      collations: selection?.only === undefined ? await readCollations(sql) : { named: [], made: [] },
    };
  });
}

/** Event triggers, and publications of more than named tables. */
async function listSuperuserObjects(sql: Sql): Promise<string[]> {
  const rows = await sql<{ object: string }[]>`
    select 'event trigger ' || evtname as object from pg_event_trigger t
     where not exists (select from pg_depend d where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid
                          and d.deptype = 'e')
    union all
    select 'publication ' || pubname from pg_publication where puballtables
    order by 1`;
  return rows.map(({ object }) => object);
}

/** Throws when the target's server is older than the source's (exit 5), or lacks what the source needs (exit 4). */
export async function requireStreamable(work: Work, source: LiveTarget, { live, keepsOwners }: Unit): Promise<void> {
  const { version, facts, superuser, collations } = await readSource(work, source);
  const server = await readServerFacts(work.control, live.toolbox);
  const to = versionOfNumber(server.versionNumber);
  if (version.major > to.major) {
    throw refusal(
      "source_newer",
      `${source.target.label} runs PostgreSQL ${formatVersion(version)}, the destination ${formatVersion(to)}, which is older`,
      `copy to PostgreSQL ${version.major} or later`,
    );
  }
  const dumped = ", or dump the source and restore it";
  requirePresent(server, live.target.label, {
    ...{ what: source.target.label, roles: keepsOwners ? facts.roles : [], tablespaces: facts.tablespaces },
    ...{ extensions: facts.extensions.map(({ name }) => name), superuser, owners: [], unfit: [], settings: [] },
    missingCollations: await findMissingCollations(work.control, collations, facts.encoding),
    without: {
      roles: `${dumped} with --no-owner`,
      extensions: `${dumped} with --skip-extension NAME`,
      superuser: `${dumped} with --skip-forbidden`,
      tablespaces: `${dumped} with --no-tablespaces`,
    },
  });
}

/** Streams the source into the run's scratch database; nothing lands on a disk on the way. */
export async function copyByStream(
  work: Work,
  source: LiveTarget,
  unit: Unit,
  { schemaOnly, searchPath }: Pick<CopyFill, "schemaOnly" | "searchPath">,
): Promise<string> {
  const { tools } = work;
  const { version, facts, selection, subscriptions } = await readSource(work, source);
  const leftOut = describeLeftOut(subscriptions);
  if (leftOut !== undefined) tools.note(leftOut);
  const shape = (await unit.findShape(work)) ?? (await shapeOf(work, facts, unit.live));
  const scratch = await createScratch(work, (name) => createStatement(name, shape));
  const content = schemaOnly ? ["--schema-only"] : [];
  const only = selection?.only;
  if (only !== undefined) await inScratch(work, scratch, (sql) => createHomes(sql, facts.extensions, only));
  const timescale = only === undefined ? facts.extensions.find(({ name }) => name === TIMESCALEDB) : undefined;
  const isRestoring = timescale !== undefined;
  if (timescale !== undefined) {
    await beginRestoring(work, scratch, { version: timescale.version, home: timescale.schema });
  }
  const makes = ({ kind, tag }: ArchiveEntry) => kind === "SCHEMA" && tag === timescale?.schema && tag !== "public";
  const left = only === undefined ? await findLeftExtensions(work, source, scratch, facts.extensions) : undefined;
  await streamArchive(
    work,
    source,
    { ...unit.live, database: scratch },
    {
      dump: ["--no-subscriptions", ...(selection?.arguments ?? []), ...(left?.arguments ?? []), ...content],
      load: only !== undefined ? ["--no-owner"] : [], // all of it is its own role's
      ...{ version, searchPath, goes: (entry) => makes(entry) || left?.includes(entry) === true },
    },
  );
  tools.progress({ phase: "analyze" });
  await inRestored(work, scratch, isRestoring, analyzeDatabase);
  if (isRestoring) await endRestoring(work, scratch);
  return scratch;
}

export interface ArchiveStream {
  /** Arguments for pg_dump and pg_restore, beside the usual ones. */
  dump: readonly string[];
  load: readonly string[];
  /** The version of the source's server. */
  version: Version;
  /** The search_path to load it with; left out, none. */
  searchPath?: string | undefined;
  /** Which entries of the archive are left out. */
  goes?: ((entry: ArchiveEntry) => boolean) | undefined;
}

/** pg_dump of the source's database into pg_restore in the target's, in memory. */
export async function streamArchive(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  { dump, load, version, searchPath, goes }: ArchiveStream,
): Promise<void> {
  const { operation, tools } = work;
  const major = source.toolbox.major ?? version.major;
  const from = source.toolbox.command(
    "pg_dump",
    ["--format=custom", compressArgument(chooseCodec(major), major), "--verbose", ...dump],
    operation.run,
    { database: source.database },
  );
  const server = await readServerMajor(work);
  const options = await readLoadOptions(work.control, target.toolbox, searchPath);
  const into = chooseReader(work, source, target, { dumpMajor: major, server, load, options });
  let bytes = 0;
  let subject: string | undefined;
  const listeners = {
    line: (line: string) => {
      subject = /dumping contents of table "(.+)"$/.exec(line)?.[1]?.replace('"."', ".") ?? subject;
    },
    chunk: (count: number) => {
      bytes += count;
      tools.progress({ phase: "copy", bytes, ...(subject === undefined ? {} : { subject }) });
    },
  };
  const read = (input: AsyncIterable<Uint8Array>) => {
    const noteLeftOut = (options: readonly string[]) => {
      const said = sayLeftOut({ options, settings: [] }, server);
      if (said !== undefined) tools.note(said);
    };
    return into(withoutLeftOut(input, noteLeftOut, { keepsPath: searchPath !== undefined, ...(goes && { goes }) }));
  };
  const stream = () => joinCommands(tools.runner, from, read, operation.abort, listeners);
  await explaining(source, () => watchingRoom(work, target, () => endingSource(work, source, stream)));
}

/** The body; what the target's server does not take is said with its reason and the way out. */
async function explaining(source: LiveTarget, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const isRefused = error instanceof ToolError && !error.failure.aborted && error.failure.program !== "pg_dump";
    const explanation = isRefused ? explainRefused(error.message) : undefined;
    if (explanation === undefined) throw error;
    const { code, why, hint } = explanation;
    const what = `${source.target.label} could not be copied: ${why}`;
    throw failure(code, `${what}\n${messageOf(error)}`, hint, error);
  }
}

interface Reader {
  dumpMajor: number;
  server: number;
  load: readonly string[];
  /** libpq's, for whatever loads. */
  options: string | undefined;
}

/**
 * What reads the archive: the target's pg_restore, which loads it; or one that writes SQL for the target's psql, where the
 * target's own is too old for what the source's pg_dump writes, or too new for the target's server.
 */
function chooseReader(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  { dumpMajor, server, load, options }: Reader,
): (input: AsyncIterable<Uint8Array>) => Promise<void> {
  const { operation, tools } = work;
  const own = target.toolbox.major ?? server;
  const isTooOld = oldestReaderOf(dumpMajor) > own;
  if (!isTooOld && !saysUnknownSettings(own, server)) {
    const args = [`--dbname=${databaseArgument(target.database)}`, "--exit-on-error", ...load];
    const env = options === undefined ? {} : { env: { PGOPTIONS: options } };
    const command = target.toolbox.command("pg_restore", args, operation.run, { input: true, ...env });
    return (input) => tools.runner.stream(command, { input }, operation.abort);
  }
  const { toolbox } = isTooOld ? source : target;
  const command = toolbox.command("pg_restore", ["--file=-", ...load], operation.run, { input: true });
  const feed = (sql: AsyncIterable<Uint8Array>) =>
    feedPsql(work, target, scannedPlain(sql, source.target.label), SCRIPT_CONTENTS, { options });
  return (input) => joinCommands(tools.runner, command, feed, operation.abort, { input });
}

/** A new database is made as its source was. */
async function shapeOf(
  { control, tools }: Work,
  { encoding, collate, ctype, provider, locale }: DatabaseFacts,
  { toolbox }: LiveTarget,
): Promise<DatabaseShape> {
  const usual = { ...(await readShape(control, "template1")), owner: toolbox.user, tablespace: "pg_default" };
  const { shape, note } = await fitLocale(control, { ...usual, encoding, collate, ctype, provider, locale }, usual);
  if (note !== undefined) tools.note(note);
  return shape;
}

/** The body; when it fails or is aborted, the run's sessions on the source's server are ended as well. */
async function endingSource(work: Work, source: LiveTarget, body: () => Promise<void>): Promise<void> {
  const end = async () => {
    const { run } = work.operation;
    await withSession({ ...source, run }, source.database, (sql) => endRunSessions(sql, run), { control: true });
  };
  const onAbort = () => void end().catch(() => undefined); // the server may be what has gone
  work.operation.abort.addEventListener("abort", onAbort, { once: true });
  try {
    await body();
  } catch (error) {
    await end().catch(() => undefined);
    throw error;
  } finally {
    work.operation.abort.removeEventListener("abort", onAbort);
  }
}
