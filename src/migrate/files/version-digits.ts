/** The numbers of migrations as they are written: one after the other, or the time at which they were made. */
import type { Layout } from "../../config/schema-migrations.ts";
import type { Migration } from "../migration.ts";

export type Numbering = "sequential" | "timestamp";

type Numbered = Pick<Migration, "version" | "digits">;

const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;
/** As golang-migrate's own `create -seq` writes them. */
const USUAL_WIDTH = 6;

/** Whether the digits are a date and time: 20260115143022. */
export function isTimestamp(digits: string): boolean {
  return timeOf(digits) !== undefined;
}

function timeOf(digits: string): number | undefined {
  const [, year, month, day, hour, minute, second] = TIMESTAMP.exec(digits) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** How a folder's migrations are numbered; of an empty one, as its tool does. */
export function chooseStyle(migrations: readonly Numbered[], layout: Layout): Numbering {
  const newest = findNewest(migrations);
  if (newest !== undefined) return isTimestamp(newest.digits) ? "timestamp" : "sequential";
  return layout === "golang-migrate" ? "sequential" : "timestamp";
}

/** The one with the highest version. */
export function findNewest<Each extends Numbered>(migrations: readonly Each[]): Each | undefined {
  return migrations.reduce<Each | undefined>(
    (newest, each) => (newest === undefined || each.version > newest.version ? each : newest),
    undefined,
  );
}

/** The digits of a version behind all of these; a sequence keeps the width of the newest. */
export function nextDigits(migrations: readonly Numbered[], style: Numbering, now: Date): string {
  const newest = findNewest(migrations);
  if (style === "timestamp") return timestampBehind(newest?.version ?? 0n, now);
  return sequentialBehind(newest?.version ?? 0n, newest?.digits.length ?? USUAL_WIDTH);
}

/** The next number, in so many digits at least. */
export function sequentialBehind(version: bigint, width: number): string {
  return String(version + 1n).padStart(width, "0");
}

/** The time, in UTC; where that is taken, one second behind it. What is larger than any time is counted on. */
export function timestampBehind(version: bigint, now: Date): string {
  const written = formatTimestamp(now);
  if (BigInt(written) > version) return written;
  const last = timeOf(String(version));
  return last === undefined ? String(version + 1n) : formatTimestamp(new Date(last + 1000));
}

function formatTimestamp(time: Date): string {
  return time.toISOString().replace(/\D/g, "").slice(0, 14);
}
