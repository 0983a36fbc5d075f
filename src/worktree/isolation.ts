/** Whether a worktree can be given what `isolation` in pgrove.yaml promises, asked before anything is made for it. */
import { requireRoleRights } from "../postgres/role.ts";
import type { LiveTarget } from "../target/target.ts";
import { onServer } from "./marks.ts";
import { planContainers } from "./own-containers.ts";
import type { WorktreeTools } from "./tools.ts";

/**
 * Throws (exit 3) when the server cannot be one of a worktree's own, or the main worktree's compose files would not keep
 * the databases apart; (exit 5) when main's login may not create the roles that own the schemas. `main` is looked at
 * where it is open.
 */
export async function requireIsolation(tools: WorktreeTools, main: LiveTarget | undefined): Promise<void> {
  const { isolation } = tools.loaded.config;
  if (isolation === "container") {
    const { mainRoot } = tools.repository;
    await planContainers(tools, { root: mainRoot ?? tools.repository.root }, undefined);
  }
  if (isolation === "schema" && main !== undefined) {
    await onServer(main, tools.operation.clock.now(), requireRoleRights);
  }
}
