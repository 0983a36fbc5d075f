import type { LoadedConfig } from "../config/load-config.ts";
import type { Repository } from "../repo/git.ts";
import type { TargetPlace } from "../resolve/target-place.ts";
import type { LifecycleTools } from "../work/lifecycle.ts";

/** What work on worktrees is given: where one stands, and the tools for servers and operations. */
export interface WorktreeTools extends LifecycleTools {
  place: TargetPlace;
  loaded: LoadedConfig;
  repository: Repository;
  stateDir: string;
}
