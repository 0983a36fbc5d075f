/** The main database, on which what is shared lies. */
import type { LiveTarget } from "../resolve/target.ts";
import { mainTarget } from "../resolve/worktree-target.ts";
import { openStarted } from "../work/lifecycle.ts";
import type { WorktreeTools } from "./tools.ts";

/** The main database, with its server running. Throws (exit 4) when it does not run and may not be started. */
export async function openMain({ loaded, place, ...tools }: WorktreeTools, mayStart: boolean): Promise<LiveTarget> {
  return await openStarted(await mainTarget(loaded, place), tools, mayStart);
}
