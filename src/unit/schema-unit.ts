/** Schemas of one database, each a worktree's: copied, saved and replaced through a scratch database. */
import { refusal, usageError } from "../errors.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { parseMark } from "../postgres/ownership.ts";
import { type Queries, schemaPropertyStatements, schemaSizeBytes } from "../postgres/schema.ts";
import { requireNoDependents } from "../postgres/schema-dependencies.ts";
import { listExtensions } from "../postgres/schema-extensions.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { countSchemaRows, emptyLike, readSchemaInto, withSource } from "./schema-read.ts";
import { type ReplacedSchema, replaceByIncoming, requireReplaceable, requireSameRows } from "./schema-replace.ts";
import { settleRole, withoutOthers } from "./schema-swap.ts";
import { chooseOwner, claimSchema, findOwnSchema, inTarget, requireTargetSchema } from "./schema-target.ts";
import { createScratch, inScratch, type Loss } from "./scratch.ts";
import { findSchemaStanding, requireSchemaStanding, type Standing } from "./standing.ts";

export { schemaExists, schemaSizeBytes } from "../postgres/schema.ts";
export { replaceByIncoming } from "./schema-replace.ts";
export { requireTargetSchema, schemaClaim, schemaClaims } from "./schema-target.ts";

/**
 * Saves the target's schema into a new database of that name on the same server. What belongs to a worktree's role
 * belongs to the login there, so that the role can be dropped before it.
 */
export async function saveSchema(work: Work, live: LiveTarget, database: string): Promise<void> {
  const schema = requireTargetSchema(live);
  const load = live.target.worktree?.role === undefined ? [] : ["--no-owner"];
  const statement = await emptyLike(work, live);
  await withSource(work, live, [schema], async (source) => {
    await work.interruptible(() => work.control.unsafe(statement(database)));
    const rows = await readSchemaInto(work, source, { ...live, database }, { dump: [], load });
    const saved = await inScratch(work, database, (sql) => countSchemaRows(sql, schema));
    requireSameRows(rows, saved, live.target.label);
  });
}

/**
 * Replaces the target's schema by the one that was saved in a database of the same server. That database is changed on
 * the way: hand over a copy. Throws and leaves the schema as it was when anything goes wrong.
 */
export async function replaceSchema(
  work: Work,
  live: LiveTarget,
  { database, agreed }: { database: string; agreed: Standing | undefined },
): Promise<void> {
  const wanted = [requireTargetSchema(live)];
  await replaceByIncoming(work, live, { database, agreed, wanted, services: [] });
}

/** What a restore or copy into a schema replaces. Nobody is disconnected for it. */
export interface SchemaLoss extends Loss {
  schema: string;
}

export function isSchemaLoss(loss: Loss): loss is SchemaLoss {
  return "schema" in loss;
}

/** What would be lost, for the question; undefined when the target's schema does not exist. */
export async function findSchemaLoss(work: Work, live: LiveTarget): Promise<SchemaLoss | undefined> {
  const schema = requireTargetSchema(live);
  return await inTarget(work, live, async (sql) => {
    const standing = await findSchemaStanding(sql, schema);
    if (standing === undefined) return undefined;
    return { database: live.database, schema, sizeBytes: await schemaSizeBytes(sql, schema), sessions: [], standing };
  });
}

/** Throws (exit 5), naming what stands in the way, when the target's schema may not be replaced. */
export async function requireReplaceableSchema(work: Work, live: LiveTarget): Promise<void> {
  await inTarget(work, live, async (sql) => void (await requireReplaceable(sql, live)));
}

/**
 * Creates the target's schema, empty, with its owner and comment. One that is there and is the worktree's stays as it is.
 * Throws (exit 5) when it is somebody else's.
 */
export async function createSchema(work: Work, live: LiveTarget, comment: string): Promise<void> {
  const schema = requireTargetSchema(live);
  await claimSchema(work, live);
  await inTarget(work, live, async (sql) => {
    const present = await findOwnSchema(sql, live);
    if (present !== undefined && parseMark(present.comment) === undefined) {
      throw refusal("schema_exists", `there is a schema ${schema} in ${live.database} already`, "choose another name");
    }
    if (present !== undefined) return;
    const properties = { owner: chooseOwner(live, undefined), comment, grants: null };
    await sql.begin(async (transaction) => {
      await transaction.unsafe(`create schema ${quoteIdentifier(schema)}`);
      for (const statement of schemaPropertyStatements(schema, properties)) await transaction.unsafe(statement);
      await settleRole(transaction, live);
    });
  });
}

/** What a copy into a schema may be told. */
export interface SchemaCopyOptions {
  /** No rows. */
  schemaOnly: boolean;
  /** The schemas of the source that are meant, by preference, where the source is a whole database. */
  wanted: readonly string[];
  /** The source is on the target's server. */
  oneServer: boolean;
  /** Services that use the schema. */
  services: readonly string[];
  /** What was agreed to be replaced; undefined where there was nothing. */
  agreed: Standing | undefined;
}

/**
 * Copies a schema (the source's, or that of a whole database) into the target's. `comment` is for one that did not exist
 * before. Throws and leaves both as they were when anything goes wrong.
 */
export async function copyIntoSchema(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  comment: string | undefined,
  options: SchemaCopyOptions,
): Promise<ReplacedSchema> {
  await claimSchema(work, target);
  await requireReplaceableSchema(work, target);
  const statement = await emptyLike(work, target);
  const copied = await withSource(work, source, options.wanted, async (reading) => {
    const { schema } = reading;
    if (options.oneServer && source.database === target.database && schema === target.target.schema) {
      throw usageError(`source and destination are the same schema: ${schema} of ${source.database}`, "--to TARGET");
    }
    const database = await createScratch(work, statement);
    const rows = await readSchemaInto(work, reading, { ...target, database }, copyArguments(target, options));
    return { database, wanted: [schema], ...(options.schemaOnly ? {} : { rows }) };
  });
  const born = comment === undefined ? {} : { comment };
  const { services, agreed } = options;
  return await replaceByIncoming(work, target, { ...copied, ...born, services, agreed });
}

/** To a role of its own everything will belong; grants to another server's roles mean nothing to it. */
function copyArguments({ target }: LiveTarget, { schemaOnly, oneServer }: SchemaCopyOptions) {
  const own = target.worktree?.role !== undefined;
  return {
    dump: schemaOnly ? ["--schema-only"] : [],
    load: [...(own ? ["--no-owner"] : []), ...(own && !oneServer ? ["--no-acl"] : [])],
  };
}

/**
 * Drops the target's schema, for good. No error when it is gone already. Throws (exit 5) when it does not carry the
 * worktree's mark, is another one than was agreed to, something outside needs it, or an extension lies in it.
 */
export async function dropSchema(work: Work, live: LiveTarget, shown?: Standing): Promise<void> {
  const schema = requireTargetSchema(live);
  await claimSchema(work, live);
  await inTarget(work, live, async (sql) => {
    const agreed = shown ?? (await findSchemaStanding(sql, schema));
    if (!(await requireDroppableSchema(sql, live))) return;
    await withoutOthers(work, sql, schema, async (transaction) => {
      await requireSchemaStanding(transaction, { schema, agreed });
      await requireNoDependents(transaction, schema);
      await transaction.unsafe(`drop schema ${quoteIdentifier(schema)} cascade`);
    });
  });
}

/** False when the target's schema is not there. Throws (exit 5) as dropping it would. */
export async function requireDroppableSchema(sql: Queries, live: LiveTarget): Promise<boolean> {
  const schema = requireTargetSchema(live);
  if (live.target.worktree === undefined) throw refusal("schema_main", `${schema} is main's schema and stays`);
  if ((await findOwnSchema(sql, live)) === undefined) return false;
  const extension = (await listExtensions(sql)).find((each) => each.schema === schema);
  if (extension !== undefined) {
    throw refusal(
      "extension_in_schema",
      `the extension ${extension.name} lies in the schema ${schema}, and would be dropped with it`,
      `ALTER EXTENSION ${quoteIdentifier(extension.name)} SET SCHEMA public`,
    );
  }
  await requireNoDependents(sql, schema);
  return true;
}
