/** What is behind the encryption of an age file, as if it lay there: nothing of it is written anywhere. */
import type { DumpKeys } from "../../sys/dump-keys.ts";
import { type ByteSource, bytesOf, type DumpBytes, type OpenBytes } from "../dump-bytes.ts";
import { type Cipher, loadCipher } from "./cipher.ts";
import { damagedAge, type LockedDump, openHeader, readHeader } from "./header.ts";
import { CHUNK_BYTES, NONCE_BYTES, openChunk, payloadKey, SEALED_BYTES, TAG_BYTES } from "./payload.ts";

export interface OpenedDump {
  bytes: DumpBytes;
  /** Where it is encrypted. */
  fileKey?: Uint8Array;
}

/** The dump's bytes, decrypted where they are encrypted. Throws (exit 4) when it cannot be opened, (exit 1) when it is cut off. */
export async function openDumpBytes(
  dump: LockedDump & { source?: ByteSource },
  keys: DumpKeys | undefined,
): Promise<OpenedDump> {
  const { path } = dump;
  const source = bytesOf(dump.source ?? path);
  const header = await source.reading((file) => readHeader(file, path));
  if (header === undefined) return { bytes: source };
  const fileKey = await openHeader(header, keys, dump);
  const layout = await source.reading((file) => readLayout(file, { source, header, fileKey }));
  return {
    fileKey,
    bytes: { path, reading: (body) => readingAge(layout, body), stream: (seen) => streamAge(layout, seen) },
  };
}

/** Where the chunks are. */
interface Layout {
  source: DumpBytes;
  cipher: Cipher;
  key: Uint8Array;
  /** Of the first chunk. */
  start: number;
  chunks: number;
  sizeBytes: number;
}

/** The last chunk tells whether the file ends where it ended. */
async function readLayout(
  file: OpenBytes,
  { source, header, fileKey }: { source: DumpBytes; header: Uint8Array; fileKey: Uint8Array },
): Promise<Layout> {
  const key = payloadKey(fileKey, await file.read(header.length, NONCE_BYTES));
  const start = header.length + NONCE_BYTES;
  const sealed = file.sizeBytes - start;
  const chunks = Math.ceil(sealed / SEALED_BYTES);
  const { path } = source;
  const layout = { source, cipher: await loadCipher(), key, start, chunks, sizeBytes: sealed - chunks * TAG_BYTES };
  if (sealed < TAG_BYTES) throw damagedAge(path);
  const last = await readChunk(file, layout, chunks - 1);
  if (last.length === 0 && chunks > 1) throw damagedAge(path);
  return layout;
}

async function readChunk(file: OpenBytes, layout: Layout, index: number): Promise<Uint8Array> {
  const { source, start, chunks } = layout;
  const sealed = await file.read(start + index * SEALED_BYTES, SEALED_BYTES);
  return openOrThrow(source.path, () => openChunk(layout, sealed, index, index === chunks - 1));
}

function openOrThrow(path: string, open: () => Uint8Array): Uint8Array {
  try {
    return open();
  } catch (error) {
    throw damagedAge(path, error);
  }
}

async function readingAge<T>(layout: Layout, body: (file: OpenBytes) => Promise<T>): Promise<T> {
  return await layout.source.reading(async (file) => {
    let held: { index: number; bytes: Uint8Array } | undefined; // a table of contents is read a little at a time
    const chunkAt = async (index: number) => {
      if (held?.index !== index) held = { index, bytes: await readChunk(file, layout, index) };
      return held.bytes;
    };
    const read = async (at: number, length: number) => {
      const end = Math.min(at + length, layout.sizeBytes);
      const bytes = new Uint8Array(Math.max(end - at, 0));
      for (let done = 0; done < bytes.length; ) {
        const place = at + done;
        const chunk = await chunkAt(Math.floor(place / CHUNK_BYTES));
        const from = place % CHUNK_BYTES;
        const piece = chunk.subarray(from, from + bytes.length - done);
        bytes.set(piece, done);
        done += piece.length;
      }
      return bytes;
    };
    return await body({ sizeBytes: layout.sizeBytes, read });
  });
}

async function* streamAge(layout: Layout, seen?: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const { source, start, chunks } = layout;
  const { path, stream } = source;
  let [index, skipped] = [0, 0];
  let rest = new Uint8Array();
  const open = (sealed: Uint8Array, isLast: boolean) => {
    const at = index++;
    return openOrThrow(path, () => openChunk(layout, sealed, at, isLast));
  };
  for await (const piece of stream(seen)) {
    const skip = Math.min(start - skipped, piece.length);
    skipped += skip;
    const bytes = rest.length === 0 ? piece.subarray(skip) : Buffer.concat([rest, piece.subarray(skip)]);
    let taken = 0;
    // What may be the last chunk waits for the end of the file.
    for (; bytes.length - taken > SEALED_BYTES; taken += SEALED_BYTES) {
      yield open(bytes.subarray(taken, taken + SEALED_BYTES), false);
    }
    rest = new Uint8Array(bytes.subarray(taken));
  }
  yield open(rest, true);
  if (index !== chunks) throw damagedAge(path); // it became another one while it was read
}
