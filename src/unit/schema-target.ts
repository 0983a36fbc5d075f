/** The schema that a unit is: its session, and whose it is. */
import { messageOf, refusal } from "../errors.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { isOwnedMark, parseMark } from "../postgres/ownership.ts";
import { dropDeadSchemas, findSchemaProperties, type Queries, type SchemaProperties } from "../postgres/schema.ts";
import { withSession } from "../postgres/session.ts";
import type { ConnectOptions, Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";

/** A schema of the target's database. */
export interface SchemaPlace {
  live: LiveTarget;
  schema: string;
}

/** The body with a session in the target's database, in which the schemas of killed runs are cleared. */
export async function inTarget<T>(
  work: Work,
  live: LiveTarget,
  body: (sql: Sql) => Promise<T>,
  options?: ConnectOptions,
): Promise<T> {
  const entered = async (sql: Sql) => {
    const dropped = await dropDeadSchemas(sql, (schema, error) => {
      work.tools.note(`${schema}, which an interrupted run has left, cannot be dropped yet: ${messageOf(error)}`);
    });
    if (dropped.length > 0) work.tools.note(`dropped schemas of interrupted runs: ${dropped.join(", ")}`);
    return await body(sql);
  };
  return await withSession({ ...live, run: work.operation.run }, live.database, entered, options);
}

/** For roles, which a server has beside its databases. */
export const FOR_ROLES: ConnectOptions = { administrator: true };

/**
 * The present schema's properties; undefined when there is none. Throws (exit 5) when a worktree's schema does not carry
 * the worktree's mark: pgrove did not make it.
 */
export async function findOwnSchema(
  sql: Queries,
  { live, schema }: SchemaPlace,
): Promise<SchemaProperties | undefined> {
  const present = await findSchemaProperties(sql, schema);
  const { worktree } = live.target;
  if (present === undefined || worktree === undefined) return present;
  if (isOwnedMark(parseMark(present.comment), worktree.id)) return present;
  throw refusal(
    "schema_not_owned",
    `the schema ${schema} of ${live.database} is not the one that pgrove made for ${worktree.name}: it lacks its mark`,
    `rename it: ALTER SCHEMA ${quoteIdentifier(schema)} RENAME TO …`,
  );
}

/** Who is to own the target's schema: the worktree's role, else whoever owns it now, else the login. */
export function chooseOwner({ target, toolbox }: LiveTarget, present: SchemaProperties | undefined): string {
  return target.worktree?.role?.name ?? present?.owner ?? toolbox.user;
}
