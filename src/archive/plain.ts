/** Plain SQL dumps as bytes, decompressed. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { failure } from "../errors.ts";

export type Wrapping = "none" | "gzip" | "zstd";

/**
 * The dump's SQL as bytes. Ends with an error when the compressed data is cut off or altered. `seen` is given the file's
 * own bytes.
 */
export async function* openPlain(
  path: string,
  wrapping: Wrapping,
  seen?: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const raw = watch(file, seen);
  try {
    if (wrapping === "none") yield* raw;
    else if (wrapping === "gzip") yield* gunzip(file, seen);
    else yield* decompressZstd(raw);
  } catch (error) {
    throw failure(
      "dump_damaged",
      `the dump is damaged: its ${wrapping} data cannot be read to the end (${path})`,
      "make it again, or restore an older one: pgrove dumps list",
      error,
    );
  } finally {
    file.destroy();
  }
}

async function* watch(source: AsyncIterable<Uint8Array>, seen?: (chunk: Uint8Array) => void) {
  for await (const chunk of source) {
    seen?.(chunk);
    yield chunk;
  }
}

async function* gunzip(file: NodeJS.ReadableStream, seen?: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const gunzipped = createGunzip({ chunkSize: 1 << 17 });
  file.on("data", (chunk: Uint8Array) => {
    try {
      seen?.(chunk);
    } catch (error) {
      gunzipped.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  file.on("error", (error) => gunzipped.destroy(error));
  yield* file.pipe(gunzipped);
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
