/** Provisioning of a worktree that `git worktree add` has just made: nobody is there to be asked. */
import type { Context } from "./context.ts";
import { chooseData, describeProvisioned, provisionRequest } from "./provisioning.ts";
import { formatFields } from "./table.ts";
import { requireWorktree, requireWorktreeTools } from "./worktree-tools.ts";

/**
 * Provisions the worktree that one stands in; the outcome is a part of the story. Setup steps run only when trusted, and no
 * server is started: with a container of its own that would run what a branch's compose file says.
 */
export async function provisionByHook(context: Context): Promise<void> {
  const tools = await requireWorktreeTools(context);
  const worktree = await requireWorktree(tools, undefined);
  if (worktree.isMain) return;
  const data = chooseData({ copy: undefined, restore: undefined, empty: false }, tools.loaded.config.worktrees.data);
  const request = await provisionRequest(context, data, { setup: true, start: false, silent: true });
  const { provisionWorktree } = await import("../worktree/provision.ts");
  context.output.note(formatFields(describeProvisioned(await provisionWorktree(tools, worktree, request))));
}
