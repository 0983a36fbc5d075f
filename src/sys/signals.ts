import { readFileSync } from "node:fs";
import { type Interruption, interruption, type PgroveError } from "../errors.ts";
import { killGroups } from "./child-run.ts";
import { isTerminal } from "./is-terminal.ts";

export interface Interruptions {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly abort: AbortSignal;
  /** The error to end with, once a signal has come. */
  received(): PgroveError | undefined;
}

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, so that the work ends in order and cleans up. A second one
 * kills what was started on this machine, and ends the process at once; the next run then clears what is left. A SIGHUP that
 * whoever started us has switched off, as nohup does, stays so.
 */
export function watchSignals(): Interruptions {
  const controller = new AbortController();
  const signals: Interruption[] = ["SIGINT", "SIGTERM", ...(ignoresHangUp() ? [] : ["SIGHUP" as const])];
  let error: PgroveError | undefined;
  const onSignal = (signal: Interruption) => {
    for (const each of signals) {
      process.removeAllListeners(each);
      process.once(each, () => endAtOnce(each));
    }
    error = interruption(signal);
    controller.abort(error);
  };
  for (const signal of signals) process.once(signal, () => onSignal(signal));
  return { abort: controller.signal, received: () => error };
}

/** As the system would, without a handler; behind those who would not be reached by it. */
function endAtOnce(signal: Interruption): void {
  killGroups();
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** SIGHUP is the first bit of the mask. Where the kernel does not tell it: nohup takes a program off its terminal. */
function ignoresHangUp(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
    return (Number.parseInt(mask.slice(-1), 16) & 1) === 1;
  } catch {
    return !isTerminal(2);
  }
}
