/** Times on the command line. */
import { durationMs } from "../config/duration.ts";
import { usageError } from "../errors.ts";

/** The milliseconds of an option's value; undefined where it is not given. Throws (exit 2) at what is no time. */
export function readTime(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = durationMs(text);
  if (ms === undefined) throw usageError(`--${name} takes a time such as 500ms, 5s or 2m; not ${text}`);
  return ms;
}
