/** Whether a worktree can be given what `isolation` in pgrove.yaml promises, asked before anything is made for it. */
import { requireDatabaseRights } from "../postgres/admin.ts";
import { listSessions, type Session } from "../postgres/occupants.ts";
import { requireRoleRights } from "../postgres/role.ts";
import type { InitialData } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { givesRoles, hasOwnServer } from "../resolve/worktree-target.ts";
import { newRunId } from "../sys/run-id.ts";
import { inDatabase, onServer } from "../unit/marks.ts";
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

/**
 * Tries what a new worktree will need of main's server; resolves with who is connected to main's database. Throws when
 * main's login does not get in, and (exit 5) when it may not make what `isolation` gives a worktree.
 */
export async function tryMain(
  { loaded, operation }: WorktreeTools,
  main: LiveTarget,
  data: InitialData,
): Promise<Session[]> {
  const now = operation.clock.now();
  const sessions = await onServer(main, now, async (sql) => {
    if (givesRoles(loaded.config)) await requireRoleRights(sql);
    else if (!hasOwnServer(loaded.config)) await requireDatabaseRights(sql);
    return await listSessions(sql, main.database, newRunId(now));
  });
  if (copiesMain(data)) await inDatabase(main, now, async (sql) => await sql`select 1`);
  return sessions;
}

/** Whether the data come from main's database, and so who works with it is in the way. */
export function copiesMain(data: InitialData): boolean {
  return data.kind === "copy" && data.source === "main";
}
