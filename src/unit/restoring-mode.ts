/**
 * TimescaleDB's restoring mode: its tables take what a dump holds of them only while the database is in it, and its
 * jobs wait meanwhile. https://docs.timescale.com/self-hosted/latest/backup-and-restore/logical-backup/
 */
import { failure, messageOf, missingError } from "../errors.ts";
import { codeOf } from "../postgres/connect.ts";
import { quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Work } from "../work/work.ts";
import { inScratch } from "./scratch.ts";

/** The extension that has such a mode. */
export const TIMESCALEDB = "timescaledb";

/** How the extension was where the database was dumped, as far as that is known. */
export interface RestoringMode {
  version?: string | undefined;
  /** The schema that it lies in. */
  home: string;
}

/**
 * Creates the extension in the scratch database, and begins the mode. Throws (exit 4) when the server does not have the
 * version that was dumped, or the login may not.
 */
export async function beginRestoring(work: Work, scratch: string, { version, home }: RestoringMode): Promise<void> {
  await inScratch(work, scratch, async (sql) => {
    await requireVersion(sql, version);
    const said = version === undefined ? "" : ` version ${quoteLiteral(version)}`;
    try {
      await sql.unsafe(`create schema if not exists ${quoteIdentifier(home)}`);
      await sql.unsafe(`create extension if not exists ${TIMESCALEDB} schema ${quoteIdentifier(home)}${said}`);
      await callOwn(sql, "pre");
    } catch (error) {
      throw explain(error, "does not let its tables be restored");
    }
  });
}

/** Ends the mode, once all is loaded and compared: from now on its jobs run. Throws (exit 1) when it refuses what was loaded. */
export async function endRestoring(work: Work, scratch: string): Promise<void> {
  await inScratch(work, scratch, async (sql) => {
    try {
      await callOwn(sql, "post");
    } catch (error) {
      throw explain(error, "does not take what was loaded");
    }
  });
}

/** Something done in a database that is in the mode, as it will be read behind it: compressed rows are found. */
export async function inRestored<T>(
  work: Work,
  scratch: string,
  isRestoring: boolean,
  body: (sql: Sql) => Promise<T>,
): Promise<T> {
  return await inScratch(work, scratch, async (sql) => {
    if (isRestoring) await sql.unsafe(`set ${TIMESCALEDB}.restoring = off`);
    return await body(sql);
  });
}

/**
 * Has its jobs run in a database that has taken another's place, where it has some: whatever ran them was ended with the
 * sessions, and would stay away until the server starts again. What goes wrong is only noted: the swap is done.
 */
export async function startJobs(work: Work, database: string): Promise<void> {
  try {
    const there = await work.control`select from pg_available_extensions where name = ${TIMESCALEDB}`;
    if (there.length > 0) await inScratch(work, database, callStart);
  } catch (error) {
    work.tools.note(`TimescaleDB's jobs in ${database} were not started (${messageOf(error)}): ${START}()`);
  }
}

const START = "SELECT _timescaledb_functions.start_background_workers";

/** Before TimescaleDB 2.12 the function lay in another schema. */
async function callStart(sql: Sql): Promise<void> {
  const [own] = await sql<{ start: string | null }[]>`
    select coalesce(to_regprocedure('_timescaledb_functions.start_background_workers()'),
                    to_regprocedure('_timescaledb_internal.start_background_workers()'))::text as start
      from pg_extension where extname = ${TIMESCALEDB}`;
  if (own?.start != null) await sql.unsafe(`select ${own.start}`);
}

async function callOwn(sql: Sql, side: "pre" | "post"): Promise<void> {
  const [own] = await sql<{ home: string }[]>`
    select nspname as home from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = ${TIMESCALEDB}`;
  await sql.unsafe(`select ${quoteIdentifier(own?.home ?? "public")}.timescaledb_${side}_restore()`);
}

/** Throws (exit 4) when the server does not have that version: what is in the extension's own tables is no other's. */
export async function requireVersion(sql: Sql, version: string | undefined): Promise<void> {
  if (version === undefined) return;
  const rows = await sql<{ version: string }[]>`
    select version from pg_available_extension_versions where name = ${TIMESCALEDB} order by 1`;
  const there = rows.map((row) => row.version);
  if (there.includes(version)) return;
  throw missingError(
    "extension_version",
    `TimescaleDB ${version} was dumped, which this server does not have: ${there.join(", ")}`,
    `use an image with TimescaleDB ${version}, then ALTER EXTENSION timescaledb UPDATE; or update it in the source, and dump again`,
  );
}

function explain(error: unknown, what: string): Error {
  const said = `TimescaleDB ${what}: ${messageOf(error)}`;
  if (codeOf(error) === "42501") return missingError("timescaledb_refused", said, "log in as a superuser");
  const hint = "restore it to a server with the version of TimescaleDB that was dumped";
  return failure("timescaledb_refused", said, hint, error);
}
