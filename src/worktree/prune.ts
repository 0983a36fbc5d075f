/** What belongs to worktrees that are gone, and its removal. Acts only when everything could be looked at whole. */
import { gitCommand } from "../repo/git.ts";
import { readRegistry, type WorktreeRow } from "../repo/registry.ts";
import { ensureIdentity, type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { type Belongings, belongingsOf, type Inventory, listKinds, takeInventory } from "./belongings.ts";
import { destroyBelongings, forgetWorktree } from "./destroy.ts";
import type { WorktreeTools } from "./tools.ts";

/** A worktree that is gone, and what it has left. */
export interface Leftover extends Belongings {
  /** Made from marks and labels where the registry does not know it; its path is empty then. */
  row: WorktreeRow;
  repository: string;
}

/**
 * What is left of worktrees that are gone. A locked worktree is not gone, its disk may only be away. Throws when
 * anything cannot be seen (exit 4): what is not seen would look as if it were gone.
 */
export async function findLeftovers(tools: WorktreeTools): Promise<Leftover[]> {
  const repository = await ensureIdentity(tools.repository.commonDir);
  const inventory = await takeInventory(tools, repository, await listKinds(tools));
  const [worktrees, { rows }] = await Promise.all([
    listWorktrees(tools.repository, tools.operation.runner),
    readRegistry(tools.stateDir),
  ]);
  const living = new Set(worktrees.filter(isThere).map(({ id }) => id));
  const known = new Map(rows.map((row) => [row.id, row]));
  for (const row of rebuildRows(inventory, repository)) if (!known.has(row.id)) known.set(row.id, row);
  return [...known.values()]
    .filter(({ id }) => !living.has(id))
    .map((row) => ({ row, repository, ...belongingsOf(inventory, row.id) }));
}

function isThere({ missing, locked }: GitWorktree): boolean {
  return !missing || locked;
}

/** Rows as marks and labels tell them: of a registry that was lost, they are what is left. */
function rebuildRows({ main, databases, schemas, projects }: Inventory, repository: string): WorktreeRow[] {
  const isOurs = ({ mark }: { mark: Inventory["databases"][number]["mark"] }) =>
    mark?.kind === "worktree" && mark.repository === repository;
  return [
    ...databases.filter(isOurs).map(({ mark, database }) => rowOf(mark, { isolation: "database", database })),
    ...schemas.filter(isOurs).map(({ mark, schema }) =>
      rowOf(mark, {
        ...{ isolation: "schema", database: main?.database ?? "", schema },
        role: { name: schema, password: "" },
      }),
    ),
    ...projects.map(({ worktree, project }) =>
      rowOf({ worktree, name: project }, { isolation: "container", database: "", project }),
    ),
  ];
}

function rowOf(
  mark: Readonly<Record<string, string>> | undefined,
  fields: Pick<WorktreeRow, "isolation" | "database"> & Partial<WorktreeRow>,
): WorktreeRow {
  return {
    ...{ id: mark?.worktree ?? "", name: mark?.name ?? "", path: "", index: 0, ports: {}, createdAt: "" },
    ...{ data: { kind: "empty" }, state: "removing", setup: "skipped" },
    ...fields,
  };
}

/** Removes what is left of one worktree that is gone. */
export async function removeLeftover(tools: WorktreeTools, { row, repository }: Leftover): Promise<void> {
  await destroyBelongings(tools, { row, repository, keepDatabase: false });
  const { commonDir } = tools.repository;
  const gone = (await listWorktrees(tools.repository, tools.operation.runner)).find(({ id }) => id === row.id);
  if (gone?.missing) {
    const command = gitCommand(commonDir, ["worktree", "remove", "--force", gone.root]);
    await tools.operation.runner.capture(command, { allowFailure: true }); // `git worktree prune` does it as well
  }
  await forgetWorktree(tools, row.id);
}
