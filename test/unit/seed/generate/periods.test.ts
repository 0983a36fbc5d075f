import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Beats, beatsOfDays, PERIODS } from "../../../../src/seed/generate/periods.ts";
import { WEEKDAYS } from "../../../../src/seed/rules.ts";
import { trials } from "../../../support/property.ts";

const DAY_MS = 86_400_000;
const INSTANT = fc.integer({ min: Date.UTC(1000, 0, 1), max: Date.UTC(9999, 0, 1) });

/** Monday is 0. */
function weekday(date: Date): number {
  return (date.getUTCDay() + 6) % 7;
}

const isFirst = (date: Date, months: number) => date.getUTCDate() === 1 && date.getUTCMonth() % months === 0;

const CASES: readonly (readonly [string, Beats, (date: Date) => boolean])[] = [
  ["week", PERIODS.week, (date) => weekday(date) === 0],
  ["month", PERIODS.month, (date) => isFirst(date, 1)],
  ["quarter", PERIODS.quarter, (date) => isFirst(date, 3)],
  ["year", PERIODS.year, (date) => isFirst(date, 12)],
  ["workdays", beatsOfDays(["mon", "tue", "wed", "thu", "fri"]), (date) => weekday(date) < 5],
  ["Tuesday and Sunday", beatsOfDays(["sun", "tue"]), (date) => ["tue", "sun"].includes(WEEKDAYS[weekday(date)] ?? "")],
];

describe.each(CASES)("%s", (_name, beats, isBeat) => {
  test("an instant lies between its own beat and the next, and each is one", () => {
    fc.assert(
      fc.property(INSTANT, (instant) => {
        const number = beats.before(instant);
        const [own, next] = [beats.at(number), beats.at(number + 1)];
        expect(own <= instant && instant < next).toBe(true);
        expect([Math.abs(own % DAY_MS), beats.before(own), beats.before(own - 1)]).toEqual([0, number, number - 1]);
        expect([own, next].every((each) => isBeat(new Date(each)))).toBe(true);
      }),
      trials(200, 20_000),
    );
  });

  test("no day between two beats is one", () => {
    const first = beats.before(Date.UTC(2024, 0, 1));
    const [from, to] = [beats.at(first), beats.at(first + 5)];
    const days = Array.from({ length: (to - from) / DAY_MS }, (_, day) => from + day * DAY_MS);
    expect(days.filter((day) => isBeat(new Date(day)))).toEqual([0, 1, 2, 3, 4].map((each) => beats.at(first + each)));
  });
});
