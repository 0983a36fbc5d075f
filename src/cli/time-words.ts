/** Times on the command line. */
import { durationMs } from "../config/duration.ts";
import { usageError } from "../errors.ts";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** The milliseconds of an option's value; undefined where it is not given. Throws (exit 2) at what is no time. */
export function readTime(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = durationMs(text);
  if (ms === undefined) throw usageError(`--${name} takes a time such as 500ms, 5s or 2m; not ${text}`);
  return ms;
}

/** A point in time, in ms since 1970: so long before now (2h, 7d), or a date, which without a zone is local. Throws (exit 2). */
export function readMoment(name: string, text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  const ms = durationMs(text);
  if (ms !== undefined) return now.getTime() - ms;
  const at = DATE.test(text) ? Date.parse(DAY.test(text) ? `${text}T00:00` : text.replace(" ", "T")) : Number.NaN;
  if (Number.isNaN(at)) throw usageError(`--${name} takes a time such as 2h, 7d or 2026-01-15T14:30; not ${text}`);
  return at;
}
