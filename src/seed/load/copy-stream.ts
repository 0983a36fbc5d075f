/** COPY … FROM STDIN over a connection of postgres.js, with its errors. */
import { Writable } from "node:stream";
import { failure } from "../../errors.ts";
import { unknownLibrary } from "../../postgres/known-library.ts";
import type { Queries } from "../../postgres/schema.ts";

/** How a COPY ends. */
interface Ending {
  /** How many rows the server took; rejects with its error. */
  rows: Promise<number>;
  /** Resolves when it is over, either way. */
  settled: Promise<void>;
  isOver(): boolean;
}

/**
 * Runs a COPY statement and sends it the pieces, the next one when the socket has taken the last. Resolves with the
 * number of rows that the server counted; rejects with its error, whenever it comes.
 */
export async function copyIn(sql: Queries, statement: string, pieces: Iterable<Uint8Array>): Promise<number> {
  const query = sql.unsafe(statement);
  const ending = watchEnding(query);
  const stream = await query.writable();
  try {
    for (const piece of pieces) {
      await Promise.race([ending.settled, write(stream, piece)]);
      if (ending.isOver()) break;
    }
  } catch (error) {
    stream.destroy(); // ends the COPY with an error of its own, which says less
    await ending.settled;
    throw error;
  }
  if (!ending.isOver()) stream.end();
  return await ending.rows;
}

/**
 * postgres.js settles a COPY when the server asks for rows, and a second time when it has ended, which nobody hears: an
 * error behind the last row would be lost (porsager/postgres#1173). So its two functions are replaced, before the COPY is
 * sent: an error may come together with the wish for rows. They are no part of what the library promises, so it is known
 * which one it is.
 */
function watchEnding(query: object): Ending {
  const [open, refuse] = [settler(query, "resolve"), settler(query, "reject")];
  let over = false;
  const rows = new Promise<number>((resolve, reject) => {
    Reflect.set(query, "resolve", (result: unknown) => {
      if (!(result instanceof Writable)) return countRows(result, resolve, reject);
      result.on("error", () => undefined); // the same error ends the query, where it is not lost
      open(result);
    });
    Reflect.set(query, "reject", (error: unknown) => {
      refuse(error); // of a COPY that has not begun
      reject(error);
    });
  });
  const end = () => {
    over = true;
  };
  return { rows, settled: rows.then(end, end), isOver: () => over };
}

function settler(query: object, name: "resolve" | "reject"): (value: unknown) => void {
  const own: unknown = Reflect.get(query, name);
  if (typeof own !== "function") throw unknownLibrary(`a query's ${name}`);
  return (value) => {
    Reflect.apply(own, query, [value]);
  };
}

function countRows(result: unknown, resolve: (rows: number) => void, reject: (error: unknown) => void): void {
  const count: unknown = typeof result === "object" && result !== null ? Reflect.get(result, "count") : undefined;
  if (typeof count === "number") resolve(count);
  else reject(failure("copy_uncounted", "PostgreSQL did not say how many rows it took"));
}

function write(stream: NodeJS.WritableStream, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(piece, () => resolve());
  });
}
