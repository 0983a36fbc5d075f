/** `up`, `down` and `goto` on one database: as one operation, under the migration lock. */

import type { LiveTarget } from "../../resolve/target.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { withWork } from "../../work/work.ts";
import type { LedgerPlace } from "../ledger/ledger-place.ts";
import { withMigrationLock } from "../ledger/migration-lock.ts";
import { type AppliedStep, type ApplyRequest, applyWish } from "./apply.ts";

export interface MigrateRequest extends ApplyRequest {
  /** For the journal: "migrate up". */
  operation: string;
  /** Where the plan has found the ledger. */
  place: LedgerPlace;
  /** How long to wait for another run that migrates the same database. */
  lockWaitMs: number;
}

/**
 * Runs the wish under the lock (which needs a session of its own: see pooler.ts), by the ledger as it is then: when another run was quicker, there is nothing left to do.
 * Throws (exit 5) when the lock is not free in time, (exit 1) when a migration fails.
 */
export async function runMigrations(
  tools: OperationTools,
  live: LiveTarget,
  request: MigrateRequest,
): Promise<AppliedStep[]> {
  const { database } = live;
  const claims = [{ database, mode: "shared" as const }];
  const subject = { operation: request.operation, claims, control: database };
  return await withWork(tools, live, subject, async (work) => {
    const connect = () => live.toolbox.connect(database, work.operation.run);
    const { abort } = work.operation;
    const options = { timeoutMs: request.lockWaitMs, abort, note: tools.note };
    const applied = await withMigrationLock(connect, request.place, options, (lock) =>
      applyWish(work, live, { ...request, requireHeld: () => lock.requireHeld() }),
    );
    work.operation.details.migrations = applied.map(({ step }) => `${step.direction} ${step.digits}`);
    return applied;
  });
}
