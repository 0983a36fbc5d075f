import { interruption, type PgroveError } from "../errors.ts";

export interface Interruptions {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly abort: AbortSignal;
  /** The error to end with, once a signal has come. */
  received(): PgroveError | undefined;
}

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that the work ends in order and cleans up. A second one finds
 * the default handler again and ends the process at once; the next run then clears what is left.
 */
export function watchSignals(): Interruptions {
  const controller = new AbortController();
  let error: PgroveError | undefined;
  const onSignal = (signal: "SIGINT" | "SIGTERM") => {
    process.removeAllListeners("SIGINT");
    process.removeAllListeners("SIGTERM");
    error = interruption(signal);
    controller.abort(error);
  };
  process.once("SIGINT", () => onSignal("SIGINT"));
  process.once("SIGTERM", () => onSignal("SIGTERM"));
  return { abort: controller.signal, received: () => error };
}
