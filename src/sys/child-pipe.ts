/** What a child writes, read to the pipe's end; or, once the child has ended, to where it stopped writing. */

/** What of a stream's reader is needed. */
interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

export class ChildPipe implements AsyncIterable<Uint8Array> {
  /** Resolves when nobody can write into it any more, or it is not read any more. */
  readonly ended: Promise<void>;
  hasEnded = false;
  /** It is empty, as far as is known. */
  isWaiting = false;
  reads = 0;
  bytes = 0;
  private readonly reader: Reader;
  private readonly end: () => void;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.reader = stream.getReader();
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.ended, this.end] = [promise, resolve];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        this.isWaiting = true;
        const { done, value } = await this.reader.read();
        this.isWaiting = false;
        this.reads++;
        if (done || value === undefined) return;
        this.bytes += value.length;
        yield value;
      }
    } finally {
      this.hasEnded = true;
      this.end();
      this.leave();
    }
  }

  /** Reads no further: the end of it comes at once. */
  leave(): void {
    void this.reader.cancel().catch(() => undefined);
  }
}

const TICK_MS = 4;
/** What a child wrote is in its pipe when it ends, and is there at the next look: a few looks that find nothing are enough. */
const QUIET_TICKS = 5;
/** Whoever writes more often than one looks is somebody else by then, and whoever writes more than a pipe can hold. */
const MOST_TICKS = 250;
const MOST_BYTES = 16 << 20;

/**
 * Reads on until the pipes have ended. A child that has ended may have left somebody behind who holds them, as `npm start &`
 * does: then until they are empty. Resolves with whether that is so.
 */
export async function drain(pipes: readonly ChildPipe[]): Promise<boolean> {
  const ended = Promise.all(pipes.map((pipe) => pipe.ended));
  const readsOf = () => pipes.reduce((sum, pipe) => sum + pipe.reads, 0);
  const bytesOf = () => pipes.reduce((sum, pipe) => sum + pipe.bytes, 0);
  const mostBytes = bytesOf() + MOST_BYTES;
  let [quiet, waiting, reads] = [0, 0, readsOf()];
  while (pipes.some((pipe) => !pipe.hasEnded)) {
    await Promise.race([ended, Bun.sleep(TICK_MS)]);
    const isWaiting = pipes.every((pipe) => pipe.hasEnded || pipe.isWaiting); // a slow reader is none who waits
    if (isWaiting) waiting++;
    if (isWaiting && readsOf() === reads) quiet++;
    reads = readsOf();
    if (quiet < QUIET_TICKS && waiting < MOST_TICKS && bytesOf() < mostBytes) continue;
    const isHeld = pipes.some((pipe) => !pipe.hasEnded);
    for (const pipe of pipes) pipe.leave();
    await ended;
    return isHeld;
  }
  return false;
}
