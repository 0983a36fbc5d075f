import { type Line, type Values, valuesOf } from "./args.ts";
import { COMMON_ARGS } from "./common-options.ts";

/** The common options, as given: `confirm` is the name behind it, `repo` a path or an alias. */
export type Flags = Omit<Values<typeof COMMON_ARGS>, "target" | "help" | "version">;

/** Reads the common options out of a parsed command line. */
export function readFlags(line: Line): Flags {
  return valuesOf(line, COMMON_ARGS);
}
