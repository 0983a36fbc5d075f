import { type Line, type Values, valuesOf } from "./args.ts";
import { COMMON_ARGS } from "./common-options.ts";
import { WAIT_LOCK } from "./grammar.ts";
import { readTime } from "./time-words.ts";

/** The common options, as given: `confirm` is the name behind it, `repo` a path or an alias. */
export interface Flags extends Omit<Values<typeof COMMON_ARGS>, "target" | "help" | "version"> {
  /** `--wait-lock` of the commands that have it. */
  lockWaitMs?: number;
}

/** Reads the common options out of a parsed command line. Throws (exit 2) at a time that is none. */
export function readFlags(line: Line): Flags {
  const lockWaitMs = readTime("wait-lock", valuesOf(line, WAIT_LOCK).waitLock);
  return { ...valuesOf(line, COMMON_ARGS), ...(lockWaitMs === undefined ? {} : { lockWaitMs }) };
}
