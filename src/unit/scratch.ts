/** The scratch database in which something is built before it replaces a unit. */
import { dropDatabase, explainDatabaseError, scratchName } from "../postgres/admin.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Work } from "../work/work.ts";

/** Creates the run's scratch database, to be dropped when the operation ends and it has not been swapped in. */
export async function createScratch(work: Work, statement: (name: string) => string): Promise<string> {
  return await createOwn(work, scratchName(work.operation.run), statement);
}

/** Creates a database of the run's, to be dropped when the operation ends unless it was renamed. */
export async function createOwn(work: Work, name: string, statement: (name: string) => string): Promise<string> {
  work.operation.defer(() => work.clearUp((sql) => dropDatabase(sql, name)));
  try {
    await work.interruptible(() => work.control.unsafe(statement(name)));
  } catch (error) {
    throw explainDatabaseError(error, name);
  }
  return name;
}

/** Does something in a database of the run's; the session is gone afterwards, so that it can be renamed. */
export async function inScratch<T>(work: Work, database: string, body: (sql: Sql) => Promise<T>): Promise<T> {
  return await withSession({ toolbox: work.toolbox, run: work.operation.run }, database, body);
}
