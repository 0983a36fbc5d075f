/**
 * Snapshots: saved states of a target inside its server. The state is saved in the run's scratch database, which then
 * gets its name and its mark in one transaction.
 */
import { missingError, refusal } from "../errors.ts";
import { databaseExists, databaseSizeBytes } from "../postgres/admin.ts";
import type { Session } from "../postgres/occupants.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { dropKept, nameKept } from "../unit/keep.ts";
import { onServer } from "../unit/marks.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Work, type WorkSubject, withWork } from "../work/work.ts";
import { listDrops, type SnapshotKeep } from "./snapshot-keep.ts";
import {
  BEFORE_REWIND,
  chooseSnapshotName,
  findSnapshotDatabases,
  keepAsSnapshot,
  listSnapshots,
  nextMark,
  requireSnapshot,
  type Snapshot,
  snapshotDatabase,
} from "./snapshot-list.ts";

/** What to do about the sessions of the database: end them for that moment, or wait until they have left. */
export type WhenConnected = "disconnect" | "wait";

export interface SnapshotRequest {
  /** As `requireSnapshotName` passes it; left out, the time. */
  name?: string;
  /** Which of the target's snapshots are kept; a number includes this one. */
  keep: SnapshotKeep;
  /** Asked when the database has to be disconnected for a moment. */
  whenConnected: (sessions: Session[]) => Promise<WhenConnected>;
}

export interface TakenSnapshot {
  name: string;
  /** The database that it is kept as. */
  database: string;
  of: string;
  takenAt: Date;
  sizeBytes: number;
  /** The names of the oldest ones, which were dropped for it. */
  dropped: string[];
}

/** Saves the target's state as one operation. Throws and leaves nothing when that cannot be done. */
export async function createSnapshot(
  tools: OperationTools,
  live: LiveTarget,
  request: SnapshotRequest,
): Promise<TakenSnapshot> {
  return await withWork(tools, live, snapshotSubject("snapshot", live), async (work) => {
    const taken = await takeSnapshot(work, live, request);
    const { name, database, sizeBytes } = taken;
    Object.assign(work.operation.details, { snapshot: name, kept_as: database, database_size_bytes: sizeBytes });
    return taken;
  });
}

/** Saves the target's state within a work that has claimed it. */
async function takeSnapshot(work: Work, live: LiveTarget, request: SnapshotRequest): Promise<TakenSnapshot> {
  const { control, tools } = work;
  const { key, snapshots, drops } = await prepareSnapshot(work, live, request);
  if (drops.length > 0) await tools.mayDropSnapshots?.();
  const database = snapshotDatabase(key);
  const unit = unitOf(live);
  const { database: scratch } = await unit.save(work, request.whenConnected);
  const takenAt = tools.clock.now();
  const mark = nextMark(key, takenAt, snapshots, live.target.worktree?.id);
  await nameKept(work, unit, scratch, keepAsSnapshot(key, mark, snapshots));
  await dropOldest(work, drops, request.keep);
  const sizeBytes = await databaseSizeBytes(control, database);
  return { ...key, database, takenAt, sizeBytes, dropped: drops.map(({ name }) => name) };
}

/** Drops the snapshots for which another one was taken. */
export async function dropOldest(
  { control, tools }: Work,
  drops: readonly Snapshot[],
  keep: SnapshotKeep,
): Promise<void> {
  const why = typeof keep === "number" ? `${keep} are kept` : "snapshots.keep keeps others";
  for (const old of drops) {
    await dropKept(control, old);
    const what = typeof keep === "number" ? `the oldest snapshot, ${old.name}` : `the snapshot ${old.name}`;
    tools.note(`dropped ${what}: ${why}`);
  }
}

/** What taking a snapshot would do. */
export interface SnapshotPlan {
  name: string;
  /** The database that it would be kept as. */
  database: string;
  of: string;
  /** Who would be disconnected for a moment. */
  sessions: Session[];
  /** The names of what would be dropped for it. */
  drops: string[];
}

/** Checks everything that is checked before a snapshot is taken, and changes nothing. Throws as taking it would. */
export async function planSnapshot(
  tools: OperationTools,
  live: LiveTarget,
  request: Omit<SnapshotRequest, "whenConnected">,
): Promise<SnapshotPlan> {
  return await withWork(tools, live, snapshotSubject("snapshot-plan", live, "shared"), async (work) => {
    const { key, drops } = await prepareSnapshot(work, live, request);
    const sessions = await unitOf(live).listInTheWay(work);
    return { ...key, database: snapshotDatabase(key), sessions, drops: drops.map(({ name }) => name) };
  });
}

/** Work on the snapshots of a target. */
export function snapshotSubject(
  operation: string,
  live: LiveTarget,
  mode: "exclusive" | "shared" = "exclusive",
): WorkSubject {
  return { operation, claims: unitOf(live).claims(mode), avoid: [live.database] };
}

/** Checks what is checked before a snapshot is taken, and how it will be named. */
export async function prepareSnapshot(
  work: Work,
  live: LiveTarget,
  { name: given, keep }: Omit<SnapshotRequest, "whenConnected">,
): Promise<{ key: { of: string; name: string }; snapshots: Snapshot[]; drops: Snapshot[] }> {
  await requireDatabase(work, live);
  const unit = unitOf(live);
  await unit.requireSavable(work);
  const of = unit.label;
  const snapshots = await listSnapshots(work.control, of);
  const name = given ?? chooseSnapshotName(work.tools.clock.now(), snapshots);
  if (snapshots.some((snapshot) => snapshot.name === name)) {
    throw refusal(
      "snapshot_exists",
      `there is a snapshot ${name} of ${of} already`,
      `pgrove snapshots remove ${name}      or choose another name`,
    );
  }
  await findSnapshotDatabases(work.control, { of, name }, snapshots);
  const counted = snapshots.filter((snapshot) => snapshot.name !== BEFORE_REWIND);
  return { key: { of, name }, snapshots, drops: listDrops(counted, keep, work.tools.clock.now()) };
}

/** Throws (exit 4) when the target's database does not exist. */
export async function requireDatabase(work: Work, live: LiveTarget): Promise<void> {
  if (await databaseExists(work.control, live.database)) return;
  throw missingError(
    "database_missing",
    `there is no database ${live.database} on ${live.server.label}`,
    "pgrove status",
  );
}

/** The target's snapshots, newest first. */
export async function readSnapshots(live: LiveTarget, now: Date): Promise<Snapshot[]> {
  return await onServer(live, now, (sql) => listSnapshots(sql, unitOf(live).label));
}

export interface RemovalRequest {
  name: string;
  /** Asked before it is dropped; throws when that is not wanted. */
  consent: (snapshot: Snapshot) => Promise<void>;
}

/** Drops a snapshot; resolves with what it was. */
export async function removeSnapshot(
  tools: OperationTools,
  live: LiveTarget,
  { name, consent }: RemovalRequest,
): Promise<Snapshot> {
  return await withWork(tools, live, snapshotSubject("snapshot-remove", live), async (work) => {
    const of = unitOf(live).label;
    const snapshot = requireSnapshot(await listSnapshots(work.control, of), { of, name });
    await consent(snapshot);
    await dropKept(work.control, snapshot);
    Object.assign(work.operation.details, { snapshot: name, dropped: snapshot.database });
    return snapshot;
  });
}
