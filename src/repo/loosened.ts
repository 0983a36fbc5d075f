/** What a branch's pgrove.yaml takes away of the care that the default branch's asks for: less is kept, encrypted, protected. */
import { type CalendarSpan, formatCalendarSpan } from "../config/calendar-span.ts";
import type { Config } from "../config/config-schema.ts";
import { KEEP_COUNTS, type KeepRule, USUAL_KEEP } from "../config/schema-keep.ts";
import type { TrustItem } from "./trust-items.ts";

/** Where something may be taken away. */
export const LOOSENED_KEYS = [
  "dumps.keep",
  "dumps.encrypt",
  "dumps.prove",
  "snapshots.keep",
  "environments.protected",
  "prune",
] as const;

/** Each thing that is less than before, as it is asked about. What is more, or only other, is none. */
export function listLoosened(before: Config, after: Config): TrustItem[] {
  return [
    ...loosenedRule("dumps.keep", before.dumps.keep ?? USUAL_KEEP, after.dumps.keep ?? USUAL_KEEP),
    ...loosenedRule("snapshots.keep", ruleOf(before.snapshots.keep), ruleOf(after.snapshots.keep)),
    ...loosenedEncryption(before.dumps.encrypt, after.dumps.encrypt),
    ...(before.dumps.prove && !after.dumps.prove
      ? [{ key: "dumps.prove" as const, text: "false: the default branch has all contents recorded" }]
      : []),
    ...loosenedParking(before.prune, after.prune),
    ...listUnprotected(before, after).map(
      (name): TrustItem => ({ key: "environments.protected", text: describeUnprotected(name, before, after) }),
    ),
  ];
}

/** The environments of which a database is not protected any more: those that are gone included, and those that are another. */
export function listUnprotected(before: Config, after: Config): string[] {
  return Object.entries(before.environments).flatMap(([name, each]) => {
    const now = after.environments[name];
    return each.protected && (now?.protected !== true || now.env_file !== each.env_file) ? [name] : [];
  });
}

function describeUnprotected(name: string, { environments: before }: Config, { environments: after }: Config): string {
  const now = after[name];
  if (now?.protected !== true) return `${name} is protected on the default branch only`;
  return `${name} is what ${now.env_file} says  (the default branch: ${before[name]?.env_file})`;
}

/** The configuration with those environments as they were. */
export function keepProtected(after: Config, before: Config, names: readonly string[]): Config {
  const environments = { ...after.environments };
  for (const name of names) {
    const known = environments[name] ?? before.environments[name];
    if (known !== undefined) environments[name] = { ...known, protected: true };
  }
  return { ...after, environments };
}

/** So many of the newest are a rule, too. */
function ruleOf(keep: Config["snapshots"]["keep"]): KeepRule {
  return typeof keep === "number" ? { last: keep } : keep;
}

function loosenedRule(key: "dumps.keep" | "snapshots.keep", before: KeepRule, after: KeepRule): TrustItem[] {
  const keepsLess =
    KEEP_COUNTS.some((name) => (after[name] ?? 0) < (before[name] ?? 0)) ||
    hoursOf(after.within) < hoursOf(before.within) ||
    (after.remote === true && before.remote !== true);
  if (!keepsLess) return [];
  return [{ key, text: `${showRule(after)}  (the default branch: ${showRule(before)})` }];
}

const HOUR_MS = 3_600_000;
const [DAY_HOURS, MONTH_HOURS, YEAR_HOURS] = [24, 24 * 30, 24 * 365];

function hoursOf(span: CalendarSpan | undefined): number {
  if (span === undefined) return 0;
  return span.years * YEAR_HOURS + span.months * MONTH_HOURS + span.days * DAY_HOURS + span.hours;
}

function showRule(rule: KeepRule): string {
  const counts = KEEP_COUNTS.flatMap((name) => (rule[name] ? [`${name}: ${rule[name]}`] : []));
  const within = rule.within === undefined ? [] : [`within: ${formatCalendarSpan(rule.within)}`];
  return [...counts, ...within, ...(rule.remote === true ? ["remote: true"] : [])].join(", ");
}

/** How long worktrees that are gone keep their databases. */
function loosenedParking(before: Config["prune"], after: Config["prune"]): TrustItem[] {
  const isShorter = after.after < before.after || after.keep < before.keep;
  const hours = (ms: number) => `${Math.round(ms / HOUR_MS)}h`;
  const show = ({ after, keep }: Config["prune"]) => `after: ${hours(after)}, keep: ${hours(keep)}`;
  return isShorter ? [{ key: "prune", text: `${show(after)}  (the default branch: ${show(before)})` }] : [];
}

/** Other readers are a thing by themselves, and asked about as such. */
function loosenedEncryption(before: Config["dumps"]["encrypt"], after: Config["dumps"]["encrypt"]): TrustItem[] {
  if (before === undefined) return [];
  const key = "dumps.encrypt";
  if (after === undefined) return [{ key, text: "nothing: dumps would be plain; the default branch encrypts them" }];
  return after.names && !before.names ? [{ key, text: "names: true: manifests would name the tables" }] : [];
}
