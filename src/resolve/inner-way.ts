/** How programs call a server of which no port of this machine leads there. */
import { type Connection, DEFAULT_PORT } from "../postgres/url.ts";
import { openServer } from "../server/open-server.ts";
import type { ServerSpec, ServerTools } from "../server/server.ts";
import type { Target } from "./target.ts";

/** What a server is called where containers reach it: its service, its container. */
export function innerNames(server: ServerSpec): string[] {
  if (server.kind === "compose") return [server.service];
  return server.kind === "container" ? [server.container] : [];
}

/**
 * By its name in its own network, or through a tunnel to the port that it publishes on another machine; without a password.
 * Undefined for a server that is in no container.
 */
export async function innerWay({ server: spec, login }: Target, tools: ServerTools): Promise<Connection | undefined> {
  const [name] = innerNames(spec);
  if (name === undefined) return undefined;
  const server = openServer(spec, login, tools);
  const [{ farPort }, { user, database }] = await Promise.all([server.inspect(), server.access()]);
  const place = farPort === undefined ? { host: name, port: DEFAULT_PORT } : { host: "127.0.0.1", port: farPort };
  return { ...place, user, database, parameters: {} };
}
