/**
 * The rule means what it means to restic: on the same histories `restic forget` keeps the same, for the same reasons. Some
 * pairs of history and rule in `npm test`; in the thorough form, two thousand.
 *
 * What is meant to differ is in test/unit/retention/decide.test.ts: dates in the future, what is proved, what is in doubt;
 * a rule that keeps nothing; and restic counts each snapshot in the zone of whoever made it, pgrove all in one.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { formatCalendarSpan, isNoSpan } from "../../../src/config/calendar-span.ts";
import { isEmptyRule, KEEP_COUNTS, type KeepRule } from "../../../src/config/schema-keep.ts";
import { type Candidate, decideOn } from "../../../src/retention/decide.ts";
import { openZone } from "../../../src/retention/local-time.ts";
import { trials } from "../../support/property.ts";
import { openRestic, type Restic } from "../../support/restic.ts";

const HISTORIES_EACH = 25;
const ZONES = [
  ...["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"],
  ...["Pacific/Kiritimati", "Pacific/Pago_Pago"],
];
const PIN = "pinned";

let restic: Restic;
beforeAll(async () => {
  restic = await openRestic();
});
afterAll(() => restic?.remove());

const HOUR_MS = 3_600_000;
const FIRST = Date.UTC(2003, 0, 1);
const LAST = Date.UTC(2024, 11, 31, 23);

/** Close together, or years apart: between two neighbours lies up to so much. */
const histories = fc.array(
  fc
    .record({
      start: fc.integer({ min: FIRST, max: LAST }),
      most: fc.constantFrom(HOUR_MS, 12 * HOUR_MS, 30 * HOUR_MS, 200 * HOUR_MS, 1000 * HOUR_MS, 9000 * HOUR_MS),
      gaps: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), {
        minLength: 1,
        maxLength: 24,
      }),
    })
    .map(({ start, most, gaps }) => {
      let at = start;
      return gaps.map(([share, isPinned]): Candidate => {
        at -= 1 + Math.floor(share * most);
        return { name: String(at), at, isPinned };
      });
    }),
  { minLength: HISTORIES_EACH, maxLength: HISTORIES_EACH },
);

const few = fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 8 }));
const rules: fc.Arbitrary<KeepRule> = fc
  .record({
    ...{ last: few, hourly: few, daily: few, weekly: few, monthly: few, yearly: few },
    within: fc.oneof(
      fc.constant(undefined),
      fc.record({
        years: fc.constantFrom(0, 0, 1, 3),
        months: fc.constantFrom(0, 0, 1, 7, 13),
        days: fc.constantFrom(0, 1, 6, 31, 40),
        hours: fc.constantFrom(0, 1, 25, 48),
      }),
    ),
  })
  .filter((rule) => !isEmptyRule(rule));

function optionsOf(rule: KeepRule): string[] {
  const counts = KEEP_COUNTS.flatMap((name) => (rule[name] ? [`--keep-${name}`, String(rule[name])] : []));
  const { within } = rule;
  return [
    ...counts,
    ...(within === undefined || isNoSpan(within) ? [] : ["--keep-within", formatCalendarSpan(within)]),
  ];
}

/** `2024-02-29T12:00:00.123+01:00`, as restic writes what it backs up in that zone. */
function timeIn(zone: string, at: number): string {
  const { wallMs } = openZone(zone).localTime(at);
  const minutes = Math.round((wallMs - at) / 60_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return new Date(wallMs).toISOString().replace("Z", offset);
}

/** `oldest daily snapshot`, `within 1d`, `has tags [pinned]`. */
function reasonOf(match: string): string {
  if (match.startsWith("has tags")) return "pinned";
  return KEEP_COUNTS.find((name) => new RegExp(`\\b${name} snapshot`).test(match)) ?? match.replace(/ .*/, "");
}

test("what restic's forget keeps, and why", async () => {
  const property = fc.asyncProperty(histories, rules, fc.constantFrom(...ZONES), async (all, rule, zone) => {
    restic.write(
      all.map((history, host) => ({
        host: String(host),
        snapshots: history.map(({ at, isPinned }) => ({ time: timeIn(zone, at), tags: isPinned ? [PIN] : [] })),
      })),
    );
    const forgotten = await restic.forget([...optionsOf(rule), "--keep-tag", PIN], zone);
    const theirs = all.map((_, host) =>
      [...(forgotten.get(String(host)) ?? [])].map(([time, matches]): [string, string[]] => [
        time,
        matches.map(reasonOf).sort(),
      ]),
    );
    const ours = all.map((history) =>
      decideOn(history, rule, { now: Date.now(), zone: openZone(zone) })
        .filter(({ reasons }) => reasons.length > 0)
        .map(({ candidate, reasons }): [string, string[]] => [
          new Date(candidate.at).toISOString(),
          [...reasons].sort(),
        ]),
    );
    expect(ours).toEqual(theirs);
  });
  await fc.assert(property, { ...trials(4, 80), endOnFailure: true }); // making it smaller takes a second a step
});
