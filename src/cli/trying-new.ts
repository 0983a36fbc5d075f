/** What `new` tries, and asks, before it makes anything. */
import type { InitialData } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { givesRoles, hasOwnServer } from "../resolve/worktree-target.ts";
import { copiesMain, requireIsolatableServer, tryMain } from "../worktree/isolation.ts";
import { openMain } from "../worktree/open-main.ts";
import type { ProvisionRequest } from "../worktree/provision.ts";
import type { WorktreeTools } from "../worktree/tools.ts";
import type { Context } from "./context.ts";
import { askAboutSessions } from "./sessions.ts";

/** What is known of main then, for the work itself. */
export type Tried = Partial<Pick<ProvisionRequest, "whenBusy">> & { main?: LiveTarget };

/**
 * Whatever would stop it later: compose files that do not keep the databases apart, a server that does not run, a login
 * that does not get in or has too few rights. Whoever sits at a terminal is asked now about who is connected to main.
 */
export async function tryNew(
  context: Context,
  tools: WorktreeTools,
  data: InitialData,
  mayStart: boolean,
): Promise<Tried> {
  await requireIsolatableServer(tools);
  const { config } = tools.loaded;
  if (hasOwnServer(config) && !mayStart) return {};
  const main = await openMain(tools, mayStart);
  const sessions = await tryMain(tools, main, data);
  const asks = context.prompt.available && !context.flags.yes && !hasOwnServer(config) && !givesRoles(config);
  if (sessions.length === 0 || !asks || !copiesMain(data)) return { main };
  const answer = await askAboutSessions(context, main.target.label, sessions);
  return { main, whenBusy: async () => answer };
}
