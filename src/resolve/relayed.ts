/** A way to the target for programs of this machine: the one that is there, else one through the container's own programs. */
import { openPortRelay } from "../postgres/port-relay.ts";
import type { Connection } from "../postgres/url.ts";
import { parametersOf } from "../postgres/url.ts";
import type { ServerTools } from "../server/server.ts";
import { ownConnection, portUnpublished } from "./reach.ts";
import { openTarget, reachTarget, type Target } from "./target.ts";

/** What `use` makes of the way to the target, which lasts as long. Throws (exit 4) when the server does not run. */
export async function withReach<T>(
  target: Target,
  tools: ServerTools,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const reached = await reachTarget(target, tools);
  if (reached !== undefined) return await use(ownConnection(reached, target));
  const { server, toolbox, database } = await openTarget(target, tools);
  if (toolbox.dial === undefined) throw await portUnpublished(target, tools);
  const { user, password, options } = await server.access();
  const relay = await openPortRelay(toolbox.dial);
  try {
    const { host, port } = relay;
    const parameters = parametersOf({ options });
    const login = { user, database, parameters, ...(password === undefined ? {} : { password }) };
    return await use(ownConnection({ host, port, ...login }, target));
  } finally {
    await relay.close();
  }
}
