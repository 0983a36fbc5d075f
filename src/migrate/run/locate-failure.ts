/** Finds what failed where PostgreSQL names no place, as for a duplicate key: a statement of the script, or the ledger. */
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
  /** What came behind the script, the COMMIT left out: the ledger's rows. */
  books: string;
  /** The ledger's tables by their own names. */
  tables: readonly string[];
  abort: AbortSignal;
}

/** Where the statement begins in the script, or that the ledger could not be written behind it. */
export type FailedPart = number | "books";

/**
 * The part that failed. The script is run again statement by statement, in a transaction that is rolled back: just what
 * would happen if the same command was typed once more. Undefined when that shows nothing.
 */
export async function locateFailure(run: FailedRun): Promise<FailedPart | undefined> {
  const { sql, shape, error, durationMs, settings, books, tables, abort } = run;
  if (errorField(error, "position") !== undefined) return undefined;
  const statements = await shape.statements().catch(() => []); // a mistake of syntax, which has a place of its own
  const said = messageOf(error);
  const isOfBooks = tables.some((name) => said.includes(name));
  if (statements.length < 2 && !isOfBooks) return statements[0]?.start;
  if (durationMs > LONGEST_MS) return undefined;
  await sql.unsafe(`begin;${settings}set local client_min_messages=error`); // notices were told once
  const parts: [FailedPart, string][] = statements.map(({ start, sql: statement }) => [start, statement]);
  for (const [part, statement] of [...parts, ["books", books] as const]) {
    try {
      await sql.unsafe(statement);
    } catch (again) {
      if (leavesSession(again, abort)) await sql.unsafe("rollback");
      const isSame = codeOf(again) === codeOf(error) && messageOf(again) === said;
      return isSame ? part : undefined;
    }
  }
  await sql.unsafe("rollback");
  return undefined;
}
