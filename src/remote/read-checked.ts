/** A file of this machine in pieces, found to be what it was when it was written. */
import { open } from "node:fs/promises";
import { failure } from "../errors.ts";
import type { CheckedFile } from "./remote.ts";

/**
 * The pieces, each of that size but for the last one, and each in memory of its own, or in that which `lend` gives for a
 * whole one. Throws (exit 1) behind the last one when they were not the file that is meant: nothing of it may have got its name by then.
 */
export async function* readChecked(
  file: CheckedFile,
  pieceBytes: number,
  lend: () => Uint8Array = () => Buffer.allocUnsafe(pieceBytes),
): AsyncGenerator<Uint8Array> {
  const hash = new Bun.CryptoHasher("sha256");
  const handle = await open(file.path);
  try {
    for (let at = 0; at < file.sizeBytes; ) {
      const piece = lend().subarray(0, file.sizeBytes - at);
      let read = 0;
      while (read < piece.length) {
        const { bytesRead } = await handle.read(piece, read, piece.length - read, at + read);
        if (bytesRead === 0) throw damagedHere(file.path);
        read += bytesRead;
      }
      hash.update(piece);
      at += piece.length;
      yield piece;
    }
  } finally {
    await handle.close();
  }
  if (hash.digest("hex") !== file.sha256) throw damagedHere(file.path);
}

function damagedHere(path: string): Error {
  return failure(
    "dump_damaged",
    `the dump is damaged: its SHA-256 is not the one recorded when it was written (${path})`,
    "pgrove dumps verify --all      shows which dumps are whole",
  );
}
