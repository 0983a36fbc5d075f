/** Times as numbers and bytes: the proleptic Gregorian calendar in UTC, without a Date for each cell. */
import type { ByteSink } from "../entity.ts";

const [ZERO, HYPHEN, COLON, DOT] = [48, 45, 58, 46];

export const SECOND_MS = 1_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Appends YYYY-MM-DD. Days to a date as in Howard Hinnant's "chrono-compatible low-level date algorithms". */
export function appendDate(out: ByteSink, instantMs: number): void {
  const days = Math.floor(instantMs / DAY_MS) + 719_468;
  const era = (days / 146_097) | 0;
  const dayOfEra = days - era * 146_097;
  const leapDays = ((dayOfEra / 1_460) | 0) - ((dayOfEra / 36_524) | 0) + ((dayOfEra / 146_096) | 0);
  const yearOfEra = ((dayOfEra - leapDays) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const shifted = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * shifted + 2) / 5) | 0) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  out.room(10);
  const { bytes, length: at } = out;
  const century = (year / 100) | 0;
  putTwo(bytes, at, century);
  putTwo(bytes, at + 2, year - century * 100);
  bytes[at + 4] = HYPHEN;
  putTwo(bytes, at + 5, month);
  bytes[at + 7] = HYPHEN;
  putTwo(bytes, at + 8, day);
  out.length = at + 10;
}

/** Appends HH:MM:SS.mmm. */
export function appendTimeOfDay(out: ByteSink, instantMs: number): void {
  const ms = instantMs - Math.floor(instantMs / DAY_MS) * DAY_MS;
  const seconds = (ms / SECOND_MS) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  const fraction = ms - seconds * SECOND_MS;
  out.room(12);
  const { bytes, length: at } = out;
  putTwo(bytes, at, hours);
  bytes[at + 2] = COLON;
  putTwo(bytes, at + 3, minutes - hours * 60);
  bytes[at + 5] = COLON;
  putTwo(bytes, at + 6, seconds - minutes * 60);
  bytes[at + 8] = DOT;
  const tens = (fraction / 10) | 0;
  putTwo(bytes, at + 9, tens);
  bytes[at + 11] = ZERO + fraction - tens * 10;
  out.length = at + 12;
}

function putTwo(bytes: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  bytes[at] = ZERO + tens;
  bytes[at + 1] = ZERO + value - tens * 10;
}

/** The year 1: PostgreSQL writes what is before it in another way. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const RELATIVE = /^(?:now)?\s*([+-])\s*(\d+(?:\.\d+)?)(s|m|h|d|w|mo|y)$/;
const UNITS_MS: Readonly<Record<string, number>> = {
  ...{ s: SECOND_MS, m: 60_000, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS, mo: 30 * DAY_MS, y: 365 * DAY_MS },
};

/** "now", "-90d", "now+2h", "2025-03-01" or an ISO time, in milliseconds since 1970; undefined when it is no time. */
export function readInstant(written: string, nowMs: number): number | undefined {
  if (written === "now") return nowMs;
  const [, sign, amount, unit] = RELATIVE.exec(written) ?? [];
  if (amount !== undefined) {
    const span = Math.round(Number(amount) * (UNITS_MS[unit ?? ""] ?? 0));
    return sign === "-" ? nowMs - span : nowMs + span;
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(written)) return undefined;
  const zoned = /(?:Z|[+-]\d{2}(?::?\d{2})?)$/.test(written.slice(10)) || written.length === 10;
  const parsed = Date.parse(zoned ? written : `${written}Z`);
  return Number.isNaN(parsed) || parsed < FIRST_MS || parsed > LAST_MS ? undefined : parsed;
}
