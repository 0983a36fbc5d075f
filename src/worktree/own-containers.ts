/** The containers that a worktree has of its own: its checkout of the compose files, and what sets them apart from main's. */
import { dirname } from "node:path";
import { missingError } from "../errors.ts";
import { chooseProjectName } from "../repo/names.ts";
import { readRegistry, updateRow, type WorktreeRow } from "../repo/registry.ts";
import { ensureRepositoryIdentity } from "../repo/repository-identity.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { composeFiles, mainServer } from "../resolve/main-server.ts";
import { overrideFile, requireOwnable } from "../resolve/worktree-target.ts";
import { type ComposeConfig, readComposeConfig } from "../server/compose-config.ts";
import { requireIsolatable } from "../server/compose-isolation.ts";
import { listPublishedPorts, type PublishedPort, renderOverride } from "../server/compose-override.ts";
import { isForeignProject } from "../server/owned-resources.ts";
import { ensureDir, writeFileAtomic } from "../sys/files.ts";
import { allocateRow } from "./allocate.ts";
import type { WorktreeTools } from "./tools.ts";

/** What a worktree's compose files publish. */
export interface ContainerPlan {
  config: ComposeConfig;
  published: Record<string, PublishedPort>;
}

/**
 * Reads the compose files of a worktree's checkout; undefined for a private cluster, which has none. Throws (exit 3)
 * when its database would not be apart from main's.
 */
export async function planContainers(
  { loaded, place, operation }: WorktreeTools,
  { root }: Pick<GitWorktree, "root">,
  row: WorktreeRow | undefined,
): Promise<ContainerPlan | undefined> {
  const { server, ports } = loaded.config;
  requireOwnable(loaded);
  if (server.kind !== "compose") return undefined;
  const { service, profiles } = server;
  const mains = await mainServer(loaded, place);
  const mainFile = mains.kind === "compose" ? mains.files[0] : undefined;
  const files = await composeFiles(loaded, place, { root, mainFile });
  const project = row?.project === undefined ? {} : { project: row.project };
  const own = { ...project, ...(mainFile === undefined ? {} : { mainFile }) };
  const config = await readComposeConfig(operation.runner, { kind: "compose", files, service, profiles, ...own });
  await requireIsolatable(config, service, root);
  const allocated = row === undefined ? {} : { allocated: row.ports };
  return { config, published: listPublishedPorts(config, { service, configured: ports, ...allocated }) };
}

/**
 * The row of a new worktree with a compose project that nobody else has: a second clone of the repository gives its
 * worktrees the same names, and compose would go on with its containers and volumes. Throws (exit 4) without docker.
 */
export async function claimProject(
  { loaded, stateDir, operation }: WorktreeTools,
  row: WorktreeRow,
  repository: string,
): Promise<WorktreeRow> {
  if (row.state !== "creating") return row;
  const owner = { repository, worktree: row.id };
  const taken = new Set(
    (await readRegistry(stateDir)).rows.flatMap(({ id, project }) => (id === row.id ? [] : project)),
  );
  const choose = () => chooseProjectName(loaded.config.project, row.name, (name) => taken.has(name));
  let project = row.project ?? choose();
  while (await isForeignProject(operation.runner, project, owner)) {
    taken.add(project);
    project = choose();
  }
  if (project === row.project) return row;
  await updateRow(stateDir, row.id, { project });
  return { ...row, project };
}

/** The ports that the containers publish, by name the main worktree's. */
export function portsOfPlan({ published }: ContainerPlan): Record<string, number> {
  return Object.fromEntries(Object.entries(published).map(([name, port]) => [name, port.published]));
}

/** Writes the compose override of a worktree, outside of what git tracks. */
export async function writeOverride(
  { stateDir }: WorktreeTools,
  row: WorktreeRow,
  repository: string,
  { config, published }: ContainerPlan,
): Promise<void> {
  const file = overrideFile(stateDir, row.id);
  await ensureDir(dirname(file));
  const owner = { repository, worktree: row.id };
  // The files were read as main's project while the worktree had no row yet; fixed names must become its own.
  const own = { ...config, project: row.project ?? config.project };
  await writeFileAtomic(file, renderOverride(own, { published, ports: row.ports, owner }));
}

/**
 * Writes the override of a worktree anew for what its compose files say now, with ports for what is new in them: else
 * a new service would have main's. Resolves with the row as it is then. Throws (exit 4) when the worktree is gone.
 */
export async function renewOverride(tools: WorktreeTools, row: WorktreeRow): Promise<WorktreeRow> {
  const worktree = await requirePresent(tools, row);
  const [plan, repository] = await Promise.all([
    planContainers(tools, worktree, row),
    ensureRepositoryIdentity(tools.repository.commonDir, tools.stateDir),
  ]);
  const ports = plan === undefined ? {} : portsOfPlan(plan);
  const renewed = await allocateRow(tools, { worktree, data: row.data, ports });
  if (plan !== undefined) await writeOverride(tools, renewed, repository, plan);
  return renewed;
}

/** The worktree where it is now: git may have moved it. */
async function requirePresent({ repository, operation }: WorktreeTools, row: WorktreeRow): Promise<GitWorktree> {
  const worktrees = await listWorktrees(repository, operation.runner);
  const worktree = worktrees.find(({ id }) => id === row.id);
  if (worktree !== undefined && !worktree.missing && !worktree.strayed) return worktree;
  throw missingError(
    "worktree_gone",
    `the folder of the worktree ${row.name} is gone: ${worktree?.root ?? row.path}`,
    "pgrove prune        removes what it has left",
  );
}
