/**
 * The payload of an age file: chunks of 64 KiB, each sealed with ChaCha20-Poly1305 (https://c2sp.org/age#payload). The cipher is the
 * one that the age library itself uses: neither node:crypto nor WebCrypto has it in Bun. The framing is pgrove's own, so that a
 * chunk can be read from anywhere of a file, and nothing is copied on the way.
 */
import { hkdfSync, randomBytes } from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";

export const CHUNK_BYTES = 1 << 16;
export const TAG_BYTES = 16;
export const NONCE_BYTES = 16;

/** A chunk as it lies in a file. */
export const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;

/** The key of a file's payload. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", fileKey, nonce, "payload", 32));
}

/** Opens one chunk. Throws where it, its place or its being the last one is not as it was written. */
export function openChunk(key: Uint8Array, sealed: Uint8Array, index: number, isLast: boolean): Uint8Array {
  return chacha20poly1305(key, chunkNonce(index, isLast)).decrypt(sealed);
}

/** The chunk's number in eleven bytes, and whether it is the last one. */
function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(7, index % 2 ** 32);
  view.setUint32(3, Math.floor(index / 2 ** 32));
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Seals what is written, chunk by chunk: the nonce first. */
export class PayloadSealer {
  readonly nonce: Uint8Array = randomBytes(NONCE_BYTES);
  private readonly key: Uint8Array;
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  private length = 0;
  private index = 0;

  constructor(fileKey: Uint8Array) {
    this.key = payloadKey(fileKey, this.nonce);
  }

  /** Each chunk that is full, once it is known not to be the last one. */
  *add(bytes: Uint8Array): Generator<Uint8Array> {
    for (let taken = 0; taken < bytes.length; ) {
      if (this.length === CHUNK_BYTES) yield this.seal(false);
      const piece = bytes.subarray(taken, taken + CHUNK_BYTES - this.length);
      this.chunk.set(piece, this.length);
      this.length += piece.length;
      taken += piece.length;
    }
  }

  /** The last chunk. */
  end(): Uint8Array {
    return this.seal(true);
  }

  private seal(isLast: boolean): Uint8Array {
    const nonce = chunkNonce(this.index++, isLast);
    const sealed = chacha20poly1305(this.key, nonce).encrypt(this.chunk.subarray(0, this.length));
    this.length = 0;
    return sealed;
  }
}
