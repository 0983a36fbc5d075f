/** A worktree's database back to what it was made from. */
import { planReplacement } from "../copy/empty.ts";
import type { DoubtfulDump } from "../dump/foreign.ts";
import { EXIT, PgroveError, usageError } from "../errors.ts";
import type { WorktreeRow } from "../repo/registry.ts";
import { ensureRepositoryIdentity } from "../repo/repository-identity.ts";
import type { Target } from "../resolve/target.ts";
import type { Loss } from "../unit/unit.ts";
import { openStarted } from "../work/lifecycle.ts";
import { type DataRequest, fillData, type MadeData } from "./data.ts";
import { homeOf } from "./home-of.ts";
import { openMain } from "./open-main.ts";
import type { WorktreeTools } from "./tools.ts";

export interface ResetRequest extends Omit<DataRequest, "repository" | "as"> {
  services: readonly string[];
  consent: (loss: Loss, foreign?: DoubtfulDump) => Promise<void>;
}

/**
 * Replaces the database of a worktree by what it was made from: its source as it is now, its dump, or nothing. Throws
 * (exit 2) for a target that was made from nothing.
 */
export async function resetWorktree(tools: WorktreeTools, target: Target, request: ResetRequest): Promise<MadeData> {
  const row = requireOrigin(target);
  await homeOf(tools, row).renew();
  const repository = await ensureRepositoryIdentity(tools.repository.commonDir, tools.stateDir);
  const live = await openStarted(target, tools, request.start);
  return await fillData(tools, row, live, {
    ...{ ...request, repository, as: "reset", discardPrevious: false },
    openMain: () => openMain(tools, request.start),
  });
}

/** What a reset would do. */
export interface ResetPlan {
  database: string;
  data: WorktreeRow["data"];
  /** Undefined for nothing. */
  from: string | undefined;
  /** What would be replaced; undefined where nothing is there, or where the server does not run and cannot be asked. */
  loss: Loss | undefined;
}

/** What a reset would replace, by what. Starts no server. Throws (exit 2) as the reset would. */
export async function planReset(tools: WorktreeTools, target: Target): Promise<ResetPlan> {
  const { data, database } = requireOrigin(target);
  const from = data.kind === "copy" ? data.source : data.kind === "dump" ? data.dump : undefined;
  return { database, data, from, loss: await findLoss(tools, target) };
}

async function findLoss(tools: WorktreeTools, target: Target): Promise<Loss | undefined> {
  try {
    return await planReplacement(tools.operation, await openStarted(target, tools, false));
  } catch (error) {
    if (!(error instanceof PgroveError) || error.exit !== EXIT.missing) throw error;
    tools.operation.note(`what is there was not looked at: ${error.message}`);
    return undefined;
  }
}

function requireOrigin(target: Target): WorktreeRow {
  if (target.worktree !== undefined) return target.worktree;
  throw usageError(
    `${target.label} was not made from another database, so there is nothing to go back to`,
    "pgrove restore --latest, or pgrove rewind",
  );
}
