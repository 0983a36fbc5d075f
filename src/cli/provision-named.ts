/** Provisioning of a worktree by its name, as `provision` and `doctor --fix` do it: with whoever sits there to be asked. */
import type { GitWorktree } from "../repo/worktree.ts";
import { hasOwnServer } from "../resolve/worktree-target.ts";
import type { Provisioned } from "../worktree/provision.ts";
import type { WorktreeTools } from "../worktree/tools.ts";
import type { Context } from "./context.ts";
import { readConfiguredData } from "./initial-data.ts";
import { provisionRequest } from "./provisioning.ts";
import { approvingOnce } from "./trust.ts";
import { dumpItem } from "./trust-collect.ts";

/** What was asked for. */
export interface NamedProvision {
  /** Its name, branch or folder; undefined for the one that one stands in. */
  text: string | undefined;
  /** Another name, for a parked one whose own is taken. */
  name: string | undefined;
  setup: boolean;
  start: boolean;
}

/** Gives the worktree what it lacks. Of main nothing is provisioned: it has its data. */
export async function provisionNamed(
  context: Context,
  tools: WorktreeTools,
  { text, name, setup, start }: NamedProvision,
): Promise<{ worktree: GitWorktree; provisioned?: Provisioned }> {
  const [{ openMain }, { provisionWorktree }, { findReturning }] = await Promise.all([
    import("../worktree/open-main.ts"),
    import("../worktree/provision.ts"),
    import("./returning.ts"),
  ]);
  // Git and the server are asked at once: mostly there is nothing to do, and this is all that takes time.
  const [{ worktree, ...returning }, main] = await Promise.all([
    findReturning(context, tools, text, name),
    hasOwnServer(tools.loaded.config) ? undefined : openMain(tools, start),
  ]);
  if (worktree.isMain) return { worktree };
  const data = readConfiguredData(tools.loaded, context.home);
  const request = await provisionRequest(context, data, { setup, start, silent: false });
  const opened = main === undefined ? {} : { main };
  const approveDump = async (path: string, database: string) => {
    const target = { label: database, name: database, protected: false };
    const what = `${path}, which pgrove.yaml names, will be restored into ${database}: its SQL will be run`;
    await approvingOnce(context, await dumpItem(path, tools.loaded), () => context.requireConsent({ target, what }));
  };
  const given = { ...request, ...opened, ...returning, approveDump };
  return { worktree, provisioned: await provisionWorktree(tools, worktree, given) };
}
