/** A target emptied and migrated anew; what was there is kept as a snapshot. */
import { keepAndReplaceByEmpty } from "../copy/empty.ts";
import { planSnapshot, type SnapshotPlan } from "../copy/snapshot.ts";
import { keptSnapshots } from "../copy/snapshot-keep.ts";
import { configError } from "../errors.ts";
import type { Target } from "../resolve/target.ts";
import type { Loss } from "../unit/unit.ts";
import { migrateEmpty } from "./migrate-empty.ts";
import type { MigrateTools } from "./tools.ts";

export interface StartAnewRequest {
  /** As it was typed. */
  target: string | undefined;
  dryRun: boolean;
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent(loss: Loss): Promise<void>;
  /** The snapshot that keeps what was there. */
  tellKept(target: Target, snapshot: string): void;
}

export interface StartedAnew {
  snapshot: string;
  /** How many migrations ran. */
  migrations: number;
}

export type AnewAnswer = { planned: SnapshotPlan } | { planned?: undefined; done: StartedAnew };

/** For a dry run it is said which snapshot would be taken. Throws (exit 3) where another tool migrates. */
export async function startAnew(
  tools: MigrateTools,
  { target: targetText, dryRun, consent, tellKept }: StartAnewRequest,
): Promise<AnewAnswer> {
  const config = (await tools.config())?.config;
  if (config?.migrations.command !== undefined) {
    throw configError("--reset cannot run the migrations of another tool", "pgrove reset; or leave out --reset");
  }
  const operationTools = await tools.operationTools();
  const live = await tools.openTarget(targetText); // with the login that may create databases
  const keep = await keptSnapshots(tools);
  if (dryRun) return { planned: await planSnapshot(operationTools, live, { keep }) };
  const snapshot = await keepAndReplaceByEmpty(operationTools, live, {
    ...{ like: async () => live.database, keep, services: config?.services ?? [], consent },
  });
  tellKept(live.target, snapshot);
  const applied = await migrateEmpty(tools, targetText);
  return { done: { snapshot, migrations: applied?.length ?? 0 } };
}
