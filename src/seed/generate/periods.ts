/** Weeks, months, quarters and years, and weekdays, numbered in their order: times that lie on the beginning of one. */
import { type Period, WEEKDAYS, type Weekday } from "../rules.ts";
import { DAY_MS } from "./calendar.ts";

/** A row of instants in UTC, numbered as they follow each other. */
export interface Beats {
  /** The number of the last one that is not after the instant. */
  before(instantMs: number): number;
  /** When the one of that number is, in ms since 1970. */
  at(number: number): number;
}

const MONTHS_A_YEAR = 12;
const DAYS_A_WEEK = 7;
/** 1970 began on a Thursday. */
const FIRST_MONDAY = -3;

function everyMonths(months: number): Beats {
  return {
    before(instantMs) {
      const date = new Date(instantMs);
      return Math.floor((date.getUTCFullYear() * MONTHS_A_YEAR + date.getUTCMonth()) / months);
    },
    at: (number) => beginningOf(number * months),
  };
}

/** Of a month, by its number since the year 0. Not by Date.UTC, which takes years below 100 for others. */
function beginningOf(month: number): number {
  return new Date(0).setUTCFullYear(Math.floor(month / MONTHS_A_YEAR), month % MONTHS_A_YEAR, 1);
}

/** Some days of each week: `offsets` from Monday, rising. */
function everyWeekday(offsets: readonly number[]): Beats {
  const first = FIRST_MONDAY * DAY_MS;
  return {
    before(instantMs) {
      const days = Math.floor((instantMs - first) / DAY_MS);
      const week = Math.floor(days / DAYS_A_WEEK);
      const passed = offsets.filter((offset) => offset <= days - week * DAYS_A_WEEK).length;
      return week * offsets.length + passed - 1;
    },
    at(number) {
      const week = Math.floor(number / offsets.length);
      return first + (week * DAYS_A_WEEK + (offsets[number - week * offsets.length] ?? 0)) * DAY_MS;
    },
  };
}

/** What times may lie at the beginning of. */
export const PERIODS: Readonly<Record<Period, Beats>> = {
  week: everyWeekday([0]),
  month: everyMonths(1),
  quarter: everyMonths(3),
  year: everyMonths(MONTHS_A_YEAR),
};

/** The beginnings of days of those names. */
export function beatsOfDays(days: readonly Weekday[]): Beats {
  return everyWeekday(WEEKDAYS.flatMap((day, at) => (days.includes(day) ? [at] : [])));
}
