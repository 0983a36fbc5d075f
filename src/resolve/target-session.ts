/** Sessions in a target, and in its schema. */
import { withSession } from "../postgres/session.ts";
import type { ConnectOptions, Sql } from "../postgres/toolbox.ts";
import type { RunId } from "../sys/run-id.ts";
import { entrySql } from "./reach.ts";
import type { LiveTarget, Target } from "./target.ts";

/** The body with a session in the target, and in its schema; it has ended when this resolves. */
export async function withTargetSession<T>(
  { toolbox, database, target }: LiveTarget,
  run: RunId,
  body: (sql: Sql) => Promise<T>,
  options?: ConnectOptions,
): Promise<T> {
  const enter = async (sql: Sql) => {
    await enterSchema(sql, target);
    return await body(sql);
  };
  return await withSession({ toolbox, run }, database, enter, options);
}

/** Lets a session work in the target's schema, where its login does not do so by itself. */
export async function enterSchema(sql: Sql, target: Target): Promise<void> {
  const entry = entrySql(target);
  if (entry !== "") await sql.unsafe(entry);
}
