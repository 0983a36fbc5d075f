/** Which snapshots of a target stay when another one is taken. */
import type { LoadedConfig } from "../config/load-config.ts";
import type { KeepRule } from "../config/schema-keep.ts";
import { decideOn } from "../retention/decide.ts";
import { openZone } from "../retention/local-time.ts";
import type { Snapshot } from "./snapshot-list.ts";

/** So many of the newest, or by a rule. */
export type SnapshotKeep = number | KeepRule;

/** How many are kept where there is no pgrove.yaml. */
const USUAL_KEEP = 5;

/** Which snapshots of a target are kept here. */
export async function keptSnapshots(place: { config(): Promise<LoadedConfig | undefined> }): Promise<SnapshotKeep> {
  return (await place.config())?.config.snapshots.keep ?? USUAL_KEEP;
}

/**
 * Those of the snapshots (newest first) that go when another one is taken now. A number is a matter of the order in which they
 * were taken, whatever the clock said; a rule goes by their times.
 */
export function listDrops(snapshots: readonly Snapshot[], keep: SnapshotKeep, now: Date): Snapshot[] {
  const [rule, timeOf] =
    typeof keep === "number"
      ? [{ last: keep }, () => now.getTime()]
      : [keep, ({ takenAt }: Snapshot) => takenAt.getTime()];
  const taken = { name: "", at: now.getTime(), snapshot: undefined };
  const history = [taken, ...snapshots.map((snapshot) => ({ name: snapshot.name, at: timeOf(snapshot), snapshot }))];
  const decisions = decideOn(history, rule, { now: now.getTime(), zone: openZone() });
  return decisions.flatMap(({ candidate: { snapshot }, reasons }) =>
    snapshot === undefined || reasons.length > 0 ? [] : [snapshot],
  );
}
