/**
 * Whether a connection pooler hands the server's sessions around between transactions: then locks and settings of a
 * session are somebody else's a moment later, and nothing that migrates may work that way.
 */
import { missingError } from "../../errors.ts";
import { withOpened } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";

/** A second session may get a server session of its own by chance, when many are idle in the pool. */
const ATTEMPTS = 5;

/**
 * Throws (exit 4) when the session is one of a pool in transaction or statement mode. Asks once where there is no pooler:
 * it would have announced another process than the one that answers.
 */
export async function requireOwnSession(sql: Sql, connectSecond: () => Promise<Sql>): Promise<void> {
  const result = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  if (result[0]?.pid === result.state.pid) return;
  if (await withOpened(connectSecond, (second) => areShared(sql, second))) throw pooled();
}

/** Whether one of the two gets the other's server session, or another one than before. */
async function areShared(first: Sql, second: Sql): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await readServerPid(first);
    const isTaken = await second
      .begin(async (transaction) => {
        const pinned = await readServerPid(transaction);
        return pinned === before || (await readServerPid(first)) !== before;
      })
      .catch(() => true); // statement mode takes no transactions
    if (isTaken) return true;
  }
  return false;
}

async function readServerPid(sql: Pick<Sql, "unsafe">): Promise<number | undefined> {
  const [row] = await sql.unsafe<{ pid: number }[]>("select pg_backend_pid() as pid");
  return row?.pid;
}

function pooled(): Error {
  return missingError(
    "pooler",
    "the connection goes through a pooler in transaction mode, such as PgBouncer: migrations need a session of their own, for their lock",
    "name the server's own port in the URL (DATABASE_URL=postgres://…:5432/…), or a pool with pool_mode=session",
  );
}
