/** The scratch database in which something is built before it replaces a target, and what that replaces. */
import {
  databaseSizeBytes,
  dropDatabase,
  explainDatabaseError,
  listSessions,
  type Session,
  scratchName,
} from "../postgres/admin.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Work } from "../work/work.ts";
import { findStanding, type Standing } from "./standing.ts";

/** What a restore or copy replaces. */
export interface Loss {
  database: string;
  sizeBytes: number;
  sessions: Session[];
  /** Whose loss is agreed to; undefined where only the name is there. */
  standing: Standing | undefined;
}

/** What would be lost, for the question; undefined when there is no such database. */
export async function findLoss(work: Work, database: string): Promise<Loss | undefined> {
  const standing = await findStanding(work.control, database);
  if (standing === undefined) return undefined;
  const sizeBytes = await databaseSizeBytes(work.control, database);
  return { database, sizeBytes, sessions: await listSessions(work.control, database, work.operation.run), standing };
}

/** Creates the run's scratch database, to be dropped when the operation ends and it has not been swapped in. */
export async function createScratch(work: Work, statement: (name: string) => string): Promise<string> {
  const { control, operation } = work;
  const scratch = scratchName(operation.run);
  operation.defer(() => work.clearUp((sql) => dropDatabase(sql, scratch)));
  try {
    await work.interruptible(() => control.unsafe(statement(scratch)));
  } catch (error) {
    throw explainDatabaseError(error, scratch);
  }
  return scratch;
}

/** Does something in the scratch database; the session is gone afterwards, so that it can be renamed. */
export async function inScratch<T>(work: Work, scratch: string, body: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await work.toolbox.connect(scratch, work.operation.run);
  try {
    return await body(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}
