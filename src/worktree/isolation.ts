/** Whether a worktree can be given what `isolation` in pgrove.yaml promises, asked before anything is made for it. */
import { requireRoleRights } from "../postgres/role.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { givesRoles, hasOwnServer } from "../resolve/worktree-target.ts";
import { onServer } from "../unit/marks.ts";
import { planContainers } from "./own-containers.ts";
import type { WorktreeTools } from "./tools.ts";

/**
 * Throws (exit 3) when the server cannot be one of a worktree's own, or the main worktree's compose files would not keep
 * the databases apart. Asks no server.
 */
export async function requireIsolatableServer(tools: WorktreeTools): Promise<void> {
  const { loaded, repository } = tools;
  if (!hasOwnServer(loaded.config)) return;
  await planContainers(tools, { root: repository.mainRoot ?? repository.root }, undefined);
}

/** Throws (exit 5) when main's login may not create the roles that own the schemas. */
export async function requireIsolationRights({ loaded, operation }: WorktreeTools, main: LiveTarget): Promise<void> {
  if (givesRoles(loaded.config)) await onServer(main, operation.clock.now(), requireRoleRights);
}
