import type { Head } from "../repo/git.ts";
import type { RootPlace } from "../resolve/rooted-target.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { TargetPlace } from "../resolve/target-place.ts";
import type { ServerTools } from "../server/server.ts";
import type { Clock } from "../sys/clock.ts";
import type { OperationTools } from "../sys/operation.ts";
import type { Interruptions } from "../sys/signals.ts";

/** What work on migrations is given by whoever starts it. Each part is made when it is first asked for. */
export interface MigrateTools extends RootPlace {
  /** pgrove's own. */
  readonly version: string;
  readonly clock: Clock;
  /** The environment, and whom to tell notes. */
  readonly targetPlace: Pick<TargetPlace, "environment" | "note">;
  /** The commit and branch of the worktree that one stands in. */
  git(): Promise<Head | undefined>;
  /** The dumps' folder. */
  storeDir(): Promise<string>;
  serverTools(): Promise<ServerTools>;
  operationTools(): Promise<OperationTools>;
  /** The same for what sessions are enough for: the dumps' folder is not asked for. */
  sessionTools(): Promise<OperationTools>;
  /** From the first call on, a signal aborts instead of ending the process. */
  interruptions(): Interruptions;
  openTarget(text?: string): Promise<LiveTarget>;
}
