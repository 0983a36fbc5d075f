/** What is read from outside, to its end or not at all: an end that comes too early is an error. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** What names standard input, and what it was opened from. */
export const STDIN_PATH = "/dev/stdin";

/** A file's bytes. Throws when there are fewer than it had at the beginning: somebody cuts it off just now. */
export async function* readWholeFile(path: string): AsyncGenerator<Uint8Array> {
  const { size } = await stat(path);
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 16 })) {
    bytes += chunk.length;
    yield chunk;
  }
  if (bytes < size) throw new Error(`it became shorter while it was read: ${bytes} bytes of ${size}`);
}

/** Standard input. Throws when `stop` comes before its end: else an open pipe would keep the program alive. */
export async function* readStdin(stop: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = Bun.stdin.stream().getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  stop.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      stop.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    stop.removeEventListener("abort", cancel);
    cancel();
  }
}
