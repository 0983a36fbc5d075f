/**
 * What of a history stays, and why: the rule, and what holds whatever the rule says. A pure function of the history, the
 * rule, the time and the zone.
 */
import type { KeepRule } from "../config/schema-keep.ts";
import { rememberingZone, type Zone } from "./local-time.ts";
import { applyRule, type RuleReason } from "./rule.ts";

/** One of a history: a dump, a snapshot. */
export interface Candidate {
  name: string;
  /** When it was made, in ms since 1970. */
  at: number;
  /** Somebody has said that it stays. */
  isPinned?: boolean;
  /** It was restored, and is what was dumped. */
  isProved?: boolean;
  /** Why it cannot be relied on: it then never takes the place of one that can. */
  doubt?: string | undefined;
}

/** pinned: by hand. proved: the newest that was proved. future: its date has not come yet. */
export type KeepReason = RuleReason | "pinned" | "proved" | "future";

export interface Decision<T extends Candidate> {
  candidate: T;
  /** None: it goes. */
  reasons: KeepReason[];
}

/**
 * Decides on the history of one source, which begins with the newest. What is in the future stays and is not counted: a clock that was wrong
 * must not push out what is good. What is in doubt is judged as if all counted, the others as if it were not there; so it goes
 * when its time has come, and nothing goes because of it.
 */
export function decideOn<T extends Candidate>(
  history: readonly T[],
  rule: KeepRule,
  { now, zone }: { now: number; zone: Zone },
): Decision<T>[] {
  const past = history.filter(({ at }) => at <= now);
  const good = past.filter(({ doubt }) => doubt === undefined);
  const newestProved = past.find(({ isProved }) => isProved);
  const asked = rememberingZone(zone); // nearly all are good: it is asked of each twice
  const byRule = new Map([...reasonsOf(past, rule, asked), ...reasonsOf(good, rule, asked)]);
  return history.map((candidate) => {
    const reasons: KeepReason[] = [...(byRule.get(candidate) ?? [])];
    if (candidate.isPinned) reasons.unshift("pinned");
    if (candidate === newestProved) reasons.push("proved");
    if (candidate.at > now) reasons.push("future");
    return { candidate, reasons };
  });
}

function reasonsOf<T extends Candidate>(candidates: readonly T[], rule: KeepRule, zone: Zone): [T, RuleReason[]][] {
  const moments = candidates.map(({ at }) => at);
  return applyRule(moments, rule, zone).map((reasons, place) => [candidates[place] as T, reasons]);
}
