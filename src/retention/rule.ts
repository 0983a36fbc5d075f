/** The rule itself, with the meaning that it has in restic's `forget`: what of a history it keeps, and why. */
import { isNoSpan } from "../config/calendar-span.ts";
import { KEEP_COUNTS, type KeepRule } from "../config/schema-keep.ts";
import { goBack, isoWeekOf, type LocalTime, type Zone } from "./local-time.ts";

/** Why something is kept by the rule. */
export type RuleReason = (typeof KEEP_COUNTS)[number] | "within";

const BUCKETS: Readonly<Record<(typeof KEEP_COUNTS)[number], (local: LocalTime, place: number) => number>> = {
  last: (_, place) => place,
  hourly: ({ year, month, day, hour }) => ((year * 100 + month) * 100 + day) * 100 + hour,
  daily: ({ year, month, day }) => (year * 100 + month) * 100 + day,
  weekly: isoWeekOf,
  monthly: ({ year, month }) => year * 100 + month,
  yearly: ({ year }) => year,
};

/**
 * The reasons for each moment (ms since 1970, newest first), none where the rule lets it go. Each count keeps the newest of
 * each hour, day… that has one, until it is used up; where some of it is left at the end, the oldest of all stays, too.
 * `within` is measured from the newest.
 */
export function applyRule(moments: readonly number[], rule: KeepRule, zone: Zone): RuleReason[][] {
  const { within } = rule;
  const [newest = 0] = moments;
  const since = within === undefined || isNoSpan(within) ? undefined : goBack(zone, newest, within);
  const left = new Map(KEEP_COUNTS.map((name) => [name, rule[name] ?? 0]));
  const latest = new Map<RuleReason, number>();
  return moments.map((at, place) => {
    const reasons: RuleReason[] = since !== undefined && at > since ? ["within"] : [];
    const isOldest = place === moments.length - 1;
    let local: LocalTime | undefined; // only where a count is left: of thousands that is a few
    for (const [name, count] of left) {
      if (count === 0) continue;
      local ??= zone.localTime(at);
      const bucket = BUCKETS[name](local, place);
      if (bucket === latest.get(name) && !isOldest) continue;
      latest.set(name, bucket);
      left.set(name, count - 1);
      reasons.push(name);
    }
    return reasons;
  });
}
