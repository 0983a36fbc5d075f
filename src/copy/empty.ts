/** An empty database or schema in a target's place: built beside it and swapped in, so that no half-made one is left. */
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { lossOf } from "../unit/keep.ts";
import type { EmptyFill, Keeping, Loss } from "../unit/unit.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Work, withWork } from "../work/work.ts";
import { dropOldest, prepareSnapshot } from "./snapshot.ts";
import type { SnapshotKeep } from "./snapshot-keep.ts";
import { keepAsSnapshot, nextMark } from "./snapshot-list.ts";

export interface EmptyRequest extends EmptyFill {
  /** The comment that one which did not exist before is born with; left out, a worktree's mark. */
  comment?: string;
  discardPrevious: boolean;
  services: readonly string[];
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss) => Promise<void>;
}

/** Puts an empty one in the target's place. Throws and leaves it as it was when that cannot be done. */
export async function replaceByEmpty(tools: OperationTools, target: LiveTarget, request: EmptyRequest): Promise<void> {
  await emptyInWork(tools, target, request, async () => undefined);
}

/** The snapshot that what is replaced becomes. */
export interface KeptSnapshot {
  /** Which of the target's snapshots are kept; a number includes this one. */
  keep: SnapshotKeep;
}

/**
 * The same for what is there; it becomes a snapshot as it is in that moment, whose name is what this resolves with. Throws
 * (exit 4) when nothing is there.
 */
export async function keepAndReplaceByEmpty(
  tools: OperationTools,
  target: LiveTarget,
  { keep, ...request }: Omit<EmptyRequest, "discardPrevious"> & KeptSnapshot,
): Promise<string> {
  let name = "";
  await emptyInWork(tools, target, { ...request, discardPrevious: false }, async (work) => {
    const { key, snapshots, drops } = await prepareSnapshot(work, target, { keep });
    if (drops.length > 0) await tools.mayDropSnapshots?.();
    name = key.name;
    const mark = nextMark(key, tools.clock.now(), snapshots, target.target.worktree?.id);
    work.operation.details.snapshot = name;
    return { keeping: keepAsSnapshot(key, mark, snapshots), after: () => dropOldest(work, drops, keep) };
  });
  return name;
}

/** What would be lost by replacing all of the target; undefined where nothing is there. Throws as replacing it would. */
export async function planReplacement(tools: OperationTools, target: LiveTarget): Promise<Loss | undefined> {
  const unit = unitOf(target);
  const subject = { operation: "reset-plan", claims: unit.claims("shared"), avoid: [target.database] };
  return await withWork(tools, target, subject, async (work) => {
    const loss = await unit.find(work);
    await unit.requireReplaceable(work);
    return loss;
  });
}

/** How what is replaced is kept, and what follows then. */
type Prepare = (work: Work) => Promise<{ keeping: Keeping; after: () => Promise<void> } | undefined>;

async function emptyInWork(
  tools: OperationTools,
  target: LiveTarget,
  { like, consent, ...swap }: EmptyRequest,
  prepare: Prepare,
): Promise<void> {
  const unit = unitOf(target);
  const subject = { operation: "empty", claims: unit.claims("exclusive"), avoid: [target.database] };
  await withWork(tools, target, subject, async (work) => {
    const kept = await prepare(work);
    const loss = await unit.find(work);
    await unit.requireReplaceable(work);
    if (loss !== undefined) await consent(lossOf(loss, swap));
    const built = await unit.createEmpty(work, { like });
    const keeping = kept === undefined ? {} : { keeping: kept.keeping };
    const older = kept === undefined ? loss?.older?.standing : undefined; // a new snapshot has none
    await unit.swap(work, built, { ...swap, ...keeping, agreed: loss?.standing, older });
    await kept?.after();
  });
}
