/** Snapshots of one schema: each is a database, into which and out of which the schema is copied. */
import { discardedName, dropDatabase, scratchName } from "../postgres/admin.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { type Keeping, withServicesStopped } from "../unit/replace.ts";
import { replaceSchema, saveSchema } from "../unit/schema-unit.ts";
import { findStanding, type Standing } from "../unit/standing.ts";
import { copyIntoScratch } from "../unit/template.ts";
import type { Work } from "../work/work.ts";
import { nameSnapshot } from "./snapshot.ts";
import type { Snapshot } from "./snapshot-list.ts";

/** Saves the target's schema in the run's scratch database; resolves with its name. */
export async function saveSchemaState(work: Work, live: LiveTarget): Promise<string> {
  return await saveInto(work, live, scratchName(work.operation.run));
}

/** Saves the target's schema in a new database, which is dropped at the end unless it was renamed. */
async function saveInto(work: Work, live: LiveTarget, database: string): Promise<string> {
  work.operation.defer(() => work.clearUp((sql) => dropDatabase(sql, database)));
  await saveSchema(work, live, database);
  return database;
}

/** What a target is rewound to, and what becomes of its present state. */
export interface Rewind {
  snapshot: Snapshot;
  keeping: Keeping;
  /** What was agreed to be replaced. */
  agreed: Standing | undefined;
  /** Services that use the database. */
  services: readonly string[];
}

/**
 * Replaces the target's schema by the snapshot's, and keeps what it was as `keeping` says. Resolves with how many
 * services were stopped and started again. Throws and leaves all of it as it was when the schema cannot be replaced.
 */
export async function rewindSchema(work: Work, live: LiveTarget, rewind: Rewind): Promise<number> {
  const { snapshot, keeping, agreed, services } = rewind;
  return await withServicesStopped(work, live.server, services, async () => {
    const saved = await saveInto(work, live, discardedName(work.operation.run));
    const copy = await copyIntoScratch(work, snapshot.database, live.database); // the snapshot itself is closed
    await replaceSchema(work, live, { database: copy, agreed });
    await keepSaved(work, live, saved, keeping);
  });
}

/** Gives the saved state its name. An older one gets the saved one's in exchange, and is dropped under it at the end. */
async function keepSaved(work: Work, live: LiveTarget, saved: string, keeping: Keeping): Promise<void> {
  const { name, statements } = keeping;
  const apart = `${saved}_old`;
  const exchange = [
    [name, apart],
    [saved, name],
    [apart, saved],
  ] as const;
  const agreed = await findStanding(work.control, name);
  const older = await keeping.findOlder(work.control);
  await nameSnapshot(work, live, { name, renames: older ? exchange : [[saved, name]], statements, agreed });
}
