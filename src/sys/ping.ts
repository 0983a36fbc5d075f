/** Tells a URL something: that it succeeded, for services that raise an alarm when they hear nothing; or what has happened. */
import { errorCode } from "./files.ts";
import { pause } from "./pause.ts";

export interface PingLimits {
  abort: AbortSignal;
  /** Of each try. */
  timeoutMs: number;
  /** How long to wait before each further try. */
  pausesMs: readonly number[];
}

/** Undefined when it was heard; else why not. */
export type PingFailure = string | undefined;

export const USUAL_PING: Omit<PingLimits, "abort"> = { timeoutMs: 10_000, pausesMs: [1000, 4000] };

/**
 * Asks for the URL until it answers with 2xx. What another try would not change is not tried again. The URL is a secret, and
 * is in no text. With `json` that is posted. Throws only when it is aborted.
 */
export async function ping(
  url: string,
  { abort, timeoutMs, pausesMs }: PingLimits,
  json?: string,
): Promise<PingFailure> {
  let why = "";
  for (const [tried, pauseMs] of [...pausesMs, undefined].entries()) {
    const { failure, isFinal } = await askOnce(url, AbortSignal.any([abort, AbortSignal.timeout(timeoutMs)]), json);
    abort.throwIfAborted();
    if (failure === undefined) return undefined;
    why = tried === 0 ? failure : `${failure} (${tried + 1} tries)`;
    if (isFinal || pauseMs === undefined) break;
    await pause(pauseMs, abort);
  }
  return why;
}

async function askOnce(
  url: string,
  signal: AbortSignal,
  json: string | undefined,
): Promise<{ failure: PingFailure; isFinal?: boolean }> {
  const headers = { "user-agent": "pgrove", ...(json === undefined ? {} : { "content-type": "application/json" }) };
  const posted = json === undefined ? {} : { method: "POST", body: json };
  try {
    const answer = await fetch(url, { signal, redirect: "manual", headers, ...posted });
    await answer.body?.cancel();
    if (answer.ok) return { failure: undefined };
    const isPassing = answer.status >= 500 || answer.status === 429 || answer.status === 408;
    return { failure: `HTTP ${answer.status}`, isFinal: !isPassing };
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") return { failure: "no answer in time" };
    return { failure: errorCode(error) ?? "no connection" };
  }
}
