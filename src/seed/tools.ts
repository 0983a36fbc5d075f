import type { RootPlace } from "../resolve/rooted-target.ts";
import type { TargetPlace } from "../resolve/target-place.ts";
import type { ServerTools } from "../server/server.ts";
import type { Clock } from "../sys/clock.ts";
import type { OperationTools } from "../sys/operation.ts";

/** What seeding is given by whoever starts it. Each part is made when it is first asked for. */
export interface SeedTools extends RootPlace {
  readonly clock: Clock;
  readonly targetPlace: Pick<TargetPlace, "cwd" | "environment" | "envFile">;
  serverTools(): Promise<ServerTools>;
  operationTools(): Promise<OperationTools>;
}
