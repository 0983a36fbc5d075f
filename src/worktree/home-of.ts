/** Which home a worktree has: the one place that asks. */
import type { WorktreeRow } from "../repo/registry.ts";
import { hasOwnServer } from "../resolve/worktree-target.ts";
import type { Home } from "./home.ts";
import { OwnHome } from "./own-home.ts";
import { SharedHome } from "./shared-home.ts";
import type { WorktreeTools } from "./tools.ts";

export function homeOf(tools: WorktreeTools, row: WorktreeRow): Home {
  return hasOwnServer(row) ? new OwnHome(tools, row) : new SharedHome(tools, row);
}
