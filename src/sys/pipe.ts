import type { Command, Runner, Streams } from "./process.ts";

/** What the first program reads, if anything, what it says on stderr, and how many bytes it writes each time. */
export interface JoinListeners extends Pick<Streams, "input" | "line"> {
  chunk?: (bytes: number) => void;
}

/**
 * Feeds one program's stdout to whoever reads it, in memory, with back pressure. When the first fails, the reader's
 * input ends and the first's error is what is thrown: what was read so far is worth nothing. When the reader fails, the
 * first is ended, and the reader's error is thrown.
 */
export async function joinCommands<T>(
  runner: Runner,
  from: Command,
  read: (input: AsyncIterable<Uint8Array>) => Promise<T>,
  abort: AbortSignal,
  listeners: JoinListeners = {},
): Promise<T> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const stop = new AbortController();
  let fromEnded = false;
  let readerFailedFirst = false;
  const output = async (chunk: Uint8Array) => {
    listeners.chunk?.(chunk.length);
    try {
      await writer.write(chunk);
    } catch (error) {
      readerFailedFirst = true; // it has left, and will say why
      throw error ?? new Error("the reader has gone");
    }
  };
  const reading = read(readable);
  reading.catch((error: unknown) => {
    readerFailedFirst ||= !fromEnded;
    stop.abort(error); // the first may have nothing to write for a long time
    void writer.abort(error).catch(() => undefined); // or wait for ever that somebody reads what it wrote
  });
  let failed: unknown;
  const { chunk: _chunk, ...streams } = listeners;
  const io = { output, ...streams };
  await runner.stream(from, io, AbortSignal.any([abort, stop.signal])).catch((error: unknown) => {
    failed = error;
  });
  fromEnded = true;
  await writer.close().catch(() => undefined); // the reader has gone; its own error is thrown below
  const [result] = await Promise.allSettled([reading]);
  if (result.status === "rejected" && (failed === undefined || readerFailedFirst)) throw result.reason;
  if (failed !== undefined) throw failed;
  if (result.status === "rejected") throw result.reason;
  return result.value;
}
