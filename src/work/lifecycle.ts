/** Starting and stopping a target's server, with its journal entries. */
import { refusal } from "../errors.ts";
import type { LiveTarget, Target } from "../resolve/target.ts";
import { hasOwnServer } from "../resolve/worktree-target.ts";
import { openServer } from "../server/open-server.ts";
import type { Server, ServerState, ServerTools, StartOptions } from "../server/server.ts";
import { type OperationTools, withOperation } from "../sys/operation.ts";

/** How long a server may take until it answers; a first start makes its cluster. */
const START_WAIT_MS = 120_000;

export interface LifecycleTools extends Pick<StartOptions, "mayRecreate"> {
  server: ServerTools;
  operation: OperationTools;
}

/**
 * The target with its server open; a server that does not run is started first, where that is wanted. Throws (exit 4)
 * when it does not run else.
 */
export async function openStarted(target: Target, tools: LifecycleTools, mayStart: boolean): Promise<LiveTarget> {
  const server = openServer(target.server, target.login, tools.server);
  if (mayStart && ((await server.inspect()).condition !== "running" || mayBeNew(target))) {
    tools.operation.note(`starting ${server.label}`);
    await operateOn(server, "up", target, tools, (each) => start(each, tools, []));
  }
  const [toolbox, { database }] = await Promise.all([server.open(), server.access()]);
  return { target, server, toolbox, database };
}

/** A run that was killed may just have started it: it runs, and takes no connections yet. */
function mayBeNew({ worktree }: Target): boolean {
  return worktree?.state === "creating" && hasOwnServer(worktree);
}

/** Starts the server and waits until it takes connections. A server that runs is left alone. */
export async function startTarget(
  target: Target,
  tools: LifecycleTools,
  services: readonly string[],
): Promise<ServerState> {
  return await operate("up", target, tools, (server) => start(server, tools, services));
}

/** Stops the server, or the given services of its compose file. Throws (exit 5) when it is not the target's alone. */
export async function stopTarget(
  target: Target,
  tools: LifecycleTools,
  services: readonly string[],
): Promise<ServerState> {
  requireOwnServer(target, "down");
  return await operate("down", target, tools, (server) => stop(server, services));
}

/** Stops and starts the server, or the given services. Throws (exit 5) when it is not the target's alone. */
export async function restartTarget(
  target: Target,
  tools: LifecycleTools,
  services: readonly string[],
): Promise<ServerState> {
  requireOwnServer(target, "restart");
  return await operate("restart", target, tools, async (server) => {
    await stop(server, services);
    await start(server, tools, services);
  });
}

/** Throws (exit 5) for a worktree on main's server: it would be stopped for main and all other worktrees, too. */
function requireOwnServer({ worktree, label }: Target, operation: "down" | "restart"): void {
  if (worktree === undefined || hasOwnServer(worktree)) return;
  throw refusal(
    "server_shared",
    `${label} has its ${worktree.isolation} on main's server, which would stop for main and every worktree`,
    `pgrove ${operation} main`,
  );
}

async function start(
  server: Server,
  { operation, mayRecreate }: LifecycleTools,
  services: readonly string[],
): Promise<void> {
  const further = {
    ...(services.length === 0 ? {} : { services }),
    ...(mayRecreate === undefined ? {} : { mayRecreate }),
  };
  await server.start({ waitMs: START_WAIT_MS, abort: operation.abort, ...further });
}

async function stop(server: Server, services: readonly string[]): Promise<void> {
  await (services.length === 0 ? server.stop() : server.stop(services));
}

async function operate(
  operation: string,
  target: Target,
  tools: LifecycleTools,
  work: (server: Server) => Promise<void>,
): Promise<ServerState> {
  return await operateOn(openServer(target.server, target.login, tools.server), operation, target, tools, work);
}

async function operateOn(
  server: Server,
  operation: string,
  target: Target,
  tools: LifecycleTools,
  work: (server: Server) => Promise<void>,
): Promise<ServerState> {
  const subject = { operation, target: target.label, server: server.label, database: target.login.database ?? "" };
  return await withOperation(tools.operation, subject, async () => {
    await work(server);
    return await server.inspect();
  });
}
