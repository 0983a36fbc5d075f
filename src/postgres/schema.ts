/** Schemas of a database: what they are called for programs, what belongs to them, and what killed runs left of them. */
import type { ISql, TransactionSql } from "postgres";
import { refusal } from "../errors.ts";
import { controlName, parseRunId, type RunId } from "../sys/run-id.ts";
import { endDeadRunSessions } from "./admin.ts";
import { quoteIdentifier, quoteLiteral } from "./identifier.ts";
import type { Sql } from "./toolbox.ts";

/** Where statements are run: a session, or a transaction in it. */
export type Queries = ISql;

/** A transaction, parts of which can be taken back. */
export type Transaction = TransactionSql;

const INCOMING_PREFIX = "pgrove_incoming_";

/** The name under which a run's schema waits for its place. */
export function incomingName(run: RunId): string {
  return INCOMING_PREFIX + run;
}

/** The name of the schema that a run puts aside and drops, within one transaction. */
export function outgoingName(run: RunId): string {
  return `pgrove_outgoing_${run}`;
}

/** The run that a waiting schema belongs to. */
export function runOfIncoming(schema: string): RunId | undefined {
  return schema.startsWith(INCOMING_PREFIX) ? parseRunId(schema.slice(INCOMING_PREFIX.length)) : undefined;
}

/** A schema's name as a pattern of pg_dump: dots, stars and upper case are only themselves. */
export function schemaPattern(schema: string): string {
  return quoteIdentifier(schema);
}

/** Schemas as the value of search_path, each once. */
export function formatSearchPath(schemas: readonly string[]): string {
  return [...new Set(schemas)].map(quoteIdentifier).join(",");
}

/** Where unqualified names of extensions are looked for, behind the schema itself. */
const USUAL_EXTENSION_SCHEMA = "public";

/** The search_path of who works in the schema: extensions in `public` are found, too. */
export function schemaSearchPath(schema: string): string {
  return formatSearchPath([schema, USUAL_EXTENSION_SCHEMA]);
}

/** libpq's `options` by which a session works in the schema. Names that need no quotes have none: URLs are read. */
export function searchPathOptions(schema: string): string {
  const path = [...new Set([schema, USUAL_EXTENSION_SCHEMA])].map((name) =>
    /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name),
  );
  return `-csearch_path=${path.join(",").replace(/[\s\\]/g, "\\$&")}`;
}

export async function schemaExists(sql: Queries, schema: string): Promise<boolean> {
  const rows = await sql`select 1 from pg_namespace where nspname = ${schema}`;
  return rows.length > 0;
}

/** The bytes of the schema's tables with their indexes and TOAST; 0 when there is no such schema. */
export async function schemaSizeBytes(sql: Queries, schema: string): Promise<number> {
  const [row] = await sql<{ size: number }[]>`
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as size
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${schema} and c.relkind in ('r', 'm', 'S')`;
  return row?.size ?? 0;
}

/** What a schema has beside its contents. */
export interface SchemaProperties {
  owner: string;
  comment: string | null;
  /** null: the default privileges. */
  grants: { grantee: string | null; privilege: string; grantable: boolean }[] | null;
}

/** The schema's properties; undefined when there is no such schema. */
export async function findSchemaProperties(sql: Queries, schema: string): Promise<SchemaProperties | undefined> {
  const [row] = await sql<{ properties: SchemaProperties }[]>`
    select json_build_object(
      'owner', pg_get_userbyid(n.nspowner),
      'comment', obj_description(n.oid, 'pg_namespace'),
      'grants', case when n.nspacl is null then null else coalesce((
        select json_agg(json_build_object('grantee', g.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable))
          from aclexplode(n.nspacl) a left join pg_roles g on g.oid = a.grantee), '[]'::json) end) as properties
      from pg_namespace n where n.nspname = ${schema}`;
  return row?.properties;
}

/** The statements that give a schema its properties. */
export function schemaPropertyStatements(schema: string, { owner, comment, grants }: SchemaProperties): string[] {
  const [name, role] = [quoteIdentifier(schema), quoteIdentifier(owner)];
  const statements = [
    `alter schema ${name} owner to ${role}`,
    `comment on schema ${name} is ${comment === null ? "null" : quoteLiteral(comment)}`,
  ];
  if (grants === null) return statements;
  statements.push(`revoke all on schema ${name} from public, ${role}`);
  for (const { grantee, privilege, grantable } of grants) {
    const to = grantee === null ? "public" : quoteIdentifier(grantee);
    statements.push(`grant ${privilege} on schema ${name} to ${to}${grantable ? " with grant option" : ""}`);
  }
  return statements;
}

/** A schema of the user's: neither PostgreSQL's own nor an extension's. */
export interface UserSchema {
  name: string;
  comment: string | null;
  /** It holds objects beside those of extensions. */
  filled: boolean;
}

/** The schemas of the connected database. */
export async function listUserSchemas(sql: Queries): Promise<UserSchema[]> {
  const rows = await sql<UserSchema[]>`
    select n.nspname::text as name, obj_description(n.oid, 'pg_namespace') as comment,
           exists (select from pg_depend d
                    where d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid
                      and d.classid not in ('pg_extension'::regclass, 'pg_default_acl'::regclass)
                      and not exists (select from pg_depend e where e.classid = d.classid and e.objid = d.objid
                                         and e.deptype = 'e')) as filled
      from pg_namespace n
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname not like 'pgrove\\_incoming\\_%'
       and not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass and e.objid = n.oid
                          and e.deptype = 'e')
     order by n.nspname`;
  return [...rows];
}

/**
 * The schema that is meant in a database which is not known to hold only one: the wanted one where it is there, else the
 * only one with something in it, else the only one. Throws (exit 5) when that is none or several.
 */
export function chooseSchema(schemas: readonly UserSchema[], wanted: readonly string[], where: string): string {
  for (const name of wanted) if (schemas.some((schema) => schema.name === name)) return name;
  const filled = schemas.filter((schema) => schema.filled);
  const [only, ...others] = filled.length > 0 ? filled : schemas;
  if (only !== undefined && others.length === 0) return only.name;
  const found = schemas.length === 0 ? "none" : schemas.map(({ name }) => name).join(", ");
  throw refusal(
    "schema_ambiguous",
    `which schema of ${where} is meant? there is ${found}${wanted.length === 0 ? "" : `, and no ${wanted.join(" or ")}`}`,
    "name it in pgrove.yaml: database.schema",
  );
}

/**
 * Drops the waiting schemas of runs that are dead, with whatever still works on them: a run that lives has its control
 * session. Resolves with their names; one that cannot be dropped is told to `failed` and stays.
 */
export async function dropDeadSchemas(sql: Sql, failed: (schema: string, error: unknown) => void): Promise<string[]> {
  const schemas = await sql<{ name: string }[]>`
    select nspname::text as name from pg_namespace where nspname like 'pgrove\\_incoming\\_%'`;
  if (schemas.length === 0) return [];
  const sessions = await sql<{ name: string }[]>`select application_name as name from pg_stat_activity`;
  const living = new Set(sessions.map(({ name }) => name));
  const dropped: string[] = [];
  for (const { name } of schemas) {
    const run = runOfIncoming(name);
    if (run === undefined || living.has(controlName(run))) continue;
    try {
      await endDeadRunSessions(sql, run);
      await sql.unsafe(`drop schema if exists ${quoteIdentifier(name)} cascade`);
      dropped.push(name);
    } catch (error) {
      failed(name, error);
    }
  }
  return dropped;
}
