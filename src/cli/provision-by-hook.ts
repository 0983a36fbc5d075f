/** Provisioning of a worktree that `git worktree add` has just made: nobody is there to be asked. */
import { EXIT, messageOf, missingError, PgroveError, refusal } from "../errors.ts";
import { hasOwnServer } from "../resolve/worktree-target.ts";
import { hookMark } from "../sys/hook-mark.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { ProvisionRequest } from "../worktree/provision.ts";
import type { WorktreeTools } from "../worktree/tools.ts";
import type { Context } from "./context.ts";
import { listDoubts } from "./foreign-dump.ts";
import { readConfiguredData } from "./initial-data.ts";
import { describeProvisioned, provisionRequest, warnOfProvisioned } from "./provisioning.ts";
import { formatFields } from "./table.ts";
import { approvingOnce } from "./trust.ts";
import { dumpItem, listItems, listUnapproved } from "./trust-collect.ts";
import { requireWorktree, requireWorktreeTools } from "./worktree-tools.ts";

/** What would act on the way; a dump of the branch's is asked about where it would be restored. */
const BY_HOOK = ["env.set", "server.url", "dumps.dir", "server.compose"] as const;

/** How long git waits at most for containers. */
const START_MS = 120_000;

/**
 * Provisions the worktree that one stands in; the outcome is a part of the story. Nothing of the branch acts that was not
 * approved, setup steps are left out then, and no server is started but the worktree's own, with main's to copy from.
 */
export async function provisionByHook(context: Context): Promise<void> {
  const repository = await context.repository();
  if (repository !== undefined && !repository.isMain) await requireAllApproved(context, repository.root);
  const tools = await requireWorktreeTools(context);
  const worktree = await requireWorktree(tools, undefined);
  if (worktree.isMain) return;
  const data = readConfiguredData(tools.loaded, context.home);
  const start = hasOwnServer(tools.loaded.config) && tools.loaded.config.hooks.start;
  if (start)
    context.output.note("pgrove: starting a container for this worktree (hooks.start: false leaves that to you)");
  const request = await provisionRequest(context, data, { setup: true, start, silent: true });
  const approveDump = async (path: string) => {
    await approvingOnce(context, await dumpItem(path, tools.loaded), async () => {
      throw refusal(
        "not_trusted",
        `its pgrove.yaml wants ${path} restored, which was not approved`,
        byHand(worktree.root),
      );
    });
  };
  const approveForeign: ProvisionRequest["approveForeign"] = async (foreign) => {
    const [first] = await listDoubts(context, foreign);
    if (first === undefined) return;
    throw refusal("not_trusted", `its data were not approved: ${first.asked}`, byHand(worktree.root));
  };
  const stepVariables = await hookMark();
  const { provisionWorktree } = await import("../worktree/provision.ts");
  const provisioned = await withinTime(tools, (bounded) =>
    provisionWorktree(bounded, worktree, { ...request, approveDump, approveForeign, stepVariables }),
  ).catch((error: unknown) => {
    throw refusedToStep(error, worktree.root);
  });
  context.output.note(formatFields(describeProvisioned(provisioned)));
  warnOfProvisioned(context, provisioned);
}

/** Throws (exit 4) when it takes longer than git is to wait for; what is done until then stays. */
async function withinTime<T>(tools: WorktreeTools, work: (bounded: WorktreeTools) => Promise<T>): Promise<T> {
  const { operation } = tools;
  const late = AbortSignal.timeout(START_MS);
  const abort = AbortSignal.any([operation.abort, late]);
  try {
    return await work({ ...tools, operation: { ...operation, abort } });
  } catch (error) {
    if (!late.aborted || operation.abort.aborted) throw error;
    throw missingError("hook_late", `it was not ready within ${START_MS / 1000} s`, "pgrove provision");
  }
}

/** A step that was refused something has said what; here is what to type. */
function refusedToStep(error: unknown, root: string): unknown {
  if (!(error instanceof PgroveError) || error.code !== "step_failed") return error;
  const isRefusal = error.cause instanceof ToolError && error.cause.failure.exitCode === EXIT.refused;
  return isRefusal ? refusal("not_trusted", messageOf(error), byHand(root, "pgrove trust && ")) : error;
}

async function requireAllApproved(context: Context, root: string): Promise<void> {
  const [first] = await listUnapproved(context, await listItems(context, BY_HOOK));
  if (first === undefined) return;
  throw refusal("not_trusted", `its ${first.key} was not approved: ${first.text}`, byHand(root, "pgrove trust && "));
}

function byHand(root: string, before = ""): string {
  return `cd ${quoteWord(root)} && ${before}pgrove provision`;
}
