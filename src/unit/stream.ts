/** pg_dump into pg_restore, in memory: between servers, or where the source must stay connected. */

import { oldestReaderOf } from "../archive/archive.ts";
import { withoutLeftOut } from "../archive/archive-stream.ts";
import { chooseCodec, compressArgument } from "../archive/codec.ts";
import { feedPsql, readServerMajor } from "../archive/feed-psql.ts";
import { SCRIPT_CONTENTS, sayLeftOut, saysUnknownSettings } from "../archive/left-out.ts";
import { scannedPlain } from "../archive/scan.ts";
import { refusal } from "../errors.ts";
import { describeLeftOut, endRunSessions, listSubscriptions } from "../postgres/admin.ts";
import { type DatabaseFacts, readDatabaseFacts } from "../postgres/catalog.ts";
import { databaseArgument } from "../postgres/identifier.ts";
import { withSession } from "../postgres/session.ts";
import { formatVersion, type Version, versionOfNumber } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { joinCommands } from "../sys/pipe.ts";
import type { Work } from "../work/work.ts";
import { readServerFacts, requirePresent } from "./needs.ts";
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
}

async function readSource({ operation: { run } }: Work, { toolbox, database, target }: LiveTarget): Promise<Source> {
  return await withSession({ toolbox, run }, database, async (sql) => {
    const all = await readDatabaseFacts(sql);
    const version = versionOfNumber(all.serverVersionNumber);
    const selection = await selectSchemas(sql, target, toolbox.major ?? version.major);
    return {
      ...{ version, selection, facts: await narrowFacts(sql, all, selection) },
      subscriptions: await listSubscriptions(sql, database),
    };
  });
}

/** Throws when the target's server is older than the source's (exit 5), or lacks what the source needs (exit 4). */
export async function requireStreamable(work: Work, source: LiveTarget, { live, keepsOwners }: Unit): Promise<void> {
  const { version, facts } = await readSource(work, source);
  const server = await readServerFacts(work.control);
  const to = versionOfNumber(server.versionNumber);
  if (version.major > to.major) {
    throw refusal(
      "source_newer",
      `${source.target.label} runs PostgreSQL ${formatVersion(version)}, the destination ${formatVersion(to)}, which is older`,
      `copy to PostgreSQL ${version.major} or later`,
    );
  }
  requirePresent(server, live.target.label, {
    ...{ what: source.target.label, roles: keepsOwners ? facts.roles : [], tablespaces: facts.tablespaces },
    extensions: facts.extensions.map(({ name }) => name),
    withoutRoles: "or dump the source and restore it with --no-owner",
  });
}

/** Streams the source into the run's scratch database; nothing lands on a disk on the way. */
export async function copyByStream(
  work: Work,
  source: LiveTarget,
  unit: Unit,
  { schemaOnly }: Pick<CopyFill, "schemaOnly">,
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
  await streamArchive(
    work,
    source,
    { ...unit.live, database: scratch },
    {
      dump: ["--no-subscriptions", ...(selection?.arguments ?? []), ...content],
      load: only !== undefined ? ["--no-owner"] : [], // all of it is its own role's
      version,
    },
  );
  tools.progress({ phase: "analyze" });
  await inScratch(work, scratch, async (sql) => {
    await sql`analyze`;
  });
  return scratch;
}

export interface ArchiveStream {
  /** Arguments for pg_dump and pg_restore, beside the usual ones. */
  dump: readonly string[];
  load: readonly string[];
  /** The version of the source's server. */
  version: Version;
}

/** pg_dump of the source's database into pg_restore in the target's, in memory. */
export async function streamArchive(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  { dump, load, version }: ArchiveStream,
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
  const into = chooseReader(work, source, target, { dumpMajor: major, server, load });
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
    return into(withoutLeftOut(input, noteLeftOut));
  };
  await endingSource(work, source, () => joinCommands(tools.runner, from, read, operation.abort, listeners));
}

/**
 * What reads the archive: the target's pg_restore, which loads it; or one that writes SQL for the target's psql, where the
 * target's own is too old for what the source's pg_dump writes, or too new for the target's server.
 */
function chooseReader(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  { dumpMajor, server, load }: { dumpMajor: number; server: number; load: readonly string[] },
): (input: AsyncIterable<Uint8Array>) => Promise<void> {
  const { operation, tools } = work;
  const own = target.toolbox.major ?? server;
  const isTooOld = oldestReaderOf(dumpMajor) > own;
  if (!isTooOld && !saysUnknownSettings(own, server)) {
    const args = [`--dbname=${databaseArgument(target.database)}`, "--exit-on-error", ...load];
    const command = target.toolbox.command("pg_restore", args, operation.run, { input: true });
    return (input) => tools.runner.stream(command, { input }, operation.abort);
  }
  const { toolbox } = isTooOld ? source : target;
  const command = toolbox.command("pg_restore", ["--file=-", ...load], operation.run, { input: true });
  const feed = (sql: AsyncIterable<Uint8Array>) =>
    feedPsql(work, target, scannedPlain(sql, source.target.label), SCRIPT_CONTENTS);
  return (input) => joinCommands(tools.runner, command, feed, operation.abort, { input });
}

/** A new database is made as its source was. */
async function shapeOf(
  { control }: Work,
  { encoding, collate, ctype, provider, locale }: DatabaseFacts,
  { toolbox }: LiveTarget,
): Promise<DatabaseShape> {
  const usual = await readShape(control, "template1");
  return { ...usual, encoding, collate, ctype, provider, locale, owner: toolbox.user, tablespace: "pg_default" };
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
