import type { OptionSpec } from "./grammar.ts";

/** The options that every command takes, before or after its name. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: "repo", short: "C", value: "PATH|ALIAS", about: "act as if started in that repository" },
  { name: "target", short: "t", value: "TARGET", about: "main, a worktree, @environment or postgres:// URL" },
  { name: "env-file", value: "FILE", about: "use the database that this file describes" },
  { name: "json", about: "one JSON document on stdout" },
  { name: "yes", short: "y", about: "do not ask before destroying data" },
  { name: "confirm", value: "NAME", about: "consent to change the protected environment NAME" },
  { name: "quiet", short: "q", about: "no progress and no notes" },
  { name: "verbose", short: "v", about: "say more about what happens" },
  { name: "no-color", about: "no colours" },
  { name: "help", short: "h", about: "show this help" },
  { name: "version", short: "V", about: "show the version" },
];
