/** What belongs to worktrees that are not there any more, and its removal. Acts only when everything could be looked at whole. */
import { basename } from "node:path";
import { EXIT, PgroveError, refusal } from "../errors.ts";
import type { Mark } from "../postgres/ownership.ts";
import { gitCommand } from "../repo/git.ts";
import { readRegistry, type WorktreeRow } from "../repo/registry.ts";
import { ensureRepositoryIdentity } from "../repo/repository-identity.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { type Belongings, belongingsOf, type Inventory, listKinds, takeInventory } from "./belongings.ts";
import { destroyBelongings, forgetWorktree, requireDestroyable, requireSeparable } from "./destroy.ts";
import { type Doubt, findDoubt, isThere, lookForWorktrees, rememberPlaces } from "./gone.ts";
import type { WorktreeTools } from "./tools.ts";

/** A worktree that is not at its place, and what it has left. */
export interface Leftover {
  /** Made from marks and labels where the registry does not know it; its path is empty then. */
  row: WorktreeRow;
  repository: string;
  belongings: Belongings;
  /** What `pgrove remove` knows it by. */
  called: string;
}

/** The same, judged: without a doubt it is gone, and can be taken away. */
export interface JudgedLeftover extends Leftover {
  doubt: Doubt | undefined;
}

/**
 * What is left of worktrees that are not there. A locked worktree counts as there, its disk may only be away. Throws when
 * anything cannot be seen (exit 4): what is not seen would look as if it were gone.
 */
export async function findLeftovers(tools: WorktreeTools): Promise<JudgedLeftover[]> {
  return await judge(tools, await listLeftovers(tools, false));
}

async function judge(tools: WorktreeTools, leftovers: readonly Leftover[]): Promise<JudgedLeftover[]> {
  if (leftovers.length === 0) return [];
  const sight = await lookForWorktrees(
    tools,
    leftovers.map(({ row }) => row),
  );
  return await Promise.all(
    leftovers.map(async (each) => {
      const giveUp = `pgrove remove ${each.called}        if it is gone for good`;
      return { ...each, doubt: (await findDoubt(each.row, sight, giveUp)) ?? (await findHindrance(tools, each)) };
    }),
  );
}

/** Why what a worktree has left cannot be taken away: it must not keep the rest from going. */
async function findHindrance(tools: WorktreeTools, { row, repository }: Leftover): Promise<Doubt | undefined> {
  try {
    await requireDestroyable(tools, { row, repository, keepDatabase: false });
    return undefined;
  } catch (error) {
    if (!(error instanceof PgroveError) || error.exit !== EXIT.refused) throw error;
    return { why: error.message, hint: error.hint ?? "pgrove prune        again" };
  }
}

async function listLeftovers(tools: WorktreeTools, start: boolean): Promise<Leftover[]> {
  const repository = await ensureRepositoryIdentity(tools.repository.commonDir, tools.stateDir);
  const inventory = await takeInventory(tools, { repository, kinds: await listKinds(tools), start });
  // The worktrees last: one that is made meanwhile is found there before it is missed there.
  const { rows } = await readRegistry(tools.stateDir);
  const worktrees = await listWorktrees(tools.repository, tools.operation.runner);
  const living = new Set(worktrees.filter(isThere).map(({ id }) => id));
  const known = new Set(rows.map(({ id }) => id));
  const rebuilt = new Map(rebuildRows(inventory, repository).map((row) => [row.id, row]));
  for (const id of known) rebuilt.delete(id);
  const all = [...rows, ...rebuilt.values()];
  return all
    .filter(({ id }) => !living.has(id))
    .map((row) => ({
      ...{ row, repository, belongings: belongingsOf(inventory, row.id) },
      called: known.has(row.id) ? row.name : callRebuilt(row, all, worktrees),
    }));
}

/** A rebuilt row by its name, unless another worktree is called so; then by that of its database, schema or project. */
function callRebuilt(row: WorktreeRow, all: readonly WorktreeRow[], worktrees: readonly GitWorktree[]): string {
  const others = all.filter(({ id }) => id !== row.id).map(({ name }) => name);
  const trees = worktrees.filter(({ id }) => id !== row.id).flatMap(({ root, branch }) => [basename(root), branch]);
  return [...others, ...trees].includes(row.name) ? (row.project ?? row.schema ?? row.database) : row.name;
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
  const { rows } = await readRegistry(tools.stateDir);
  const start = rows.some(({ id, name }) => id === wanted || name === wanted);
  const leftovers = await listLeftovers(tools, start);
  const found = leftovers.find(({ row, called }) => row.id === wanted || called === wanted);
  if (found === undefined) return undefined;
  const { row, repository } = found;
  requireSeparable(tools, row, keepDatabase);
  await requireDestroyable(tools, { row, repository, keepDatabase });
  return found;
}

/** Rows as marks and labels tell them: of a registry that was lost, they are what is left. */
function rebuildRows({ main, databases, schemas, projects }: Inventory, repository: string): WorktreeRow[] {
  const ownerOf = (mark: Mark | undefined) =>
    mark?.kind === "worktree" && mark.repository === repository && mark.worktree !== undefined
      ? { id: mark.worktree, name: mark.name ?? mark.worktree }
      : undefined;
  return [
    ...databases.flatMap(({ mark, database }) => rowOf(ownerOf(mark), { isolation: "database", database })),
    ...schemas.flatMap(({ mark, schema }) =>
      rowOf(ownerOf(mark), {
        ...{ isolation: "schema", database: main?.database ?? "", schema },
        role: { name: schema, password: "" },
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

/** Removes what is left of worktrees that are gone. Throws (exit 5) and removes nothing when one may have come back. */
export async function pruneLeftovers(tools: WorktreeTools, leftovers: readonly Leftover[]): Promise<void> {
  for (const leftover of leftovers) await requireAway(tools, leftover);
  for (const { doubt, row } of await judge(tools, leftovers)) {
    if (doubt === undefined) continue;
    throw refusal("worktree_back", `the worktree ${row.name} stays, and nothing was removed: ${doubt.why}`, doubt.hint);
  }
  for (const leftover of leftovers) await removeLeftover(tools, leftover, false);
  await rememberPlaces(tools, await listWorktrees(tools.repository, tools.operation.runner));
}

/** Removes what is left of one worktree, gone or given up. Throws (exit 5) when it has come back since it was looked for. */
export async function removeLeftover(tools: WorktreeTools, leftover: Leftover, keepDatabase: boolean): Promise<void> {
  const { row, repository } = leftover;
  await requireAway(tools, leftover);
  await destroyBelongings(tools, { row, repository, keepDatabase });
  await forgetByGit(tools, row.id);
  await forgetWorktree(tools, row.id);
}

async function requireAway({ repository, operation }: WorktreeTools, { row }: Leftover): Promise<void> {
  const worktrees = await listWorktrees(repository, operation.runner);
  if (!worktrees.some((worktree) => worktree.id === row.id && isThere(worktree))) return;
  throw refusal("worktree_back", `the worktree ${row.name} is there again`, "pgrove list");
}

async function forgetByGit({ repository, operation }: WorktreeTools, id: string): Promise<void> {
  const gone = (await listWorktrees(repository, operation.runner)).find((worktree) => worktree.id === id);
  if (gone === undefined || gone.strayed) return; // what stands there is another repository's
  const git = (args: readonly string[]) =>
    operation.runner.capture(gitCommand(repository.commonDir, ["worktree", ...args, gone.root]), {
      allowFailure: true,
    });
  if (gone.unfinished) await git(["unlock"]);
  await git(["remove", "--force"]); // `git worktree prune` does it as well
}
