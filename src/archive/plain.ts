/** Plain SQL dumps as bytes, decompressed. */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { failure, PgroveError } from "../errors.ts";
import { type ByteSource, bytesOf } from "./dump-bytes.ts";

export type Wrapping = "none" | "gzip" | "zstd";

/** The program that unpacks such a file to its stdout. */
export function unpackerOf(wrapping: Exclude<Wrapping, "none">): string {
  return wrapping === "gzip" ? "gunzip -c" : "zstd -dc";
}

/**
 * The dump's SQL as bytes. Ends with an error when the compressed data is cut off or altered. `seen` is given the file's
 * own bytes.
 */
export async function* openPlain(
  source: ByteSource,
  wrapping: Wrapping,
  seen?: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const { path, stream } = bytesOf(source);
  const raw = stream(seen);
  try {
    if (wrapping === "none") yield* raw;
    else if (wrapping === "gzip") yield* gunzip(raw);
    else yield* decompressZstd(raw);
  } catch (error) {
    if (error instanceof PgroveError && error.code === "dump_damaged") throw error;
    throw failure(
      "dump_damaged",
      `the dump is damaged: its ${wrapping} data cannot be read to the end (${path})`,
      "make it again, or restore an older one: pgrove dumps list",
      error,
    );
  } finally {
    await raw.return(undefined);
  }
}

async function* gunzip(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzipped = createGunzip({ chunkSize: 1 << 17 });
  const file = Readable.from(raw, { objectMode: false });
  file.on("error", (error) => gunzipped.destroy(error));
  try {
    yield* file.pipe(gunzipped);
  } finally {
    file.destroy();
  }
}

/** DecompressionStream, because node:zlib's zstd takes a cut-off file for a whole one. */
async function* decompressZstd(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = raw[Symbol.asyncIterator]();
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
  });
  yield* source.pipeThrough(new DecompressionStream("zstd"));
}
