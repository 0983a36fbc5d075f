/** What a child is fed by its standard input, and how that ends: well, or cut off. */

export interface Sink {
  write(chunk: Uint8Array): number | Promise<number>;
  flush(): number | Promise<number>;
  end(): number | Promise<number>;
}

export interface ChildInput {
  pieces: AsyncIterable<Uint8Array>;
  /** What takes back, for the child, what it has been fed of something unfinished. */
  takeBack: string | undefined;
  /** The child has ended: nobody reads on. */
  hasEnded(): boolean;
  /** The pieces end with an error. It is for the caller to cut the input off then. */
  failed(error: unknown): void;
}

/** Feeds the pieces to the child and ends its input behind them. The returned function cuts the input off before. */
export function feedChild(sink: Sink, { pieces, takeBack, hasEnded, failed }: ChildInput): () => void {
  let cut = false;
  // Not waited for: when the child has ended, the pieces may go on for ever.
  void pump(takeBack === undefined ? pieces : wholeLines(pieces), sink, () => cut || hasEnded()).then(
    () => (cut ? undefined : endQuietly(sink)),
    (error: unknown) => (cut || hasEnded() ? undefined : failed(error)),
  );
  return () => {
    if (cut) return;
    cut = true;
    void endQuietly(sink, takeBack);
  };
}

/** Writes piece by piece. Resolves early when the child stops reading: its exit tells why. */
async function pump(pieces: AsyncIterable<Uint8Array>, sink: Sink, stopped: () => boolean): Promise<void> {
  for await (const piece of pieces) {
    if (stopped()) return;
    try {
      await sink.write(piece);
      await sink.flush();
    } catch {
      return;
    }
  }
}

/** Ends the input, behind some last words. A child that has gone takes none; its exit code is what counts. */
export async function endQuietly(sink: Sink, last?: string): Promise<void> {
  try {
    if (last !== undefined) await sink.write(new TextEncoder().encode(last));
    await sink.end();
  } catch {
    // It has gone.
  }
}

const NEWLINE = 10;
const LONGEST_HELD = 1 << 20;

/** The same bytes, so that no piece ends within a line, but where a line is too long to be kept: half a command is one, too. */
async function* wholeLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield held.length === 0 ? piece.subarray(0, end) : Buffer.concat([...held, piece.subarray(0, end)]);
      [held, heldBytes] = [[], 0];
    }
    if (end === piece.length) continue;
    held.push(piece.slice(end)); // a copy: whoever made the piece may use its bytes again
    heldBytes += piece.length - end;
    if (heldBytes <= LONGEST_HELD) continue;
    yield Buffer.concat(held);
    [held, heldBytes] = [[], 0];
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}
