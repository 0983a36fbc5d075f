/** What belongs to worktrees that are gone, and its removal. Acts only when everything could be looked at whole. */
import { refusal } from "../errors.ts";
import { gitCommand } from "../repo/git.ts";
import { readRegistry, type WorktreeRow } from "../repo/registry.ts";
import { ensureRepositoryIdentity } from "../repo/repository-identity.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
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
  const repository = await ensureRepositoryIdentity(tools.repository.commonDir, tools.stateDir);
  const inventory = await takeInventory(tools, { repository, kinds: await listKinds(tools), start: false });
  // The worktrees last: one that is made meanwhile is found there before it is missed there.
  const { rows } = await readRegistry(tools.stateDir);
  const living = new Set((await listThere(tools)).map(({ id }) => id));
  const known = new Map(rows.map((row) => [row.id, row]));
  for (const row of rebuildRows(inventory, repository)) if (!known.has(row.id)) known.set(row.id, row);
  return [...known.values()]
    .filter(({ id }) => !living.has(id))
    .map((row) => ({ row, repository, ...belongingsOf(inventory, row.id) }));
}

/** The worktrees that are not gone. */
async function listThere({ repository, operation }: WorktreeTools): Promise<GitWorktree[]> {
  const worktrees = await listWorktrees(repository, operation.runner);
  return worktrees.filter(({ missing, locked }) => !missing || locked);
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

/** Removes what is left of one worktree that is gone. Throws (exit 5) when it has come back since it was looked for. */
export async function removeLeftover(tools: WorktreeTools, { row, repository }: Leftover): Promise<void> {
  if ((await listThere(tools)).some(({ id }) => id === row.id)) {
    throw refusal("worktree_back", `the worktree ${row.name} is there again`, "pgrove list");
  }
  await destroyBelongings(tools, { row, repository, keepDatabase: false });
  await forgetByGit(tools, row.id);
  await forgetWorktree(tools, row.id);
}

async function forgetByGit({ repository, operation }: WorktreeTools, id: string): Promise<void> {
  const gone = (await listWorktrees(repository, operation.runner)).find((worktree) => worktree.id === id);
  if (gone === undefined) return;
  const git = (args: readonly string[]) =>
    operation.runner.capture(gitCommand(repository.commonDir, ["worktree", ...args, gone.root]), {
      allowFailure: true,
    });
  if (gone.unfinished) await git(["unlock"]);
  await git(["remove", "--force"]); // `git worktree prune` does it as well
}
