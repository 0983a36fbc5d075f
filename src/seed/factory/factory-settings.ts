/** What all factory files share: the generators' version, the seed, and the time that relative times hang on. */

import { FIRST_VERSION, GENERATOR_VERSION } from "../generate/mix.ts";
import type { Factories } from "./factory.ts";
import { type Reading, report } from "./factory-reading.ts";
import type { FactoryFile } from "./factory-schema.ts";

const DEFAULT_SEED = 1;

/** The settings of the files, or what holds without them. What is wrong goes to the files' mistakes. */
export function readSettings(
  readings: readonly Reading[],
  today: Date,
): Pick<Factories, "generatorVersion" | "seed" | "now"> {
  return {
    generatorVersion: settleOn(readings, "generator_version", GENERATOR_VERSION, readVersion),
    seed: settleOn(readings, "seed", DEFAULT_SEED, (seed) => seed),
    now: settleOn(readings, "now", startOfDay(today), readNow),
  };
}

type SettingKey = "generator_version" | "seed" | "now";

/** The value of a key that all files share: the first that is given; another one in a later file is a mistake. */
function settleOn<Key extends SettingKey, Value>(
  readings: readonly Reading[],
  key: Key,
  fallback: Value,
  read: (written: NonNullable<FactoryFile[Key]>, complain: (message: string) => void) => Value,
): Value {
  const given = readings.flatMap((reading) => {
    const written = reading.file?.[key];
    return written === undefined || written === null ? [] : [{ reading, written }];
  });
  const [first] = given;
  if (first === undefined) return fallback;
  for (const { reading, written } of given) {
    if (written !== first.written) report(reading, [key], `${key} is another one in ${first.reading.name}`);
  }
  return read(first.written, (message) => report(first.reading, [key], message));
}

function readVersion(version: number, complain: (message: string) => void): number {
  if (version < FIRST_VERSION || version > GENERATOR_VERSION) {
    complain(`this pgrove has versions ${FIRST_VERSION} to ${GENERATOR_VERSION} of the generators`);
  }
  return version;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** A day, or a time; where no zone is named it is UTC, so that it is the same on every machine. */
function readNow(written: string, complain: (message: string) => void): Date {
  const zoned = /Z$|[+-]\d{2}:\d{2}$|^.{10}$/.test(written) ? written : `${written}Z`;
  const now = new Date(ISO_TIME.test(written) ? zoned.replace(" ", "T") : Number.NaN);
  if (Number.isNaN(now.getTime())) complain("now must be a day or a time such as 2026-01-01 or 2026-01-01T12:00:00Z");
  return now;
}

function startOfDay(time: Date): Date {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()));
}
