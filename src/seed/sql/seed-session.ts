import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { withTargetSession } from "../../resolve/target-session.ts";
import type { RunId } from "../../sys/run-id.ts";
import { unitOf } from "../../unit/unit-of.ts";
import type { Work, WorkSubject } from "../../work/work.ts";

/** The body with a session in the target, and in its schema. */
export async function withSeedSession<T>(
  live: LiveTarget,
  run: RunId,
  body: (sql: Sql) => Promise<T>,
  notice?: (text: string) => void,
): Promise<T> {
  const options = { runsUsersSql: true, ...(notice === undefined ? {} : { notice }) };
  return await withTargetSession(live, run, body, options);
}

/** The body with a session that belongs to a work; what the server notes on the way is told. */
export async function withWorkSession<T>(work: Work, live: LiveTarget, body: (sql: Sql) => Promise<T>): Promise<T> {
  return await withSeedSession(live, work.operation.run, body, work.tools.note);
}

/** One run seeds a target at a time; meanwhile its database, or its schema in it, is not replaced. */
export function seedSubject(operation: string, live: LiveTarget): WorkSubject {
  const unit = unitOf(live);
  return { operation, claims: [{ database: `${unit.label}: seeds`, mode: "exclusive" }, ...unit.claims("shared")] };
}
