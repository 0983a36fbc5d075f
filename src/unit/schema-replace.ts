/**
 * Puts a schema of a scratch database into the place of the target's: it is renamed there, streamed into the target's
 * database under the run's own name, compared, and swapped in by one transaction. Until then the target is not touched.
 */
import { failure } from "../errors.ts";
import { requireClaim } from "../postgres/claims.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { chooseSchema, incomingName, listUserSchemas, schemaPattern, schemaSizeBytes } from "../postgres/schema.ts";
import { requireNoDependents, requireSelfContained } from "../postgres/schema-dependencies.ts";
import {
  type Extension,
  listExtensions,
  placeExtensions,
  readSurroundings,
  requireExtensions,
} from "../postgres/schema-extensions.ts";
import { listMentions, moveSchema, retargetSearchPaths, transferOwnership } from "../postgres/schema-objects.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { versionOfNumber } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { withServicesStopped } from "./replace.ts";
import { analyzeSchema, countSchemaRows, type RowCounts } from "./schema-read.ts";
import { swapSchema } from "./schema-swap.ts";
import {
  chooseOwner,
  claimSchema,
  findOwnSchema,
  inTarget,
  requireTargetSchema,
  schemaClaim,
} from "./schema-target.ts";
import { inScratch } from "./scratch.ts";
import { requireSchemaStanding, type Standing } from "./standing.ts";
import { streamArchive } from "./stream.ts";

export interface IncomingSchema {
  /** The scratch database; it is changed on the way. */
  database: string;
  /** Which of its schemas is meant, by preference; its only one where it has none of these. */
  wanted: readonly string[];
  /** What its tables must have; left out, what they have there. */
  rows?: RowCounts;
  /** What was agreed to be replaced; undefined where there was nothing. */
  agreed: Standing | undefined;
  /** The comment of a schema that did not exist before. */
  comment?: string;
  /** Services that use the schema, stopped around the swap. */
  services: readonly string[];
}

export interface ReplacedSchema {
  schema: string;
  sizeBytes: number;
  servicesRestarted: number;
}

/** Throws and leaves the target's schema as it was when anything goes wrong. */
export async function replaceByIncoming(
  work: Work,
  live: LiveTarget,
  incoming: IncomingSchema,
): Promise<ReplacedSchema> {
  const schema = requireTargetSchema(live);
  const { agreed } = incoming;
  await claimSchema(work, live);
  return await inTarget(work, live, async (sql) => {
    await requireSchemaStanding(sql, { schema, agreed });
    const present = await requireReplaceable(sql, live);
    const there = await listExtensions(sql);
    const owner = chooseOwner(live, present);
    const rows = await inScratch(work, incoming.database, (scratch) =>
      prepareIncoming(work, scratch, { ...incoming, owner, there }, live),
    );
    await bringIn(work, sql, live, { database: incoming.database, rows });
    await requireClaim(work.control, schemaClaim(live));
    const comment = present?.comment ?? incoming.comment ?? null;
    const properties = { ...{ grants: null }, ...present, owner, comment };
    const servicesRestarted = await withServicesStopped(work, live.server, incoming.services, () =>
      swapSchema(work, sql, live, { properties, agreed }),
    );
    return { schema, sizeBytes: await schemaSizeBytes(sql, schema), servicesRestarted };
  });
}

/**
 * The present schema's properties. Throws (exit 5) when it may not be replaced: it is not the worktree's own, or something
 * outside needs it.
 */
export async function requireReplaceable(sql: Sql, live: LiveTarget) {
  const schema = requireTargetSchema(live);
  const present = await findOwnSchema(sql, live);
  if (present === undefined) return undefined;
  await requireNoDependents(sql, schema);
  return present;
}

interface Preparation extends IncomingSchema {
  owner: string;
  /** The extensions of the target's database. */
  there: readonly Extension[];
}

/** Gives the scratch database's schema its owner and the run's name, the extensions kept out. Resolves with its rows. */
async function prepareIncoming(
  work: Work,
  sql: Sql,
  { database, wanted, rows, owner, there }: Preparation,
  live: LiveTarget,
): Promise<RowCounts> {
  const final = requireTargetSchema(live);
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
async function bringIn(
  work: Work,
  sql: Sql,
  live: LiveTarget,
  { database, rows }: { database: string; rows: RowCounts },
): Promise<void> {
  const { run } = work.operation;
  const incoming = incomingName(run);
  work.operation.defer(async () => {
    const own = await live.toolbox.connect(live.database, run, { control: true });
    await own.unsafe(`drop schema if exists ${incoming} cascade`);
    await own.end({ timeout: 2 });
  });
  const [row] = await sql<{ number: number }[]>`select current_setting('server_version_num')::int as number`;
  const version = versionOfNumber(row?.number ?? 0);
  const dump = [`--schema=${schemaPattern(incoming)}`];
  await streamArchive(work, { ...live, database }, live, { dump, load: [], version });
  work.tools.progress({ phase: "analyze" });
  await analyzeSchema(sql, incoming);
  requireSameRows(rows, await countSchemaRows(sql, incoming), live.target.label);
}

/** Throws (exit 1) when a table is missing, or has more or fewer rows than it had. */
export function requireSameRows(expected: RowCounts, found: RowCounts, label: string): void {
  for (const [table, rows] of expected) {
    const actual = found.get(table);
    if (actual === rows) continue;
    throw failure(
      "rows_differ",
      `the copy is not what was read: ${table} has ${actual ?? "no"} rows, not ${rows}; ${label} was not touched`,
      "try again",
    );
  }
}
