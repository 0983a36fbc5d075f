import type { Place } from "../sql/listener.ts";

/** A statement that is longer is not held whole. */
const MOST_HELD = 1 << 20;

/** The bytes of a script from the statement on that is being read. */
export class HeldBytes {
  private bytes: Buffer = Buffer.alloc(0);
  private from = 0;

  add(chunk: Uint8Array): void {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.bytes = this.bytes.length === 0 ? view : Buffer.concat([this.bytes, view]);
  }

  /** A statement's bytes; undefined where they are not all held any more. */
  at({ start, end }: Place): Buffer | undefined {
    return start < this.from ? undefined : this.bytes.subarray(start - this.from, end - this.from);
  }

  /** Changes what is held, by where it begins in the script. */
  change(body: (bytes: Buffer, from: number) => void): void {
    body(this.bytes, this.from);
  }

  /** Lets go of what stands before that byte of the script, and of what is too much to hold. */
  release(before: number): Buffer {
    const count = Math.max(before - this.from, this.bytes.length - MOST_HELD, 0);
    const released = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    this.from += count;
    return released;
  }

  /** What is left at the end. */
  get rest(): Buffer {
    return this.bytes;
  }
}
