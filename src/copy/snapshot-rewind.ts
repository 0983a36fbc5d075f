/**
 * Rewinds a target to a snapshot: the snapshot is copied, the copy swapped in, and what it replaces kept as the snapshot
 * `before-rewind`, so that rewinding to that one undoes it. Until the swap the target is not touched.
 */
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { copyIntoScratch } from "../unit/copy-files.ts";
import type { Filled, Keeping, Loss, Unit } from "../unit/unit.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Work, withWork } from "../work/work.ts";
import { requireDatabase, snapshotSubject } from "./snapshot.ts";
import {
  BEFORE_REWIND,
  findSnapshotDatabase,
  listSnapshots,
  nextMark,
  requireSnapshot,
  type Snapshot,
  sealStatements,
  snapshotDatabase,
} from "./snapshot-list.ts";

export interface RewindRequest {
  /** Left out, one of the target's is chosen. */
  name?: string;
  /** One of the target's snapshots, newest first. Throws when there is none to choose. */
  choose: (snapshots: readonly Snapshot[], of: string) => Promise<Snapshot>;
  /** Services that use the database. */
  services: readonly string[];
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss, snapshot: Snapshot) => Promise<void>;
}

export interface RewindResult {
  snapshot: Snapshot;
  database: string;
  sizeBytes: number;
  /** The snapshot that the replaced state is kept as. */
  kept: string;
  servicesRestarted: number;
}

/** Rewinds the target. Throws and leaves it as it was when anything goes wrong. */
export async function rewindDatabase(
  tools: OperationTools,
  live: LiveTarget,
  request: RewindRequest,
): Promise<RewindResult> {
  const unit = unitOf(live);
  return await withWork(tools, live, snapshotSubject("rewind", live), async (work) => {
    const { snapshot, loss, snapshots } = await prepareRewind(work, unit, request);
    await request.consent(loss, snapshot);
    const keeping = keepBeforeRewind(work, unit, snapshots);
    const built = await unit.create(work, () => openSnapshot(work, unit, snapshot));
    const { services } = request;
    const agreed = { agreed: loss.standing, older: loss.older?.standing };
    const swap = { ...agreed, services, keeping, discardPrevious: false };
    const { servicesRestarted } = await unit.swap(work, built, swap);
    const { sizeBytes } = snapshot;
    Object.assign(work.operation.details, { snapshot: snapshot.name, kept_as: keeping.name });
    return { snapshot, database: live.database, sizeBytes, kept: BEFORE_REWIND, servicesRestarted };
  });
}

/** A copy of the snapshot, which itself is closed. */
async function openSnapshot(work: Work, { place }: Unit, { database }: Snapshot): Promise<Filled> {
  const wanted = place.schema ? [place.schema] : [];
  return { database: await copyIntoScratch(work, database, place.database), wanted };
}

/** What a rewind would do. */
export interface RewindPlan {
  snapshot: Snapshot;
  loss: Loss;
}

/** Checks everything that a rewind checks before it starts, and changes nothing. Throws as the rewind would. */
export async function planRewind(
  tools: OperationTools,
  live: LiveTarget,
  request: Pick<RewindRequest, "name" | "choose">,
): Promise<RewindPlan> {
  return await withWork(tools, live, snapshotSubject("rewind-plan", live, "shared"), async (work) => {
    const { snapshot, loss } = await prepareRewind(work, unitOf(live), request);
    return { snapshot, loss };
  });
}

async function prepareRewind(
  work: Work,
  unit: Unit,
  { name, choose }: Pick<RewindRequest, "name" | "choose">,
): Promise<RewindPlan & { snapshots: Snapshot[] }> {
  const { label: of, live, noun } = unit;
  await requireDatabase(work, live);
  const snapshots = await listSnapshots(work.control, of);
  const snapshot = name === undefined ? await choose(snapshots, of) : requireSnapshot(snapshots, { of, name });
  await findSnapshotDatabase(work.control, { of, name: BEFORE_REWIND }, snapshots);
  await unit.requireReplaceable(work);
  const nothing: Loss = { ...unit.place, noun, label: of, sizeBytes: 0, sessions: [], standing: undefined, kept: true };
  const { older: _, ...found } = (await unit.find(work)) ?? nothing; // that of a restore stays
  const older = snapshots.find(({ name: each }) => each === BEFORE_REWIND);
  return { snapshot, snapshots, loss: { ...found, ...(older === undefined ? {} : { older }) } };
}

/** The replaced state becomes a snapshot in the place of the one that an earlier rewind left. */
function keepBeforeRewind(work: Work, { label, live }: Unit, snapshots: readonly Snapshot[]): Keeping {
  const key = { of: label, name: BEFORE_REWIND };
  const name = snapshotDatabase(key);
  const mark = nextMark(key, work.tools.clock.now(), snapshots, live.target.worktree?.id);
  return {
    name,
    statements: sealStatements(name, mark),
    findOlder: (sql) => findSnapshotDatabase(sql, key, snapshots),
  };
}
