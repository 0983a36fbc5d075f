import type { Args } from "./args.ts";

/** The common options, as given. */
export interface Flags {
  json: boolean;
  yes: boolean;
  quiet: boolean;
  verbose: boolean;
  /** The name after --confirm. */
  confirm: string | undefined;
  color: boolean;
  /** A path or an alias, after -C. */
  repo: string | undefined;
  envFile: string | undefined;
}

/** Reads the common options out of a parsed command line. */
export function readFlags(args: Args): Flags {
  return {
    json: args.flag("json"),
    yes: args.flag("yes"),
    quiet: args.flag("quiet"),
    verbose: args.flag("verbose"),
    confirm: args.string("confirm"),
    color: !args.flag("no-color"),
    repo: args.string("repo"),
    envFile: args.string("env-file"),
  };
}
