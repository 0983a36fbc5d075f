/** What is saved before migrating: a dump in the store, or a snapshot inside the server, named after the migration. */
import type { WhenConnected } from "../../copy/snapshot.ts";
import type { SnapshotKeep } from "../../copy/snapshot-keep.ts";
import type { DumpRequest } from "../../dump/dump.ts";
import type { Session } from "../../postgres/occupants.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { describeMigration, type Step } from "../migration.ts";

export interface BackupRequest {
  kind: "dump" | "snapshot";
  /** The first migration that is to be run after it; left out where only another tool knows. */
  step?: Pick<Step, "direction" | "digits" | "name">;
  /** Where a dump goes, and what its manifest says. */
  dump: Pick<DumpRequest, "destination" | "project" | "git" | "pgroveVersion">;
  /** Which of the target's snapshots are kept. */
  keep: SnapshotKeep;
  /**
   * Asked when a snapshot would disconnect somebody for a second. "dump" saves a dump instead, which disturbs nobody: the
   * careful answer where nobody can be asked.
   */
  whenConnected: (sessions: Session[]) => Promise<WhenConnected | "dump">;
}

export interface Backup {
  kind: "dump" | "snapshot";
  /** Of the dump in the store, or of the snapshot. */
  name: string;
  sizeBytes: number;
}

/** What would be saved. */
export interface PlannedBackup {
  kind: "dump" | "snapshot";
  /** Of the snapshot; a dump is named when it is made. */
  name: string | undefined;
  /** The names of the snapshots that would be dropped for it. */
  drops: string[];
}

/** What would be saved, and what would go for it. Only reads. */
export async function planBackup(
  live: LiveTarget,
  { kind, step, keep }: Pick<BackupRequest, "kind" | "step" | "keep">,
  now: Date,
): Promise<PlannedBackup> {
  if (kind === "dump") return { kind, name: undefined, drops: [] };
  const [{ readSnapshots }, { listDrops }, { BEFORE_REWIND }] = await Promise.all([
    import("../../copy/snapshot.ts"),
    import("../../copy/snapshot-keep.ts"),
    import("../../copy/snapshot-list.ts"),
  ]);
  const snapshots = await readSnapshots(live, now);
  const counted = snapshots.filter(({ name }) => name !== BEFORE_REWIND);
  const drops = listDrops(counted, keep, now).map(({ name }) => name);
  return { kind, name: freeName(snapshots, step), drops };
}

/** A snapshot is not to be taken while these are connected. */
class DumpInstead extends Error {}

/** Saves the target as one operation of its own. Throws and leaves nothing when that cannot be done. */
export async function backUp(tools: OperationTools, live: LiveTarget, request: BackupRequest): Promise<Backup> {
  if (request.kind === "dump") return await backUpAsDump(tools, live, request);
  try {
    return await backUpAsSnapshot(tools, live, request);
  } catch (error) {
    if (!(error instanceof DumpInstead)) throw error;
    return await backUpAsDump(tools, live, request);
  }
}

async function backUpAsDump(tools: OperationTools, live: LiveTarget, { step, dump }: BackupRequest): Promise<Backup> {
  const [{ dumpDatabase }, { basename }] = await Promise.all([import("../../dump/dump.ts"), import("node:path")]);
  const { path, manifest } = await dumpDatabase(tools, live, {
    ...{ ...dump, format: "custom", content: "all", tables: [], excludedTables: [], jobs: 1 },
    note: describeMoment(step),
    stem: `${live.target.name}-${nameBefore(step)}`,
  });
  return { kind: "dump", name: path === undefined ? manifest.name : basename(path), sizeBytes: manifest.size_bytes };
}

async function backUpAsSnapshot(tools: OperationTools, live: LiveTarget, request: BackupRequest): Promise<Backup> {
  const { createSnapshot, readSnapshots } = await import("../../copy/snapshot.ts");
  const name = freeName(await readSnapshots(live, tools.clock.now()), request.step);
  const { sizeBytes } = await createSnapshot(tools, live, {
    ...{ name, keep: request.keep },
    whenConnected: async (sessions) => {
      const choice = await request.whenConnected(sessions);
      if (choice === "dump") throw new DumpInstead("a dump is made instead");
      return choice;
    },
  });
  return { kind: "snapshot", name, sizeBytes };
}

/** The name of a snapshot before that step, with a number behind it where it is taken. */
function freeName(snapshots: readonly { name: string }[], step: BackupRequest["step"]): string {
  const taken = new Set(snapshots.map(({ name }) => name));
  const wanted = nameBefore(step);
  let name = wanted;
  for (let copy = 2; taken.has(name); copy++) name = `${wanted}-${copy}`;
  return name;
}

/** "before-42", "before-down-42": also a snapshot's name, and part of a file's. */
function nameBefore(step: BackupRequest["step"]): string {
  if (step === undefined) return "before-migrating";
  return step.direction === "down" ? `before-down-${step.digits}` : `before-${step.digits}`;
}

function describeMoment(step: BackupRequest["step"]): string {
  if (step === undefined) return "before migrating";
  return `before migration ${describeMigration(step)}${step.direction === "down" ? " is taken back" : ""}`;
}
