/**
 * What of a database belongs to a target in isolation `schema`: a worktree has its one schema; main has all of the
 * database but the worktrees' schemas.
 */

import type { DatabaseFacts } from "../postgres/catalog.ts";
import { isAnyWorktrees, parseMark } from "../postgres/ownership.ts";
import { listMarkedRoles } from "../postgres/role.ts";
import {
  formatSearchPath,
  listUserSchemas,
  type Queries,
  runOfIncoming,
  schemaPattern,
  schemaSizeBytes,
} from "../postgres/schema.ts";
import { listGrantees, listNeededExtensions } from "../postgres/schema-dependencies.ts";
import { createExtensions } from "../postgres/schema-extensions.ts";
import type { Target } from "../resolve/target.ts";

export interface SchemaSelection {
  /** The one schema that is selected; undefined for main, of which only some are left out. */
  only: string | undefined;
  /** The schemas that are left out of the whole. */
  without: readonly string[];
  /** What pg_dump is told. */
  arguments: readonly string[];
}

/** The first pg_dump that takes `--extension`. */
const FIRST_WITH_EXTENSION = 14;

/** The target's part of the connected database; undefined where it has all of it. `major` is pg_dump's version. */
export async function selectSchemas(
  sql: Queries,
  { schema, worktree }: Pick<Target, "schema" | "worktree">,
  major: number,
): Promise<SchemaSelection | undefined> {
  if (schema === undefined) return undefined;
  if (worktree === undefined) {
    const schemas = await listUserSchemas(sql);
    const without = schemas.filter(({ comment }) => isAnyWorktrees(parseMark(comment))).map(({ name }) => name);
    const excluded = [...without.map(schemaPattern), "pgrove_incoming_*"];
    return { only: undefined, without, arguments: excluded.map((pattern) => `--exclude-schema=${pattern}`) };
  }
  const needed = major < FIRST_WITH_EXTENSION ? [] : await listNeededExtensions(sql, schema);
  const extensions = needed.map((name) => `--extension=${schemaPattern(name)}`);
  return { only: schema, without: [], arguments: [`--schema=${schemaPattern(schema)}`, ...extensions] };
}

/** Lets a session find the target's own alone: what lies beside it is not taken for its. */
export async function enterAlone(sql: Queries, { schema }: Pick<Target, "schema">): Promise<void> {
  if (schema !== undefined) await sql.unsafe(`set search_path to ${formatSearchPath([schema])}`);
}

/**
 * A pattern of tables that says no schema means the target's: to pg_dump it would mean whatever the login's search_path
 * finds, and then --schema counts for nothing.
 */
export function qualifyPattern(pattern: string, schema: string | undefined): string {
  const says = pattern.replace(/"[^"]*"/g, "").includes(".");
  return schema === undefined || says ? pattern : `${schemaPattern(schema)}.${pattern}`;
}

/** The facts of the selected part alone. The roles that worktrees have of their own are nobody else's need. */
export async function narrowFacts(
  sql: Queries,
  facts: DatabaseFacts,
  selection: SchemaSelection | undefined,
): Promise<DatabaseFacts> {
  if (selection === undefined) return facts;
  const { only, without } = selection;
  const included = (schema: string) =>
    only === undefined ? !without.includes(schema) && runOfIncoming(schema) === undefined : schema === only;
  const tables = facts.tables.filter(({ schema }) => included(schema));
  const marked = await listMarkedRoles(sql);
  if (only !== undefined) {
    const roles = (await listGrantees(sql, only)).filter((role) => !marked.includes(role));
    return { ...facts, tables, roles, sizeBytes: await schemaSizeBytes(sql, only) };
  }
  let { sizeBytes } = facts;
  for (const schema of without) sizeBytes -= await schemaSizeBytes(sql, schema);
  return { ...facts, tables, roles: facts.roles.filter((role) => !marked.includes(role)), sizeBytes };
}

/** The extensions that lie outside of a schema: a dump of it alone needs them there before it is loaded. */
export async function createHomes(
  sql: Queries,
  extensions: readonly { name: string; schema: string }[],
  only: string,
): Promise<void> {
  await createExtensions(
    sql,
    extensions.filter(({ schema }) => schema !== only),
  ); // one that fails and is needed is missed, by name, when the dump is loaded
}
