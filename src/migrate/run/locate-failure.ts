/** Finds the statement that failed where PostgreSQL names no place, as for a duplicate key. */
import { messageOf } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { ScriptShape } from "../../sql/script-shape.ts";
import { leavesSession } from "./server-error.ts";

/** A script that took longer is not run a second time only for a better message. */
const LONGEST_MS = 2_000;

export interface FailedRun {
  sql: Sql;
  shape: ScriptShape;
  error: unknown;
  durationMs: number;
  /** What came before the script in its transaction, the BEGIN left out. */
  settings: string;
  abort: AbortSignal;
}

/**
 * Where the statement that failed begins in the script. A script of several is run again one by one, in a transaction that
 * is rolled back: just what would happen if the same command was typed once more. Undefined when that shows nothing.
 */
export async function locateFailure({ sql, shape, error, durationMs, settings, abort }: FailedRun) {
  if (errorField(error, "position") !== undefined) return undefined;
  const statements = await shape.statements().catch(() => []); // a mistake of syntax, which has a place of its own
  if (statements.length < 2) return statements[0]?.start;
  if (durationMs > LONGEST_MS) return undefined;
  await sql.unsafe(`begin;${settings}set local client_min_messages=error`); // notices were told once
  for (const statement of statements) {
    try {
      await sql.unsafe(statement.sql);
    } catch (again) {
      if (leavesSession(again, abort)) await sql.unsafe("rollback");
      const isSame = codeOf(again) === codeOf(error) && messageOf(again) === messageOf(error);
      return isSame ? statement.start : undefined;
    }
  }
  await sql.unsafe("rollback");
  return undefined;
}
