/**
 * postgres.js held to one session. When a session is lost it dials anew without a word, and the new one has neither the
 * role nor the path nor the claims of the lost one. Here it dials once: whatever is asked of a session that is lost is
 * rejected as lost (`isLostCode`), and whoever wants to go on opens another one.
 */
import type { Duplex } from "node:stream";
import { unknownLibrary } from "./known-library.ts";
import { watchForLastWords } from "./last-words.ts";
import type { Sql } from "./toolbox.ts";

const LOST = "the session was lost";

/** Asks the server by a query without parameters. */
export type Ask = (query: string) => ReturnType<Sql["unsafe"]>;

/** Opens the byte stream to the server. */
export type Dial = () => Duplex | Promise<Duplex>;

/** Options that postgres.js has, and its types do not know all of. */
export interface SessionOptions {
  socket: () => Promise<Duplex>;
  onclose: () => void;
}

/** What postgres.js hands out of itself to a query that asks for the connection it runs on, as its own BEGIN does. */
interface InnerConnection {
  /** Sends a query. True: the next one may come. */
  execute(query: Rejectable): boolean;
  /** Dials, for a query. */
  connect(query: Rejectable): void;
  /** Rejects what is under way. */
  terminate(): void;
  /** Says goodbye behind what is under way. */
  end(): Promise<void>;
}

interface Rejectable {
  reject(error: unknown): void;
}

/**
 * A session of postgres.js, made with the options besides its own, and proved by its first queries. Throws what dialling or
 * a query throws; nothing is left open then.
 */
export async function openOneSession(
  dial: Dial,
  make: (options: SessionOptions) => Sql,
  prove: (ask: Ask) => Promise<unknown>,
): Promise<Sql> {
  let isDialled = false;
  let inner: InnerConnection | undefined;
  let lost = connectionClosed(LOST);
  const gone = Promise.withResolvers<void>();
  const sql = make({
    socket: async () => {
      if (isDialled) throw lost;
      isDialled = true;
      return endWithError(await dial(), (words) => {
        lost = words;
      });
    },
    onclose: () => {
      if (inner !== undefined) closeForGood(inner, lost);
      void end({ timeout: 0 }); // what waits for its turn is rejected, too
      gone.resolve();
    },
  });
  const end = sql.end;
  // postgres.js by itself waits for the last answer of a session that is gone as well, until the time is over.
  sql.end = async ({ timeout } = {}) => {
    await Promise.resolve(); // a query that was asked for just before is under way then
    if (inner !== undefined) await within(timeout, Promise.race([inner.end(), gone.promise]));
    await end({ timeout: 0 }); // takes no further query, and gives up what still waits
  };
  const watching = {
    prepare: false,
    onexecute: (connection: InnerConnection) => {
      inner = connection;
      return true;
    },
  };
  try {
    await prove((query) => sql.unsafe(query, [], watching));
    if (inner === undefined) throw unknownLibrary("a query's connection");
    return sql;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
}

/** Rejects what is under way, and whatever comes; also what comes straight from a transaction. */
function closeForGood(connection: InnerConnection, lost: Error): void {
  connection.terminate();
  connection.execute = (query) => {
    query.reject(lost);
    return true;
  };
  connection.connect = (query) => query.reject(lost);
}

/** Until the promise has settled or the time is over, whichever is first. */
async function within(timeoutS: number | undefined, settled: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    if (timeoutS !== undefined) timer = setTimeout(resolve, timeoutS * 1000);
  });
  await Promise.race([settled, late]);
  clearTimeout(timer);
}

/**
 * A socket that the other side closes before we said goodbye ends with an error: postgres.js takes a server that closes
 * cleanly before the login is done for one that is still to be dialled. Why the server ended a session are its last words,
 * which postgres.js keeps for itself.
 */
function endWithError(socket: Duplex, learn: (lastWords: Error) => void): Duplex {
  let lastWords: Error | undefined;
  watchForLastWords(socket, (words) => {
    lastWords = words;
    learn(words);
  });
  return socket.once("end", () => {
    if (socket.writableEnded) socket.destroy();
    else socket.destroy(lastWords ?? connectionClosed("the server closed the connection"));
  });
}

function connectionClosed(message: string): Error {
  return Object.assign(new Error(message), { code: "CONNECTION_CLOSED" });
}
