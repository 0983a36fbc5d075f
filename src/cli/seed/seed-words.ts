/** The words and options of `seed`, as what is wanted. */
import { durationMs } from "../../config/duration.ts";
import { usageError } from "../../errors.ts";
import type { CleanChoice } from "../../seed/load/clean-choice.ts";
import type { SeedArgs } from "./seed-options.ts";

export interface SeedWords {
  /** Entities by name; undefined for all, or when no entity is meant at all. */
  only: readonly string[] | undefined;
  count: number | undefined;
  /** Entities are meant: by name, by `all`, by a number, or by an option that is about them. */
  meansRows: boolean;
}

/** `users orders 25`, `all 10000`, `25`, nothing. Throws (exit 2) when `all` stands beside names. */
export function readSeedWords(words: readonly string[]): SeedWords {
  const last = words.at(-1);
  const isCount = last !== undefined && /^\d+$/.test(last);
  const count = isCount ? Number(last) : undefined;
  if (count !== undefined && !Number.isSafeInteger(count))
    throw usageError(`${last} rows are too many`, "pgrove seed NAME 1000000");
  const names = isCount ? words.slice(0, -1) : words;
  const meansAll = names.includes("all");
  if (meansAll && names.length > 1) {
    const others = names.filter((name) => name !== "all").join(", ");
    throw usageError(`all means every entity, and so ${others}, too`, "name the entities, or say all");
  }
  const only = meansAll || names.length === 0 ? undefined : [...new Set(names)];
  return { only, count, meansRows: words.length > 0 };
}

/** What `--clean` and its companions ask for; undefined when nothing is to be removed. Throws (exit 2) for half of it. */
export function readCleanChoice(args: SeedArgs): CleanChoice | undefined {
  const { generated, olderThan: older } = args;
  const cleans = args.clean || args.cleanForce;
  if (!cleans) {
    const given = generated ? "--generated" : older === undefined ? undefined : "--older-than";
    if (given === undefined) return undefined;
    throw usageError(
      `${given} says which rows to remove, and nothing says to remove any`,
      `pgrove seed --clean ${given}${older === undefined ? "" : ` ${older}`}        removes them`,
    );
  }
  if (older === undefined) return { generated };
  const olderThanMs = durationMs(older);
  if (olderThanMs === undefined) throw usageError(`--older-than takes a time such as 30m, 24h or 7d; not ${older}`);
  return { generated: true, olderThanMs };
}

/** `--param users=50`, each as a name and a value. Throws (exit 2) without an equals sign. */
export function readParams(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const equals = text.indexOf("=");
      if (equals < 1) throw usageError(`--param takes NAME=VALUE; not ${text}`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
