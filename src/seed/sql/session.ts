import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { enterSchema } from "../../sql/run-sql.ts";
import type { RunId } from "../../sys/run-id.ts";
import type { Work, WorkSubject } from "../../work/work.ts";

/** The body with a session in the target, and in its schema. */
export async function withSession<T>(
  live: LiveTarget,
  run: RunId,
  body: (sql: Sql) => Promise<T>,
  notice?: (text: string) => void,
): Promise<T> {
  const sql = await live.toolbox.connect(live.database, run, {
    runsUsersSql: true,
    ...(notice === undefined ? {} : { notice }),
  });
  let endWaitS = 0; // for a session that was ended meanwhile it would be waited in vain
  try {
    await enterSchema(sql, live.target);
    const result = await body(sql);
    endWaitS = 2;
    return result;
  } finally {
    await sql.end({ timeout: endWaitS });
  }
}

/** The body with a session that belongs to a work; what the server notes on the way is told. */
export async function withWorkSession<T>(work: Work, live: LiveTarget, body: (sql: Sql) => Promise<T>): Promise<T> {
  return await withSession(live, work.operation.run, body, work.tools.note);
}

/** One run seeds a target at a time; meanwhile its database, or its schema in it, is not replaced. */
export function seedSubject(operation: string, { database, target }: LiveTarget): WorkSubject {
  const place = target.schema === undefined ? database : `${database}/${target.schema}`;
  const held = [...new Set([database, place])].map((each) => ({ database: each, mode: "shared" as const }));
  return { operation, claims: [{ database: `${place}: seeds`, mode: "exclusive" }, ...held] };
}
