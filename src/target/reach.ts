import { missingError } from "../errors.ts";
import type { Connection } from "../postgres/url.ts";
import type { ServerTools } from "../server/server.ts";
import { reachTarget, type Target } from "./target.ts";

/** How this machine's programs reach the target. Throws (exit 4) when only `docker exec` does. */
export async function requireReach(target: Target, tools: ServerTools): Promise<Connection> {
  const connection = await reachTarget(target, tools);
  if (connection !== undefined) return connection;
  throw missingError(
    "port_unpublished",
    `the container of ${target.label} publishes no port, so no URL of this machine leads to it`,
    'pgrove shell; or publish a port in the compose file: ports: ["127.0.0.1:5432:5432"]',
  );
}
