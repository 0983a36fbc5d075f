/** Tries again what failed only since somebody else was in the way for the moment. */
import { codeOf } from "../../postgres/connect.ts";
import { pause } from "../../sys/pause.ts";

/** lock_not_available (that is lock_timeout), deadlock_detected, serialization_failure. */
const PASSING: Readonly<Record<string, string>> = {
  "55P03": "a lock was not to be had in time",
  "40P01": "two sessions waited for each other (deadlock)",
  "40001": "another transaction changed the same rows",
};

const TRIES = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface RetryOptions {
  abort: AbortSignal;
  /** What is tried, for the note. */
  what: string;
  note(text: string): void;
  /** Further words for the note: who was in the way. */
  blockers(): string | undefined;
  /** The first pause; the next ones are twice as long each. */
  firstPauseMs?: number;
  /** How often at most, the first attempt included: one of what has left a part of itself. */
  tries?: number;
}

/** Whether an error may be gone in a moment. */
function isPassingError(error: unknown): boolean {
  return Object.hasOwn(PASSING, codeOf(error) ?? "");
}

/**
 * The attempt, made up to five times while it fails for a lock, a deadlock or a conflict. The pauses grow from one second
 * to a minute, half of each left to chance, so that many who wait do not come back at once.
 */
export async function retryPassing<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { tries = TRIES } = options;
  let pauseMs = options.firstPauseMs ?? FIRST_PAUSE_MS;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassingError(error) || tried >= tries || options.abort.aborted) throw error;
      const waitMs = pauseMs / 2 + (Math.random() * pauseMs) / 2;
      const why = [PASSING[codeOf(error) ?? ""], options.blockers()].filter((part) => part !== undefined).join("; ");
      options.note(
        `${options.what}: ${why}; trying again in ${(waitMs / 1000).toFixed(1)} s (${tried + 1} of ${tries})`,
      );
      await pause(waitMs, options.abort);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}
