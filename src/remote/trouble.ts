/** What goes wrong between here and a remote: each kind by itself, so that what passes by itself is waited for, and nothing else. */
import { EXIT, failure, missingError, PgroveError, refusal } from "../errors.ts";
import { pause } from "../sys/pause.ts";

/** The remote does not let one in, or not do that. */
export function denied(label: string, said: string, hint: string): PgroveError {
  return missingError("remote_denied", `${label} refuses: ${said}`, hint);
}

/** There is no such bucket, folder or machine. */
export function absent(message: string, hint: string): PgroveError {
  return missingError("remote_missing", message, hint);
}

/** What answers there is no S3 server: a gateway's page to log in, say, which must not be taken for an empty bucket. */
export function noS3(label: string): PgroveError {
  const what = `what answers for ${label} is no S3 server: it says something else than what was asked for`;
  return failure("remote_failed", what, "look at dumps.remote.s3.endpoint, and at what stands in between");
}

/** A list that ends in the middle: what it leaves out would be taken for gone. */
export function cutList(label: string): PgroveError {
  const what = `${label} lists a part of what is there, and says no way to the rest`;
  return failure("remote_failed", what, "look at dumps.remote.s3.endpoint, and at what stands in between");
}

/** The remote has no room. */
export function full(label: string, said: string): PgroveError {
  return failure("remote_full", `no room in ${label}: ${said}`, "remove old dumps there: pgrove dumps prune --remote");
}

/** It answers that it cannot just now. */
export function busy(label: string, said: string, retryAfterMs?: number): PgroveError {
  return new Passing("remote_busy", `${label} is overloaded: ${said}`, retryAfterMs);
}

/** The connection did not come about, or ended, or nothing came through it. */
export function lost(label: string, said: string, cause?: unknown): PgroveError {
  return new Passing("remote_lost", `the connection to ${label} was lost: ${said}`, undefined, cause);
}

/** What came or went is not what it should be. */
export function damaged(message: string): PgroveError {
  return failure("remote_damaged", message, "try again; if it stays, look at the disk and the network in between");
}

/** Another thing has that name. */
export function occupied(place: string): PgroveError {
  return refusal("remote_exists", `there is another dump at ${place}, and it was not overwritten`, HINT_LIST);
}

const HINT_LIST = "pgrove dumps list --remote";

class Passing extends PgroveError {
  /** It was waited for in vain. */
  givenUp = false;

  constructor(
    code: string,
    message: string,
    readonly retryAfterMs?: number,
    cause?: unknown,
  ) {
    super({ code, message, exit: EXIT.failed, hint: "try again: what is there already is not sent again", cause });
  }
}

/** What is waited for between two tries, for the first times; then it is given up. */
const PAUSES_MS = [250, 500, 1000, 2000, 4000, 8000];

/**
 * Tries until it goes well: what may pass by itself is tried again, after ever longer pauses. `reached` is how far the body has
 * come: as long as that grows, it is not given up.
 */
export async function persist<T>(
  body: () => Promise<T>,
  { abort, reached = () => 0 }: { abort: AbortSignal; reached?: () => number },
): Promise<T> {
  let place = reached();
  for (let failures = 0; ; ) {
    try {
      return await body();
    } catch (error) {
      abort.throwIfAborted();
      if (reached() > place) failures = 0;
      place = reached();
      const pauseMs = PAUSES_MS[failures++];
      if (!(error instanceof Passing) || error.givenUp) throw error;
      error.givenUp = pauseMs === undefined;
      if (pauseMs === undefined) throw error;
      // Many that were cut off at once are not to come back at once.
      await pause(Math.max(error.retryAfterMs ?? 0, pauseMs * (0.5 + Math.random())), abort);
    }
  }
}
