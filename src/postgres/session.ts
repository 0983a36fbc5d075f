/** Sessions that end with the work that they are for. */
import type { RunId } from "../sys/run-id.ts";
import type { ConnectOptions, Sql, Toolbox } from "./toolbox.ts";

/** How long a session may take to say goodbye; then its socket is closed. */
const GOODBYE_S = 2;

/** Ends a session. A server that does not answer any more is not waited for. */
export async function endSession(sql: Sql): Promise<void> {
  await sql.end({ timeout: GOODBYE_S });
}

/** Whoever opens sessions, and for which run. */
export interface SessionSource {
  toolbox: Pick<Toolbox, "connect">;
  run: RunId;
}

/** The body with a session that is opened for it and has ended when this resolves. */
export async function withOpened<T>(connect: () => Promise<Sql>, body: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await connect();
  try {
    return await body(sql);
  } finally {
    await endSession(sql);
  }
}

/** The body with a session in a database, which can be renamed when this has resolved. */
export async function withSession<T>(
  { toolbox, run }: SessionSource,
  database: string,
  body: (sql: Sql) => Promise<T>,
  options?: ConnectOptions,
): Promise<T> {
  return await withOpened(() => toolbox.connect(database, run, options), body);
}
