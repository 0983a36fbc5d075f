/**
 * Takes away what worktrees have left: of those that are gone for long enough it is parked, and what is parked for long
 * enough goes for good. Acts only when everything could be looked at whole.
 */
import { refusal, usageError } from "../errors.ts";
import { captureBesideGits, gitCommand } from "../repo/git.ts";
import { readRegistry, takeOut, updateRegistry } from "../repo/registry.ts";
import { listWorktrees } from "../repo/worktree.ts";
import { lastingAt } from "../sys/lasting.ts";
import { momentOf, thisObserver } from "../sys/machine.ts";
import { destroyBelongings, forgetWorktree, parkBelongings, requireDestroyable, requireSeparable } from "./destroy.ts";
import { isThere, rememberPlaces } from "./gone.ts";
import { type JudgedLeftover, judge, type Leftover, listLeftovers } from "./leftovers.ts";
import type { WorktreeTools } from "./tools.ts";

/** What is to become of leftovers. */
export interface PrunePlan {
  park: readonly JudgedLeftover[];
  /** For good. */
  drop: readonly JudgedLeftover[];
  /** Gone or parked, but not for long enough. */
  wait: readonly JudgedLeftover[];
  /** Perhaps not gone. */
  keep: readonly JudgedLeftover[];
}

/** What is due; `now`, all that is gone for certain is dropped. */
export function planPrune(
  { loaded }: Pick<WorktreeTools, "loaded">,
  leftovers: readonly JudgedLeftover[],
  now: boolean,
): PrunePlan {
  const { after, keep } = loaded.config.prune;
  const gone = leftovers.filter(({ doubt }) => doubt === undefined);
  const isDue = ({ parked, lasting }: JudgedLeftover) => (lasting?.forMs ?? 0) >= (parked === undefined ? after : keep);
  const due = gone.filter((each) => now || isDue(each));
  return {
    park: due.filter(({ parked }) => parked === undefined && !now),
    drop: due.filter(({ parked }) => parked !== undefined || now),
    wait: gone.filter((each) => !due.includes(each)),
    keep: leftovers.filter(({ doubt }) => doubt !== undefined),
  };
}

/** How long it waits still. */
export function waitsMs({ loaded }: Pick<WorktreeTools, "loaded">, { parked, lasting }: JudgedLeftover): number {
  const { after, keep } = loaded.config.prune;
  return (parked === undefined ? after : keep) - (lasting?.forMs ?? 0);
}

/**
 * What is left of the worktree of that identity, or that `pgrove remove` calls so, if it is not there: to be removed by
 * name, whether it is certainly gone or not. Throws (exit 5) when something of it could not be taken away.
 */
export async function findLeftover(
  tools: WorktreeTools,
  wanted: string,
  keepDatabase: boolean,
): Promise<Leftover | undefined> {
  const { rows, parked } = await readRegistry(tools.stateDir);
  const known = [...rows, ...parked.map(({ row }) => row)];
  const start = known.some(({ id, name }) => id === wanted || name === wanted);
  const leftovers = await listLeftovers(tools, start);
  const found = leftovers.find(({ row, called }) => row.id === wanted || called === wanted);
  if (found === undefined) return undefined;
  const { row, repository, belongings, called } = found;
  if (keepDatabase && found.parked !== undefined) {
    throw usageError(`${called} is parked`, `pgrove provision ${called}        brings it back; then remove it`);
  }
  requireSeparable(tools, row, keepDatabase);
  await requireDestroyable(tools, { row, repository, keepDatabase, shown: belongings });
  return found;
}

/**
 * Parks and drops what was planned and shown. Throws (exit 5) and does nothing when one may have come back, or cannot be
 * taken away any more.
 */
export async function pruneLeftovers(
  tools: WorktreeTools,
  { park, drop }: Pick<PrunePlan, "park" | "drop">,
): Promise<void> {
  const leftovers = [...park, ...drop];
  for (const leftover of leftovers) await requireAway(tools, leftover);
  for (const { doubt, row } of await judge(tools, leftovers)) {
    if (doubt === undefined) continue;
    throw refusal("worktree_back", `the worktree ${row.name} stays, and nothing was removed: ${doubt.why}`, doubt.hint);
  }
  for (const leftover of park) await parkLeftover(tools, leftover);
  for (const leftover of drop) await removeLeftover(tools, leftover, false);
  await rememberPlaces(tools, await listWorktrees(tools.repository, tools.operation.runner));
}

/** Git keeps its books of it, so that a worktree that comes back is known. */
async function parkLeftover(tools: WorktreeTools, leftover: Leftover): Promise<void> {
  const { repository, belongings } = leftover;
  await requireAway(tools, leftover);
  await parkBelongings(tools, { row: leftover.row, repository, keepDatabase: false, shown: belongings });
  const names = (kind: "containers" | "volumes") => belongings.projects.flatMap((project) => project[kind]);
  await updateRegistry(tools.stateDir, (rows, parked) => {
    const known = takeOut(rows, ({ id }) => id === leftover.row.id) ?? leftover.row;
    const { gone: _, ...row } = known;
    const lasting = lastingAt(undefined, momentOf(tools.operation.clock.now()));
    parked.push({ row, by: thisObserver(), lasting, containers: names("containers"), volumes: names("volumes") });
  });
}

/** Removes what is left of one worktree, gone or given up. Throws (exit 5) when it has come back since it was looked for. */
export async function removeLeftover(tools: WorktreeTools, leftover: Leftover, keepDatabase: boolean): Promise<void> {
  const { row, repository, belongings } = leftover;
  await requireAway(tools, leftover);
  await destroyBelongings(tools, { row, repository, keepDatabase, shown: belongings });
  await forgetByGit(tools, row.id);
  await forgetWorktree(tools, row.id);
}

async function requireAway({ repository, operation }: WorktreeTools, { row }: Leftover): Promise<void> {
  const worktrees = await listWorktrees(repository, operation.runner);
  if (!worktrees.some((worktree) => worktree.id === row.id && isThere(worktree))) return;
  throw refusal("worktree_back", `the worktree ${row.name} is there again`, "pgrove list");
}

/** Takes a worktree out of git's books whose folder is not there. */
export async function forgetByGit({ repository, operation }: WorktreeTools, id: string): Promise<void> {
  const gone = (await listWorktrees(repository, operation.runner)).find((worktree) => worktree.id === id);
  if (gone === undefined || gone.strayed) return; // what stands there is another repository's
  const git = (args: readonly string[]) =>
    captureBesideGits(operation.runner, gitCommand(repository.commonDir, ["worktree", ...args, gone.root]));
  if (gone.unfinished) await git(["unlock"]);
  await git(["remove", "--force"]); // `git worktree prune` does it as well
}
