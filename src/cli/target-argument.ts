import type { WordSpec } from "./grammar.ts";

/** The argument that most commands have. */
export const TARGET = {
  ...{ type: "positional", required: false, target: true, completes: "target" },
  description: "default: the worktree you stand in",
} as const satisfies WordSpec;
