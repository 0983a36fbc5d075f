/** A worktree's database back to what it was made from. */
import type { ForeignDump } from "../dump/authorship.ts";
import { usageError } from "../errors.ts";
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
  consent: (loss: Loss, foreign?: ForeignDump) => Promise<void>;
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

/** What a reset would replace, by what; `from` is undefined for nothing. Throws (exit 2) as the reset would. */
export function planReset(target: Target): { database: string; from: string | undefined } {
  const { data, database } = requireOrigin(target);
  return { database, from: data.kind === "copy" ? data.source : data.kind === "dump" ? data.dump : undefined };
}

function requireOrigin(target: Target): WorktreeRow {
  if (target.worktree !== undefined) return target.worktree;
  throw usageError(
    `${target.label} was not made from another database, so there is nothing to go back to`,
    "pgrove restore --latest, or pgrove rewind",
  );
}
