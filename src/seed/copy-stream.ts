/** COPY … FROM STDIN over a connection of postgres.js, with its errors. */
import { failure } from "../errors.ts";
import type { Queries } from "../postgres/schema.ts";

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
  const stream = await query.writable();
  stream.on("error", () => undefined); // the same error ends the query, where it is not lost
  const ending = watchEnding(query);
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
 * error behind the last row would be lost (porsager/postgres#1173). So its two functions are put in here for that time.
 */
function watchEnding(query: object): Ending {
  let over = false;
  const rows = new Promise<number>((resolve, reject) => {
    Reflect.set(query, "resolve", (result: unknown) => {
      const count: unknown = typeof result === "object" && result !== null ? Reflect.get(result, "count") : undefined;
      if (typeof count === "number") resolve(count);
      else reject(failure("copy_uncounted", "PostgreSQL did not say how many rows it took"));
    });
    Reflect.set(query, "reject", reject);
  });
  const end = () => {
    over = true;
  };
  return { rows, settled: rows.then(end, end), isOver: () => over };
}

function write(stream: NodeJS.WritableStream, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(piece, () => resolve());
  });
}
