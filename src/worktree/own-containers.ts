/** The containers that a worktree has of its own: its checkout of the compose files, and what sets them apart from main's. */
import { dirname } from "node:path";
import { pathInWorktree } from "../config/load.ts";
import type { WorktreeRow } from "../repo/registry.ts";
import type { GitWorktree } from "../repo/worktree.ts";
import { type ComposeConfig, readComposeConfig } from "../server/compose-config.ts";
import { requireIsolatable } from "../server/compose-isolation.ts";
import { listPublishedPorts, type PublishedPort, renderOverride } from "../server/compose-override.ts";
import { ensureDir, writeFileAtomic } from "../sys/files.ts";
import { mainServer } from "../target/main-server.ts";
import { overrideFile } from "../target/worktree-target.ts";
import type { WorktreeTools } from "./tools.ts";

/** What a worktree's compose files publish. */
export interface ContainerPlan {
  config: ComposeConfig;
  published: Record<string, PublishedPort>;
}

/**
 * Reads the compose files of a worktree's checkout; undefined where pgrove.yaml has none. Throws (exit 3) when its
 * database would not be apart from main's.
 */
export async function planContainers(
  { loaded, place, operation }: WorktreeTools,
  { root }: GitWorktree,
  row: WorktreeRow | undefined,
): Promise<ContainerPlan | undefined> {
  const { server, ports } = loaded.config;
  if (server.kind !== "compose") return undefined;
  const { service, profiles } = server;
  const mains = await mainServer(loaded, place);
  const mainFile = mains.kind === "compose" ? mains.files[0] : undefined;
  const files = server.files.map((file) => pathInWorktree(loaded, file, root));
  const project = row?.project === undefined ? {} : { project: row.project };
  const own = { ...project, ...(mainFile === undefined ? {} : { mainFile }) };
  const config = await readComposeConfig(operation.runner, { kind: "compose", files, service, profiles, ...own });
  await requireIsolatable(config, service, root);
  const allocated = row === undefined ? {} : { allocated: row.ports };
  return { config, published: listPublishedPorts(config, { service, configured: ports, ...allocated }) };
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
  await writeFileAtomic(file, renderOverride(config, { published, ports: row.ports, owner }));
}
