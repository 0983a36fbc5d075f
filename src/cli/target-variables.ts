import type { Connection } from "../postgres/url.ts";
import { renderVariables } from "../resolve/env-lines.ts";
import type { Target } from "../resolve/target.ts";
import type { Context } from "./context.ts";

/** What an env file is given for a target that is reached this way. Git is asked for the branch only where it counts. */
export async function targetVariables(
  context: Context,
  target: Target,
  connection: Connection,
): Promise<Record<string, string>> {
  const loaded = await context.config();
  const asksForBranch = Object.values(loaded?.config.env.set ?? {}).some((text) => text.includes("{branch}"));
  const branch = target.worktree?.branch ?? (asksForBranch ? (await context.git())?.branch : undefined);
  return renderVariables(connection, { target, branch }, loaded);
}
