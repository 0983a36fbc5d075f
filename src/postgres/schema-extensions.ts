/** Extensions around a schema: they stay where they are, and a database that it comes to has to have them, too. */
import { messageOf, missingError, refusal } from "../errors.ts";
import { quoteIdentifier } from "./identifier.ts";
import type { Queries } from "./schema.ts";
import { listNeededExtensions } from "./schema-dependencies.ts";

export interface Extension {
  name: string;
  schema: string;
}

/** The extensions of the connected database; one that needs another comes after it. */
export async function listExtensions(sql: Queries): Promise<Extension[]> {
  const rows = await sql<Extension[]>`
    select e.extname::text as name, n.nspname::text as schema
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace order by e.oid`;
  return [...rows];
}

/** What a schema's definition needs of its database: extensions where they are, and the names of foreign servers. */
export interface Surroundings {
  extensions: Extension[];
  /** The names of the extensions that something in the schema needs. */
  needed: string[];
  servers: { name: string; wrapper: string; provided: boolean }[];
}

/** The surroundings of a schema of the connected database. */
export async function readSurroundings(sql: Queries, schema: string): Promise<Surroundings> {
  const servers = await sql<Surroundings["servers"]>`
    select s.srvname::text as name, w.fdwname::text as wrapper,
           exists (select from pg_depend e where e.classid = 'pg_foreign_data_wrapper'::regclass and e.objid = w.oid
                      and e.deptype = 'e') as provided
      from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
     where exists (select from pg_foreign_table t join pg_class c on c.oid = t.ftrelid
                    where t.ftserver = s.oid and c.relnamespace = ${quoteIdentifier(schema)}::regnamespace)`;
  const [extensions, needed] = [await listExtensions(sql), await listNeededExtensions(sql, schema)];
  return { extensions, needed, servers: [...servers] };
}

/**
 * Builds the surroundings in an empty database. An extension that cannot be there twice (a scheduler, say) and is not
 * needed is left out.
 */
export async function buildSurroundings(sql: Queries, { extensions, needed, servers }: Surroundings): Promise<void> {
  const failed = await createExtensions(sql, extensions);
  const lacking = failed.find(({ name }) => needed.includes(name));
  if (lacking !== undefined) {
    throw missingError(
      "extension_not_created",
      `the extension ${lacking.name} cannot be created in a scratch database: ${messageOf(lacking.error)}`,
      "install it in the server, or choose isolation: database",
    );
  }
  for (const { name, wrapper, provided } of servers) {
    const around = quoteIdentifier(wrapper);
    if (!provided) await sql.unsafe(`create foreign data wrapper ${around}`);
    await sql.unsafe(`create server ${quoteIdentifier(name)} foreign data wrapper ${around}`);
  }
}

/** Creates extensions where they belong, those that need others after them. Resolves with the ones that failed. */
export async function createExtensions(
  sql: Queries,
  extensions: readonly Extension[],
): Promise<{ name: string; error: unknown }[]> {
  const failed: (Extension & { error: unknown })[] = [];
  for (const { name, schema } of extensions) {
    const place = quoteIdentifier(schema);
    try {
      if (schema !== "pg_catalog") await sql.unsafe(`create schema if not exists ${place}`);
      await sql.unsafe(`create extension if not exists ${quoteIdentifier(name)} schema ${place}`);
    } catch (error) {
      failed.push({ name, schema, error });
    }
  }
  const another = failed.length > 0 && failed.length < extensions.length; // what they need may be there by now
  return another ? await createExtensions(sql, failed) : failed;
}

/** Throws (exit 4) when the target's database lacks an extension that the schema needs. */
export function requireExtensions(needed: readonly string[], there: readonly Extension[], database: string): void {
  const missing = needed.filter((name) => !there.some((extension) => extension.name === name));
  if (missing.length === 0) return;
  throw missingError(
    "extension_missing",
    `the database ${database} lacks the extension ${missing.join(", ")}, which the schema needs`,
    `pgrove sql main -c ${JSON.stringify(missing.map((name) => `create extension ${quoteIdentifier(name)}`).join("; "))}`,
  );
}

/**
 * Puts the extensions of the scratch database where the target's database has them. Throws (exit 5) when one that is
 * needed cannot be moved there.
 */
export async function placeExtensions(
  sql: Queries,
  there: readonly Extension[],
  needed: readonly string[],
): Promise<void> {
  for (const { name, schema } of await listExtensions(sql)) {
    const place = there.find((extension) => extension.name === name)?.schema ?? schema;
    if (place === schema) continue;
    await sql.unsafe(`create schema if not exists ${quoteIdentifier(place)}`);
    try {
      await sql.unsafe(`alter extension ${quoteIdentifier(name)} set schema ${quoteIdentifier(place)}`);
    } catch (error) {
      if (!needed.includes(name)) continue;
      throw refusal(
        "extension_elsewhere",
        `the extension ${name} lies in the schema ${schema} where the copy comes from, and in ${place} here: ${messageOf(error)}`,
        "bring both into the same schema, or choose isolation: database",
      );
    }
  }
}
