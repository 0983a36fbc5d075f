/** A dump at a remote as a restore reads it: from there, without a file on this machine. */
import type { DumpBytes } from "../archive/dump-bytes.ts";
import type { StoredDump } from "../dump/store.ts";
import { failure } from "../errors.ts";
import { readWhole } from "./read-whole.ts";
import type { Remote } from "./remote.ts";
import type { RemoteDump } from "./remote-dumps.ts";
import { damaged, persist } from "./trouble.ts";

/** The dump, its bytes still there. Throws (exit 1) for one whose manifest is damaged: nothing would vouch for them. */
export function readFromRemote(remote: Remote, dump: RemoteDump, abort: AbortSignal): StoredDump {
  const { host: _, object: __, ...stored } = dump;
  if (dump.manifest === undefined) {
    throw failure("manifest_damaged", `the manifest of ${dump.path} is damaged`, "pgrove dumps list --remote");
  }
  return { ...stored, elsewhere: bytesAt(remote, dump, dump.manifest.sha256, abort) };
}

function bytesAt(remote: Remote, { object, path }: RemoteDump, sha256: string, abort: AbortSignal): DumpBytes {
  const { name, sizeBytes } = object;
  const read = async (from: number, asked: number) => {
    const length = Math.min(asked, sizeBytes - from);
    if (length <= 0) return new Uint8Array();
    return await persist(() => readPart(remote, name, { from, length }), { abort });
  };
  return {
    path,
    reading: (body) => body({ sizeBytes, read }),
    stream: (seen) => streamWhole(remote, { name, path, sizeBytes, sha256 }, abort, seen),
  };
}

async function readPart(remote: Remote, name: string, part: { from: number; length: number }): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await remote.read(name, part, async (piece) => void pieces.push(piece));
  return Buffer.concat(pieces);
}

interface Meant {
  name: string;
  path: string;
  sizeBytes: number;
  sha256: string;
}

/** Each time it is read, it is found to be what was dumped: it may have become another one since. */
async function* streamWhole(
  remote: Remote,
  { name, path, sizeBytes, sha256 }: Meant,
  abort: AbortSignal,
  seen?: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const hash = new Bun.CryptoHasher("sha256");
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const gone = new AbortController();
  const taking = async (piece: Uint8Array) => {
    hash.update(piece);
    seen?.(piece);
    await writer.write(piece);
  };
  const reading = readWhole(remote, { name, sizeBytes }, AbortSignal.any([abort, gone.signal]), taking)
    .then(() => {
      if (hash.digest("hex") !== sha256) throw damaged(`the dump at ${path} is damaged: its SHA-256 is another one`);
    })
    .then(() => writer.close())
    .catch((error: unknown) => writer.abort(error).catch(() => undefined));
  try {
    for await (const piece of readable) yield piece;
  } finally {
    gone.abort(new Error("the reader has gone"));
    await readable.cancel().catch(() => undefined);
    await reading;
  }
}
