/** Plain SQL dumps as bytes: decompressed, and without what an older psql does not know. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { failure } from "../errors.ts";

export type Wrapping = "none" | "gzip" | "zstd";

/** The dump's SQL as bytes. Ends with an error when the compressed data is cut off or altered. */
export async function* openPlain(
  path: string,
  wrapping: Wrapping,
  counted?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const raw = count(file, counted);
  try {
    if (wrapping === "none") yield* raw;
    else if (wrapping === "gzip") yield* gunzip(file, counted);
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

async function* count(source: AsyncIterable<Uint8Array>, counted?: (bytes: number) => void) {
  for await (const chunk of source) {
    counted?.(chunk.length);
    yield chunk;
  }
}

async function* gunzip(file: NodeJS.ReadableStream, counted?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const gunzipped = createGunzip({ chunkSize: 1 << 17 });
  file.on("data", (chunk: Uint8Array) => {
    try {
      counted?.(chunk.length);
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

const EDGE_BYTES = 1 << 14;

/** The SQL without its `\restrict` and `\unrestrict` lines, for a psql that does not know them. */
export async function* withoutRestrict(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.from("\n"); // every line then stands behind a newline
  let token: string | undefined;
  let ahead = 1;
  for await (const chunk of source) {
    held = Buffer.concat([held, chunk]);
    if (held.length < 2 * EDGE_BYTES) continue;
    token ??= RESTRICT.exec(held.toString("latin1", 0, EDGE_BYTES))?.[1];
    const sent = held.length - EDGE_BYTES;
    blankRestrict(held, token, false);
    yield held.subarray(ahead, sent);
    held = Buffer.from(held.subarray(sent));
    ahead = 0;
  }
  token ??= RESTRICT.exec(held.toString("latin1"))?.[1];
  blankRestrict(held, token, true);
  yield held.subarray(ahead);
}

const RESTRICT = /^\\restrict (\S+)$/m;
const NEWLINE = 10;
const RETURN = 13;

/** Overwrites the whole lines that say so; a backslash in data is doubled, so that no row can be one. */
function blankRestrict(bytes: Buffer, token: string | undefined, last: boolean): void {
  if (token === undefined) return;
  for (const line of [`\n\\restrict ${token}`, `\n\\unrestrict ${token}`]) {
    for (let at = bytes.indexOf(line); at >= 0; at = bytes.indexOf(line, at + 1)) {
      const next = bytes[at + line.length];
      const whole = next === NEWLINE || next === RETURN || (next === undefined && last);
      if (whole) bytes.fill(" ", at + 1, at + line.length);
    }
  }
}
