/** What worktrees have left that are not at their place, parked already or not, and whether each of them is gone. */
import { basename } from "node:path";
import { EXIT, PgroveError } from "../errors.ts";
import { isAnyWorktrees, type Mark } from "../postgres/ownership.ts";
import { type ParkedWorktree, readRegistry, updateRegistry, type WorktreeRow } from "../repo/registry.ts";
import { ensureRepositoryIdentity } from "../repo/repository-identity.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { type Lasting, lastingAt } from "../sys/lasting.ts";
import { momentOf } from "../sys/machine.ts";
import { readParked } from "../unit/parking.ts";
import { type Belongings, belongingsOf, type Inventory, listKinds, takeInventory } from "./belongings.ts";
import { requirePrunable } from "./destroy.ts";
import { type Doubt, findDoubt, isThere, lookForWorktrees } from "./gone.ts";
import type { WorktreeTools } from "./tools.ts";

/** A worktree that is not at its place, and what it has left. */
export interface Leftover {
  /** Made from marks and labels where the registry does not know it; its path is empty then. */
  row: WorktreeRow;
  repository: string;
  belongings: Belongings;
  /** What `pgrove remove` knows it by. */
  called: string;
  /** Set when it was put aside; its worktree may be there again. */
  parked?: ParkedWorktree;
}

/** The same, judged. */
export interface JudgedLeftover extends Leftover {
  /** Why it may not be gone. */
  doubt: Doubt | undefined;
  /** For how long it is gone, or parked, with what is seen now; undefined with a doubt. */
  lasting: Lasting | undefined;
}

/**
 * What is left of worktrees that are not there. A locked worktree counts as there, its disk may only be away. Throws when
 * anything cannot be seen (exit 4): what is not seen would look as if it were gone.
 */
export async function findLeftovers(tools: WorktreeTools): Promise<JudgedLeftover[]> {
  return await judge(tools, await listLeftovers(tools, false));
}

/** The same leftovers, looked at once more. */
export async function judge(tools: WorktreeTools, leftovers: readonly Leftover[]): Promise<JudgedLeftover[]> {
  if (leftovers.length === 0) return [];
  const sight = await lookForWorktrees(
    tools,
    leftovers.map(({ row }) => row),
  );
  const moment = momentOf(tools.operation.clock.now());
  const judged: JudgedLeftover[] = [];
  for (const each of leftovers) {
    const { row, called, parked } = each;
    const back = sight.worktrees.some(({ id, ...worktree }) => id === row.id && isThere(worktree));
    const giveUp = `pgrove remove ${called}        if it is gone for good`;
    const doubt = back
      ? { why: "its worktree is there again", hint: `pgrove provision ${called}        brings its data back` }
      : ((await findDoubt(row, sight, giveUp)) ?? (await findHindrance(tools, each)));
    const lasting = doubt === undefined ? lastingAt(parked?.lasting ?? row.gone, moment) : undefined;
    judged.push({ ...each, doubt, lasting });
  }
  return judged;
}

/** Why what a worktree has left cannot be taken away: it must not keep the rest from going. */
async function findHindrance(
  tools: WorktreeTools,
  { row, repository, belongings, called }: Leftover,
): Promise<Doubt | undefined> {
  try {
    await requirePrunable(tools, { row, repository, keepDatabase: false, shown: belongings });
    return undefined;
  } catch (error) {
    if (!(error instanceof PgroveError) || error.exit !== EXIT.refused) throw error;
    const hint = error.code === "in_use" ? `pgrove remove ${called}        if it is not needed` : error.hint;
    return { why: error.message, hint: hint ?? "pgrove prune        again" };
  }
}

/** Writes down since when each of them is known to be gone, or that it may not be. */
export async function rememberGone(
  { stateDir, operation }: WorktreeTools,
  judged: readonly JudgedLeftover[],
): Promise<void> {
  const moment = momentOf(operation.clock.now());
  const seen = new Map(judged.map((each) => [each.row.id, each]));
  await updateRegistry(stateDir, (rows, parked) => {
    for (const row of rows) {
      const lasting = seen.get(row.id)?.lasting;
      if (lasting === undefined) delete row.gone;
      else row.gone = lasting;
    }
    for (const each of parked) {
      const counted = seen.get(each.row.id)?.lasting;
      each.lasting = counted ?? { ...lastingAt(each.lasting, moment), forMs: each.lasting.forMs };
    }
  });
}

/** All that is left; with what was parked of worktrees that are there again. */
export async function listLeftovers(tools: WorktreeTools, start: boolean): Promise<Leftover[]> {
  const repository = await ensureRepositoryIdentity(tools.repository.commonDir, tools.stateDir);
  const inventory = await takeInventory(tools, { repository, kinds: await listKinds(tools), start });
  // The worktrees last: one that is made meanwhile is found there before it is missed there.
  const { rows, parked } = await readRegistry(tools.stateDir);
  const worktrees = await listWorktrees(tools.repository, tools.operation.runner);
  const living = new Set(worktrees.filter(isThere).map(({ id }) => id));
  const known = new Set([...rows, ...parked.map(({ row }) => row)].map(({ id }) => id));
  const rebuilt = new Map(rebuildRows(inventory, repository).map((row) => [row.id, row]));
  for (const id of known) rebuilt.delete(id);
  const names = new Set([...rows, ...rebuilt.values()].map(({ name }) => name));
  const left = [...rows, ...rebuilt.values()].filter(({ id }) => !living.has(id));
  const of = (row: WorktreeRow) => ({ row, repository, belongings: belongingsOf(inventory, row.id) });
  return [
    ...left.map((row) => ({
      ...of(row),
      called: known.has(row.id) ? row.name : callRebuilt(row, [...rows, ...rebuilt.values()], worktrees),
    })),
    ...parked.map((each) => ({
      ...of(each.row),
      called: names.has(each.row.name) ? each.row.id : each.row.name,
      parked: each,
    })),
  ];
}

/** A rebuilt row by its name, unless another worktree is called so; then by that of its database, schema or project. */
function callRebuilt(row: WorktreeRow, all: readonly WorktreeRow[], worktrees: readonly GitWorktree[]): string {
  const others = all.filter(({ id }) => id !== row.id).map(({ name }) => name);
  const trees = worktrees.filter(({ id }) => id !== row.id).flatMap(({ root, branch }) => [basename(root), branch]);
  return [...others, ...trees].includes(row.name) ? (row.project ?? row.schema ?? row.database) : row.name;
}

/** Rows as marks and labels tell them: of a registry that was lost, they are what is left. */
function rebuildRows({ main, databases, schemas, projects }: Inventory, repository: string): WorktreeRow[] {
  const ownerOf = (mark: Mark | undefined) =>
    isAnyWorktrees(mark) && mark?.repository === repository && mark.worktree !== undefined
      ? { id: mark.worktree, name: mark.name ?? mark.worktree }
      : undefined;
  const nameOf = (mark: Mark | undefined, name: string) => (mark?.kind === "parked" ? readParked(mark).was : name);
  return [
    ...databases.flatMap(({ mark, database }) =>
      rowOf(ownerOf(mark), { isolation: "database", database: nameOf(mark, database) }),
    ),
    ...schemas.flatMap(({ mark, schema }) =>
      rowOf(ownerOf(mark), {
        ...{ isolation: "schema", database: main?.database ?? "", schema: nameOf(mark, schema) },
        role: { name: nameOf(mark, schema), password: "" },
      }),
    ),
    ...projects.flatMap(({ worktree, project }) =>
      rowOf({ id: worktree, name: project }, { isolation: "container", database: "", project }),
    ),
  ];
}

/** None for what says of no worktree that it is its own: nobody may take it away. */
function rowOf(
  owner: Pick<WorktreeRow, "id" | "name"> | undefined,
  fields: Pick<WorktreeRow, "isolation" | "database"> & Partial<WorktreeRow>,
): WorktreeRow[] {
  if (owner === undefined) return [];
  const unknown = { path: "", index: 0, ports: {}, createdAt: "", data: { kind: "empty" }, setup: "skipped" } as const;
  return [{ ...unknown, ...owner, state: "removing", ...fields }];
}
