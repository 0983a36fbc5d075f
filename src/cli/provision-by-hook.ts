/** Provisioning of a worktree that `git worktree add` has just made: nobody is there to be asked. */
import { refusal } from "../errors.ts";
import { quoteWord } from "../sys/shell-word.ts";
import type { Context } from "./context.ts";
import { describeProvisioned, provisionRequest, readConfiguredData } from "./provisioning.ts";
import { formatFields } from "./table.ts";
import { requireWorktree, requireWorktreeTools } from "./worktree-tools.ts";

/**
 * Provisions the worktree that one stands in; the outcome is a part of the story. Setup steps run only when trusted, no
 * server is started: with a container of its own that would run what a branch's compose file says; and no dump is
 * restored but one of the user's own store: its SQL would run.
 */
export async function provisionByHook(context: Context): Promise<void> {
  const tools = await requireWorktreeTools(context);
  const worktree = await requireWorktree(tools, undefined);
  if (worktree.isMain) return;
  const data = readConfiguredData(tools.loaded, context.home);
  const request = await provisionRequest(context, data, { setup: true, start: false, silent: true });
  const approveDump = async (path: string) => {
    throw refusal(
      "dump_not_approved",
      `its pgrove.yaml wants ${path} restored, which was not approved`,
      `cd ${quoteWord(worktree.root)} && pgrove provision`,
    );
  };
  const { provisionWorktree } = await import("../worktree/provision.ts");
  context.output.note(
    formatFields(describeProvisioned(await provisionWorktree(tools, worktree, { ...request, approveDump }))),
  );
}
