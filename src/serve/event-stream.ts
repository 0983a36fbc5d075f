/**
 * Server-sent events. https://html.spec.whatwg.org/multipage/server-sent-events.html
 * A stream that is silent for long is closed by the server and by proxies: a comment now and then keeps it.
 */
const BEAT_EVERY_MS = 5_000;
/** What a reader has not taken by then is too much: it is cut off, and asks anew. A job's event has its last lines, and so some size. */
const MOST_WAITING_BYTES = 1024 * 1024;

type Send = (event: string, data: unknown) => void;

/** Who reads. */
export interface Reader {
  left: AbortSignal;
  /** The server's own end. */
  ending: AbortSignal;
  /** Whether they may go on reading; asked at each beat. */
  stillCounts(): Promise<boolean>;
  beatEveryMs?: number;
}

/** A response that `begin` feeds. What that returns is called when the reader has left or may read no more, or the server ends. */
export function streamEvents(
  { left, ending, stillCounts, beatEveryMs = BEAT_EVERY_MS }: Reader,
  begin: (send: Send, close: () => void) => () => void,
): Response {
  const encoder = new TextEncoder();
  let stop = (): void => undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        let open = true;
        const close = () => {
          if (!open) return;
          stop();
          controller.close();
        };
        const write = (text: string) => {
          if (!open) return;
          if ((controller.desiredSize ?? 0) <= 0) close();
          else controller.enqueue(encoder.encode(text));
        };
        const isAllowed = () => stillCounts().catch(() => false);
        const beat = setInterval(async () => ((await isAllowed()) ? write(": still here\n\n") : close()), beatEveryMs);
        let end = (): void => undefined;
        stop = () => {
          open = false; // also for who has left while it was asked whether they may stay
          clearInterval(beat);
          left.removeEventListener("abort", close);
          ending.removeEventListener("abort", close);
          end();
        };
        left.addEventListener("abort", close);
        ending.addEventListener("abort", close);
        write(": begins\n\n");
        end = begin((event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`), close);
        if (!open) end();
      },
      cancel: () => stop(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING_BYTES }),
  );
  return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}
