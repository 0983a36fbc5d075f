/** Takes away what a worktree has of its own. Nothing goes that does not carry the worktree's mark or labels. */
import { rm } from "node:fs/promises";
import { EXIT, PgroveError, usageError } from "../errors.ts";
import { removeRow, updateRow, type WorktreeRow, worktreeStateDir } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { belowMain, clusterFolder, hasOwnServer } from "../resolve/worktree-target.ts";
import { removeCluster } from "../server/local-cluster.ts";
import { openServer } from "../server/open-server.ts";
import { removeComposeProject, requireRemovableProject } from "../server/owned-resources.ts";
import { unitOf } from "../unit/unit-of.ts";
import { withWork } from "../work/work.ts";
import { belongingsOf, takeInventory } from "./belongings.ts";
import { openMain } from "./data.ts";
import type { WorktreeTools } from "./tools.ts";

/** Whose belongings, and how much of them. */
export interface Destruction {
  row: WorktreeRow;
  /** The repository's identity. */
  repository: string;
  /** The database or schema stays with all that was saved of it, and is the user's from then on. */
  keepDatabase: boolean;
}

/** Only looks whether it can be done, or does it. */
type Extent = "check" | "destroy";

/** What the journal calls it. */
const NAMES = { check: "remove-plan", destroy: "remove" } as const;

/** Throws (exit 5) when something of what belongs to a worktree cannot be taken away, before anything is. */
export async function requireDestroyable(tools: WorktreeTools, destruction: Destruction): Promise<void> {
  await takeAway(tools, destruction, "check");
}

/**
 * Drops what belongs to a worktree. Throws (exit 5) when another run works on it, or something of it cannot be dropped:
 * all of it is looked at before the first of it goes. A second call goes on where the first one was stopped.
 */
export async function destroyBelongings(tools: WorktreeTools, destruction: Destruction): Promise<void> {
  await takeAway(tools, destruction, "destroy");
}

async function takeAway(tools: WorktreeTools, destruction: Destruction, extent: Extent): Promise<void> {
  if (hasOwnServer(destruction.row)) return await removeOwnServer(tools, destruction, extent);
  await dropUnit(tools, destruction, await openMain(tools, true), extent);
}

/** From the first drop on, the worktree is half removed. Where that one is refused, all is as it was. */
async function beginDropping<T>({ stateDir }: WorktreeTools, row: WorktreeRow, first: () => Promise<T>): Promise<T> {
  await updateRow(stateDir, row.id, { state: "removing" });
  try {
    return await first();
  } catch (error) {
    if (isRefusal(error)) await updateRow(stateDir, row.id, { state: row.state });
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof PgroveError && error.exit === EXIT.refused;
}

/** Takes a worktree out of pgrove's books: its names and ports are free again. */
export async function forgetWorktree({ stateDir }: WorktreeTools, id: string): Promise<void> {
  await rm(worktreeStateDir(stateDir, id), { recursive: true, force: true });
  await removeRow(stateDir, id);
}

/** Throws (exit 2) when the database cannot stay without what goes. */
export function requireSeparable(row: WorktreeRow, keepDatabase: boolean): void {
  if (!keepDatabase || !hasOwnServer(row)) return;
  throw usageError(
    `the database of ${row.name} is in a container of its own, which goes with the worktree`,
    `pgrove dump ${row.name}        keeps its data`,
  );
}

/** All of it is looked at now that the claim keeps other runs away; main's own is never what is dropped. */
async function dropUnit(
  tools: WorktreeTools,
  { row, keepDatabase }: Destruction,
  main: LiveTarget,
  extent: Extent,
): Promise<void> {
  const unit = unitOf(belowMain(row, main));
  const subject = { operation: NAMES[extent], claims: unit.claims("exclusive"), avoid: [unit.place.database] };
  await withWork(tools.operation, unit.live, subject, async (work) => {
    const owned = await unit.findOwned(work, row.id, main.database);
    await (keepDatabase ? owned.requireReleasable() : owned.requireDroppable());
    if (extent === "check") return;
    const [first, ...rest] = keepDatabase ? [owned.release] : owned.drops;
    await beginDropping(tools, row, async () => await first?.());
    for (const drop of rest) await drop();
    work.operation.details.databases = keepDatabase ? owned.own : owned.databases;
  });
}

/** Containers and volumes, which are found by their labels, or the private cluster with its data. */
async function removeOwnServer(tools: WorktreeTools, { row, repository }: Destruction, extent: Extent): Promise<void> {
  const { runner } = tools.operation;
  const kinds = new Set(["container"] as const);
  const { projects } = belongingsOf(await takeInventory(tools, { repository, kinds, start: false }), row.id);
  const owner = { repository, worktree: row.id };
  for (const { project } of projects) await requireRemovableProject(runner, project, owner);
  if (extent === "check") return;
  await updateRow(tools.stateDir, row.id, { state: "removing" });
  const inUse = row.state !== "creating"; // a database that is just being made heeds no signal
  for (const { project } of projects) await removeComposeProject(runner, project, owner, { inUse });
  const folder = clusterFolder(tools.stateDir, row.id);
  await openServer({ kind: "local", folder }, {}, tools.server).stop();
  await removeCluster(folder);
}
