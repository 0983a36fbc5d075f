/** What the keys of pgrove.yaml are made of. */
import * as v from "valibot";
import { DURATION, durationMs } from "./duration.ts";

/** Text that says something. */
export const text = (description: string) =>
  v.pipe(v.string(), v.nonEmpty("must not be empty"), v.description(description));

/** A URL of the web, or nothing: what a variable that is set to nothing gives. */
export const webUrl = (description: string) =>
  v.pipe(v.string(), v.regex(/^(?:https?:\/\/\S+)?$/, "must be an http or https URL"), v.description(description));

/** A list of such texts. */
export const texts = (description: string, each: string) => v.pipe(v.array(text(each)), v.description(description));

/** A whole number, 0 or more unless told. */
export const count = (description: string, least = 0) =>
  v.pipe(
    v.number(),
    v.integer("must be a whole number"),
    v.minValue(least, `must be ${least} or more`),
    v.maxValue(1_000_000_000, "is too large"),
    v.description(description),
  );

/** A time, in ms when it is read. */
export const duration = (description: string, examples = "500ms, 5s or 2m") =>
  v.pipe(
    v.string(),
    v.regex(DURATION, `must be a time such as ${examples}`),
    v.description(description),
    v.transform((written) => durationMs(written) ?? 0),
  );

/** The keys that were given, also where something else is wrong. */
export function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

/** What a mapping lacks that has none of the keys of which it needs one. */
export const ONE_OF_ITS_KEYS = "one of its keys";
