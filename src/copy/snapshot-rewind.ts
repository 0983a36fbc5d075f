/**
 * Rewinds a target to a snapshot: the snapshot is copied, the copy swapped in, and what it replaces kept as the snapshot
 * `before-rewind`, so that rewinding to that one undoes it. Until the swap the target is not touched.
 */
import { requireNothingBound } from "../postgres/admin.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { type Keeping, replaceDatabase } from "../unit/replace.ts";
import { findLoss, type Loss } from "../unit/scratch.ts";
import { copyIntoScratch } from "../unit/template.ts";
import { type Work, withWork } from "../work/work.ts";
import { requireDatabase, snapshotSubject } from "./snapshot.ts";
import {
  BEFORE_REWIND,
  findSnapshotDatabase,
  listSnapshots,
  nextMark,
  requireSnapshot,
  type Snapshot,
  savedOf,
  sealStatements,
  snapshotDatabase,
} from "./snapshot-list.ts";
import type { Rewind } from "./snapshot-schema.ts";

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
  return await withWork(tools, live, snapshotSubject("rewind", live), async (work) => {
    const { snapshot, loss, snapshots } = await prepareRewind(work, live, request);
    await request.consent(loss, snapshot);
    const keeping = keepBeforeRewind(work, live, snapshots);
    const { services } = request;
    const servicesRestarted = await putBack(work, live, { snapshot, keeping, services, agreed: loss.standing });
    const { sizeBytes } = snapshot;
    Object.assign(work.operation.details, { snapshot: snapshot.name, kept_as: keeping.name });
    return { snapshot, database: live.database, sizeBytes, kept: BEFORE_REWIND, servicesRestarted };
  });
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
    const { snapshot, loss } = await prepareRewind(work, live, request);
    return { snapshot, loss };
  });
}

async function prepareRewind(
  work: Work,
  live: LiveTarget,
  { name, choose }: Pick<RewindRequest, "name" | "choose">,
): Promise<RewindPlan & { snapshots: Snapshot[] }> {
  const of = savedOf(live);
  await requireDatabase(work, live);
  const snapshots = await listSnapshots(work.control, of);
  const snapshot = name === undefined ? await choose(snapshots, of) : requireSnapshot(snapshots, { of, name });
  await findSnapshotDatabase(work.control, { of, name: BEFORE_REWIND }, snapshots);
  if (live.target.schema === undefined) await requireNothingBound(work.control, live.database);
  return { snapshot, snapshots, loss: await readStateLoss(work, live) };
}

/** What would be lost, for the question. */
async function readStateLoss(work: Work, live: LiveTarget): Promise<Loss> {
  const nothing = { database: savedOf(live), sizeBytes: 0, sessions: [], standing: undefined };
  if (live.target.schema === undefined) return (await findLoss(work, live.database)) ?? nothing;
  const { findSchemaLoss } = await import("../unit/schema-unit.ts");
  const { sizeBytes, standing } = (await findSchemaLoss(work, live)) ?? nothing;
  return { ...nothing, sizeBytes, standing };
}

/** The replaced state becomes a snapshot in the place of the one that an earlier rewind left. */
function keepBeforeRewind(work: Work, live: LiveTarget, snapshots: readonly Snapshot[]): Keeping {
  const key = { of: savedOf(live), name: BEFORE_REWIND };
  const name = snapshotDatabase(key);
  const mark = nextMark(key, work.tools.clock.now(), snapshots, live.target.worktree?.id);
  return {
    name,
    statements: sealStatements(name, mark),
    findOlder: (sql) => findSnapshotDatabase(sql, key, snapshots),
  };
}

/** Resolves with how many services were stopped and started again. */
async function putBack(work: Work, live: LiveTarget, rewind: Rewind): Promise<number> {
  if (live.target.schema !== undefined) {
    const { rewindSchema } = await import("./snapshot-schema.ts");
    return await rewindSchema(work, live, rewind);
  }
  const { snapshot, keeping, agreed, services } = rewind;
  const scratch = await copyIntoScratch(work, snapshot.database, live.database);
  const { servicesRestarted } = await replaceDatabase(work, live.server, {
    ...{ scratch, database: live.database, agreed, services, keeping },
    ...{ discardPrevious: false, statements: [] },
  });
  return servicesRestarted;
}
