import { randomBytes } from "node:crypto";

/** Names one run of pgrove: everything temporary that it makes, wherever it makes it, carries this. */
export type RunId = string & { readonly brand: unique symbol };

const FORM = /^[0-9]{14}[a-f0-9]{8}$/;

/** A run id: UTC to the second, then 32 random bits. 22 characters, safe in every kind of name. */
export function newRunId(now: Date): RunId {
  const stamp = now.toISOString().replace(/\D/g, "").slice(0, 14);
  return parseRunId(`${stamp}${randomBytes(4).toString("hex")}`) as RunId;
}

/** The text as a run id, or undefined when it is none. */
export function parseRunId(text: string): RunId | undefined {
  return FORM.test(text) ? (text as RunId) : undefined;
}

const PREFIX = "pgrove-";

const CONTROL_SUFFIX = "-control";

/** The application_name of a run's sessions: by it they are found and ended. */
export function applicationName(run: RunId): string {
  return PREFIX + run;
}

/** That of the sessions from which a run ends its own work: it must not end them, too. */
export function controlName(run: RunId): string {
  return PREFIX + run + CONTROL_SUFFIX;
}
