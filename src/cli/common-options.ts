import { defineArgs, type Option, optionsOf } from "./grammar.ts";

/** The options that every command takes, before or after its name. */
export const COMMON_ARGS = defineArgs({
  repo: {
    ...{ type: "string", alias: "C", valueHint: "PATH|ALIAS", completes: "repository" },
    description: "act as if started in that repository",
  },
  target: {
    ...{ type: "string", alias: "t", valueHint: "TARGET", completes: "target" },
    description: "main, a worktree, @environment or postgres:// URL; default: the worktree you stand in",
  },
  "env-file": { type: "string", valueHint: "FILE", description: "use the database that this file describes" },
  json: { type: "boolean", description: "one JSON document on stdout" },
  yes: { type: "boolean", alias: "y", description: "do not ask before destroying data" },
  confirm: {
    ...{ type: "string", valueHint: "NAME" },
    description: "consent to change the protected environment NAME",
  },
  quiet: { type: "boolean", alias: "q", description: "no progress and no notes" },
  verbose: { type: "boolean", alias: "v", description: "say more about what happens" },
  color: { type: "boolean", default: true, negativeDescription: "no colours" },
  help: { type: "boolean", alias: "h", description: "show this help" },
  version: { type: "boolean", alias: "V", description: "show the version" },
});

export const COMMON_OPTIONS: readonly Option[] = optionsOf(COMMON_ARGS);
