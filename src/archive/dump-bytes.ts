/** The bytes of a dump: its file's own, or those behind an encryption. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

/** A file that is open: bytes from anywhere of it, fewer where it ends. */
export interface OpenBytes {
  sizeBytes: number;
  read(at: number, length: number): Promise<Uint8Array>;
}

export interface DumpBytes {
  /** The file, for messages. */
  path: string;
  /** Lends the open file to the body. */
  reading<T>(body: (file: OpenBytes) => Promise<T>): Promise<T>;
  /** All bytes, in order. `seen` is given those of the file as it lies there. */
  stream(seen?: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array>;
}

/** Where bytes come from: a file as it lies there, by its path, or one that is read another way. */
export type ByteSource = string | DumpBytes;

export const READ_BYTES = 1 << 18;

export function bytesOf(source: ByteSource): DumpBytes {
  return typeof source === "string" ? plainBytes(source) : source;
}

function plainBytes(path: string): DumpBytes {
  return { path, reading: (body) => readingFile(path, body), stream: (seen) => streamFile(path, seen) };
}

/** The same of a file as it lies there. */
async function readingFile<T>(path: string, body: (file: OpenBytes) => Promise<T>): Promise<T> {
  const file = await open(path, "r");
  try {
    const { size: sizeBytes } = await file.stat();
    const read = async (at: number, length: number) => {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, at);
      return bytes.subarray(0, bytesRead);
    };
    return await body({ sizeBytes, read });
  } finally {
    await file.close();
  }
}

async function* streamFile(path: string, seen?: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  try {
    for await (const chunk of file) {
      seen?.(chunk);
      yield chunk;
    }
  } finally {
    file.destroy();
  }
}
