/** What `up`, `down` and `restart` have in common. */

import type { Target } from "../resolve/target.ts";
import { hasOwnServer } from "../resolve/worktree-target.ts";
import type { ServerState } from "../server/server.ts";
import type { LifecycleTools } from "../work/lifecycle.ts";
import type { Context } from "./context.ts";
import { defineArgs, TARGET } from "./grammar.ts";
import { describeServer, serverDocument } from "./server-lines.ts";

export const LIFECYCLE_ARGS = defineArgs({
  target: TARGET,
  service: {
    ...{ type: "string", valueHint: "SERVICE", repeatable: true },
    description: "a service of the compose file beside the database",
  },
});

type Change = (target: Target, tools: LifecycleTools, services: readonly string[]) => Promise<ServerState>;

/** Changes the state of the target's server, and tells what it is now. */
export async function changeServer(
  context: Context,
  targetText: string | undefined,
  services: readonly string[],
  change: Change,
): Promise<void> {
  const target = await resolveServer(context, targetText);
  const { prompt, flags } = context;
  const asks = prompt.available && !flags.yes;
  const tools = {
    ...{ server: await context.serverTools(), operation: await context.operationTools() },
    ...(asks ? { mayRecreate: (what: string) => prompt.confirm(`${what}\nMake it anew?`) } : {}),
  };
  const state = await change(target, tools, services);
  const document = { target: target.name, services, server: serverDocument(target.label, state) };
  await context.output.answer(document, () => `${target.label}: ${describeServer(state)}`);
}

/** The target; where it has containers of its own, they follow what its checkout of the compose files says now. */
export async function resolveServer(context: Context, targetText: string | undefined): Promise<Target> {
  const target = await context.resolveTarget(targetText);
  if (target.worktree === undefined || !hasOwnServer(target.worktree)) return target;
  const [{ requireWorktreeTools }, { renewOverride }, { worktreeTarget }] = await Promise.all([
    import("./worktree-tools.ts"),
    import("../worktree/own-containers.ts"),
    import("../resolve/worktree-target.ts"),
  ]);
  const tools = await requireWorktreeTools(context);
  return await worktreeTarget(await renewOverride(tools, target.worktree), tools.loaded, tools.place);
}
