/** The schema that a target is: claimed, connected to, and not anybody else's. */
import { messageOf, refusal } from "../errors.ts";
import { claimDatabase } from "../postgres/claims.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { isWorktreeMark, parseMark } from "../postgres/ownership.ts";
import { dropDeadSchemas, findSchemaProperties, type Queries, type SchemaProperties } from "../postgres/schema.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Claim, Work } from "../work/work.ts";

/** The target's schema; only targets that are one come here. */
export function requireTargetSchema({ target }: Pick<LiveTarget, "target">): string {
  if (target.schema === undefined) throw new Error(`${target.label} is a database, not a schema`);
  return target.schema;
}

/** Under which name the target's schema is claimed. */
export function schemaClaim(live: LiveTarget): string {
  return `${live.database}/${requireTargetSchema(live)}`;
}

/** The claims of work on the target's schema: on the schema itself, and that its database is not replaced meanwhile. */
export function schemaClaims(live: LiveTarget, mode: Claim["mode"]): Claim[] {
  return [
    { database: schemaClaim(live), mode },
    { database: live.database, mode: "shared" },
  ];
}

/** Claims the target's schema for this run. Throws (exit 5) when another run has it. */
export async function claimSchema(work: Work, live: LiveTarget): Promise<void> {
  await claimDatabase(work.control, schemaClaim(live), "exclusive");
}

/** The body with a session in the target's database, in which the schemas of killed runs are cleared. */
export async function inTarget<T>(work: Work, live: LiveTarget, body: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await live.toolbox.connect(live.database, work.operation.run);
  try {
    const dropped = await dropDeadSchemas(sql, (schema, error) => {
      work.tools.note(`${schema}, which an interrupted run has left, cannot be dropped yet: ${messageOf(error)}`);
    });
    if (dropped.length > 0) work.tools.note(`dropped schemas of interrupted runs: ${dropped.join(", ")}`);
    return await body(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/**
 * The present schema's properties; undefined when there is none. Throws (exit 5) when a worktree's schema does not carry
 * the worktree's mark: pgrove did not make it.
 */
export async function findOwnSchema(sql: Queries, live: LiveTarget): Promise<SchemaProperties | undefined> {
  const schema = requireTargetSchema(live);
  const present = await findSchemaProperties(sql, schema);
  const { worktree } = live.target;
  if (present === undefined || worktree === undefined) return present;
  if (isWorktreeMark(parseMark(present.comment), worktree.id)) return present;
  throw refusal(
    "schema_not_owned",
    `the schema ${schema} of ${live.database} is not the one that pgrove made for ${worktree.name}: it lacks its mark`,
    `rename it: ALTER SCHEMA ${quoteIdentifier(schema)} RENAME TO …`,
  );
}

/** Who is to own the target's schema: the worktree's role, else whoever owns it now, else the login. */
export function chooseOwner(live: LiveTarget, present: SchemaProperties | undefined): string {
  return live.target.worktree?.role?.name ?? present?.owner ?? live.toolbox.user;
}
