/** Moments of which only some months, days or hours are wanted: `only: {month: [6, 7], hour: [9, 10]}`. */
import * as v from "valibot";
import type { TimeParts } from "../rules.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "./calendar.ts";

const MINUTE_MS = 60_000;
const LIMITS = { month: [1, 12], day: [1, 31], hour: [0, 23], minute: [0, 59], second: [0, 59] } as const;

const numbers = ([first, last]: readonly [number, number]) =>
  v.optional(v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(first), v.maxValue(last))), v.minLength(1)));

/** The numbers that each part may have; what is left out may have any. */
export const TIME_PARTS_OPTION = v.strictObject({
  month: numbers(LIMITS.month),
  day: numbers(LIMITS.day),
  hour: numbers(LIMITS.hour),
  minute: numbers(LIMITS.minute),
  second: numbers(LIMITS.second),
});

/** Moments that follow each other, by their numbers from 0. */
export interface Moments {
  count: number;
  at(index: number): number;
}

interface MomentSite {
  fromMs: number;
  toMs: number;
  /** What lies between two moments at least: a day where only days are written. */
  stepMs: number;
  /** The type has no days, only times of the day. */
  clockOnly: boolean;
  /** Whether a day, by its beginning, is one of those that are wanted. */
  isWanted(dayMs: number): boolean;
}

/** All moments of the whole days within the span whose parts are among those numbers. */
export function momentsWithin(only: TimeParts, site: MomentSite): Moments {
  const days = site.clockOnly ? [0] : listDays(only, site);
  const [hours, minutes, seconds] = [
    listPart(only.hour, 24, site.stepMs < DAY_MS),
    listPart(only.minute, 60, site.stepMs < HOUR_MS),
    listPart(only.second, 60, site.stepMs < MINUTE_MS),
  ];
  return {
    count: days.length * hours.length * minutes.length * seconds.length,
    at(index) {
      const second = seconds[index % seconds.length] ?? 0;
      const ofMinutes = Math.floor(index / seconds.length);
      const minute = minutes[ofMinutes % minutes.length] ?? 0;
      const ofHours = Math.floor(ofMinutes / minutes.length);
      const hour = hours[ofHours % hours.length] ?? 0;
      const day = days[Math.floor(ofHours / hours.length)] ?? 0;
      return day + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    },
  };
}

function listPart(wanted: readonly number[] | undefined, size: number, isFine: boolean): readonly number[] {
  if (!isFine) return [0];
  return wanted ?? Array.from({ length: size }, (_, number) => number);
}

function listDays({ month, day }: TimeParts, { fromMs, toMs, stepMs, isWanted }: MomentSite): number[] {
  const days: number[] = [];
  const lengthMs = stepMs < DAY_MS ? DAY_MS : 0;
  for (let at = Math.ceil(fromMs / DAY_MS) * DAY_MS; at + lengthMs <= toMs; at += DAY_MS) {
    const date = new Date(at);
    const isOne = (wanted: readonly number[] | undefined, number: number) => wanted?.includes(number) ?? true;
    if (isOne(month, date.getUTCMonth() + 1) && isOne(day, date.getUTCDate()) && isWanted(at)) days.push(at);
  }
  return days;
}
