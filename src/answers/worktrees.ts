/** What `list --json` answers. */
import * as v from "valibot";
import { answerOf, maybeFlag, maybeNumber, maybeText } from "./parts.ts";

const listedWorktree = v.object({
  name: v.string(),
  branch: v.pipe(maybeText, v.description("null when no branch is checked out")),
  commit: maybeText,
  path: v.string(),
  main: v.boolean(),
  current: v.boolean(),
  locked: v.boolean(),
  missing: v.boolean(),
  uncommitted: v.pipe(maybeNumber, v.description("paths with changes in no commit; null unless asked with --changes")),
  away: v.nullable(v.object({ reason: v.string(), moved_to: maybeText })),
  parked: v.boolean(),
  state: v.string(),
  isolation: maybeText,
  index: maybeNumber,
  database: maybeText,
  schema: maybeText,
  database_exists: maybeFlag,
  size_bytes: maybeNumber,
  migrations: v.nullable(
    v.object({ version: maybeText, files: v.number(), pending: v.number(), not_in_branch: v.number() }),
  ),
  ports: v.record(v.string(), v.number()),
  server: maybeText,
  url_redacted: maybeText,
});

export const worktreesAnswer = answerOf({ worktrees: v.array(listedWorktree) });

export type ListedWorktreeDocument = v.InferOutput<typeof listedWorktree>;
