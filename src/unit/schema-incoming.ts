/**
 * Brings a schema of a scratch database into the target's: it is renamed there, streamed into the target's database under the
 * run's own name, analyzed and compared. What stands in its place is not touched.
 */

import { failure } from "../errors.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import {
  chooseSchema,
  findSchemaProperties,
  incomingName,
  listUserSchemas,
  schemaPattern,
} from "../postgres/schema.ts";
import { requireNoDependents, requireSelfContained } from "../postgres/schema-dependencies.ts";
import {
  type Extension,
  listExtensions,
  placeExtensions,
  readSurroundings,
  requireExtensions,
} from "../postgres/schema-extensions.ts";
import { listMentions, moveSchema, retargetSearchPaths, transferOwnership } from "../postgres/schema-objects.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { versionOfNumber } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { formatCount, plural } from "../sys/amounts.ts";
import type { Work } from "../work/work.ts";
import { analyzeSchema } from "./analyze.ts";
import { countSchemaRows } from "./schema-source.ts";
import { chooseOwner, findOwnSchema, inTarget, type SchemaPlace } from "./schema-target.ts";
import { inScratch } from "./scratch.ts";
import { streamArchive } from "./stream.ts";
import type { Filled, RowCounts } from "./unit.ts";

/** Resolves with the name under which it waits. Throws and leaves nothing when anything goes wrong. */
export async function bringIn(work: Work, place: SchemaPlace, filled: Filled): Promise<string> {
  return await inTarget(work, place.live, async (sql) => {
    const there = await listExtensions(sql);
    const owner = chooseOwner(place.live, await findSchemaProperties(sql, place.schema));
    const rows = await inScratch(work, filled.database, (scratch) =>
      prepareIncoming(work, scratch, { ...filled, owner, there }, place),
    );
    return await streamIncoming(work, sql, place.live, { database: filled.database, rows });
  });
}

/** An empty schema that waits. */
export async function makeIncoming(work: Work, place: SchemaPlace): Promise<string> {
  const incoming = deferDrop(work, place.live);
  return await inTarget(work, place.live, async (sql) => {
    const owner = chooseOwner(place.live, await findSchemaProperties(sql, place.schema));
    await sql.unsafe(`create schema ${incoming}`);
    await sql.unsafe(`alter schema ${incoming} owner to ${quoteIdentifier(owner)}`);
    return incoming;
  });
}

/** The waiting schema goes when the operation ends without a swap. */
function deferDrop({ operation }: Work, { toolbox, database }: LiveTarget): string {
  const incoming = incomingName(operation.run);
  operation.defer(() =>
    withSession(
      { toolbox, run: operation.run },
      database,
      async (sql) => void (await sql.unsafe(`drop schema if exists ${incoming} cascade`)),
      { control: true },
    ),
  );
  return incoming;
}

/**
 * The present schema's properties. Throws (exit 5) when it may not be replaced: it is not the worktree's own, or something
 * outside needs it.
 */
export async function requireReplaceable(sql: Sql, place: SchemaPlace) {
  const present = await findOwnSchema(sql, place);
  if (present === undefined) return undefined;
  await requireNoDependents(sql, place.schema);
  return present;
}

interface Preparation extends Filled {
  owner: string;
  /** The extensions of the target's database. */
  there: readonly Extension[];
}

/** Gives the scratch database's schema its owner and the run's name, the extensions kept out. Resolves with its rows. */
async function prepareIncoming(
  work: Work,
  sql: Sql,
  { database, wanted, rows, owner, there }: Preparation,
  { live, schema: final }: SchemaPlace,
): Promise<RowCounts> {
  const schema = chooseSchema(await listUserSchemas(sql), wanted, `the copy in ${database}`);
  await requireSelfContained(sql, schema);
  const { extensions, needed } = await readSurroundings(sql, schema);
  requireExtensions(needed, there, live.database);
  const counts = rows ?? (await countSchemaRows(sql, schema));
  if (schema !== final) {
    const keepsOld = extensions.some((extension) => extension.schema === schema);
    await retargetSearchPaths(sql, { schema, final, keepsOld });
    const mentioning = await listMentions(sql, schema);
    if (mentioning.length > 0) {
      work.tools.note(
        `the text of these functions names the schema ${schema} and still does in ${final}: ${mentioning.join(", ")}`,
      );
    }
  }
  const renamed = incomingName(work.operation.run);
  await moveSchema(sql, schema, renamed);
  await sql.unsafe(`alter schema ${renamed} owner to ${quoteIdentifier(owner)}`);
  const role = live.target.worktree?.role?.name;
  // What comes from a worktree's schema into main's belongs to a role that goes with the worktree.
  await transferOwnership(sql, renamed, role ?? live.toolbox.user, role === undefined ? "worktrees" : "all");
  await placeExtensions(sql, there, needed);
  return counts;
}

/** Streams the waiting schema from the scratch database into the target's, where it is analyzed and counted. */
async function streamIncoming(
  work: Work,
  sql: Sql,
  live: LiveTarget,
  { database, rows }: { database: string; rows: RowCounts },
): Promise<string> {
  const incoming = deferDrop(work, live);
  const [row] = await sql<{ number: number }[]>`select current_setting('server_version_num')::int as number`;
  const version = versionOfNumber(row?.number ?? 0);
  const dump = [`--schema=${schemaPattern(incoming)}`];
  await streamArchive(work, { ...live, database }, live, { dump, load: [], version });
  work.tools.progress({ phase: "analyze" });
  await analyzeSchema(sql, incoming);
  requireSameRows(rows, await countSchemaRows(sql, incoming), live.target.label);
  return incoming;
}

/** Throws (exit 1) when a table is missing, or has more or fewer rows than it had, as far as they could be counted. */
export function requireSameRows(expected: RowCounts, found: RowCounts, label: string): void {
  for (const [table, rows] of expected) {
    const actual = found.get(table);
    if (actual === rows || (found.has(table) && (actual ?? rows) === (rows ?? actual))) continue;
    throw failure(
      "rows_differ",
      `the copy is not what was read: ${table} has ${actual == null ? "no rows" : plural(actual, "row")}, not ${rows == null ? rows : formatCount(rows)}; ${label} was not touched`,
      "try again",
    );
  }
}
