/** Moments as the clock on the wall shows them in a time zone, and back. Months from 1; ISO weeks. */

export interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  /** Of that moment, without its zone: ms since 1970 as if the wall clock were UTC. */
  wallMs: number;
}

/** A time zone by its IANA name: `Europe/Berlin`. Throws a RangeError for one that is not known. */
export interface Zone {
  localTime(at: number): LocalTime;
  /** The moment at which the wall clock shows that; of two, or where the clock leaps over it, one of the nearest. */
  momentOf(wallMs: number): number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The zone of that name; of this machine (TZ), where none is given. */
export function openZone(name?: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: name, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23" },
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
  });
  const localTime = (at: number): LocalTime => {
    const numbers = format.format(at).match(/\d+/g)?.map(Number) ?? [];
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = numbers;
    const milliseconds = ((at % 1000) + 1000) % 1000;
    const wallMs = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
    return { year, month, day, hour, wallMs };
  };
  const offsetAt = (at: number) => localTime(at).wallMs - at;
  return { localTime, momentOf: (wallMs) => wallMs - offsetAt(wallMs - offsetAt(wallMs)) };
}

/** The zone, which is asked once for each moment: that costs more than all else that is done with thousands of them. */
export function rememberingZone(zone: Zone): Zone {
  const known = new Map<number, LocalTime>();
  const localTime = (at: number): LocalTime => {
    const found = known.get(at) ?? zone.localTime(at);
    known.set(at, found);
    return found;
  };
  return { ...zone, localTime };
}

/** The ISO week and the year that it counts to, as one number: 202601. */
export function isoWeekOf({ wallMs }: LocalTime): number {
  const day = Math.floor(wallMs / DAY_MS);
  const weekday = (((day + 3) % 7) + 7) % 7; // 0 is Monday; 1970 began with a Thursday
  const thursday = new Date((day - weekday + 3) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS));
  return year * 100 + week;
}

/**
 * The moment that is so many years, months, days (of the calendar) and hours (of the clock) before. What the calendar does
 * not have runs over, as in Go and JavaScript: a month before 31 October is 1 October.
 */
export function goBack(
  zone: Zone,
  at: number,
  { years, months, days, hours }: { years: number; months: number; days: number; hours: number },
): number {
  const { year, month, day, wallMs } = zone.localTime(at);
  const timeOfDay = wallMs - Date.UTC(year, month - 1, day);
  const wall = Date.UTC(year - years, month - 1 - months, day - days) + timeOfDay;
  return zone.momentOf(wall) - hours * HOUR_MS;
}
