import type { LoadedConfig } from "../config/load-config.ts";
import type { Repository } from "../repo/git.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { TargetPlace } from "../resolve/target-place.ts";
import type { LifecycleTools } from "../work/lifecycle.ts";

/** What work on worktrees is given: where one stands, and the tools for servers and operations. */
export interface WorktreeTools extends LifecycleTools {
  place: TargetPlace;
  loaded: LoadedConfig;
  repository: Repository;
  stateDir: string;
  /** Main's database, where one look at its server is to hold for several steps. */
  main?: () => Promise<LiveTarget>;
}
