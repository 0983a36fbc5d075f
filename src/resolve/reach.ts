/** How the target's own programs come to it: as the worktree's role where it has one, and into its schema. */
import { missingError, type PgroveError } from "../errors.ts";
import { schemaSearchPath, searchPathOptions } from "../postgres/schema.ts";
import type { Connection } from "../postgres/url.ts";
import { openServer } from "../server/open-server.ts";
import type { ServerTools } from "../server/server.ts";
import { sshCommand } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import { engineEndpoint, engineIsLocal } from "../sys/engine-endpoint.ts";
import { reachTarget, type Target } from "./target.ts";

/** What is known of a database, also where no way leads there from this machine. */
export interface Whereabouts {
  connection: Connection | undefined;
  user: string;
  password?: string | undefined;
  database: string;
}

/** How this machine's programs reach the target, or at least who they would be there. */
export async function findWhereabouts(target: Target, tools: ServerTools): Promise<Whereabouts> {
  const reached = await reachTarget(target, tools);
  if (reached !== undefined) return whereaboutsOf(ownConnection(reached, target));
  const own = asOwnRole(target);
  return { connection: undefined, ...(await openServer(own.server, own.login, tools).access()) };
}

/** The same of a connection that is there. */
export function whereaboutsOf(connection: Connection): Whereabouts {
  const { user, password, database } = connection;
  return { connection, user, password, database };
}

/** How this machine's programs reach the target. Throws (exit 4) when only `docker exec` does. */
export async function requireReach(target: Target, tools: ServerTools): Promise<Connection> {
  const connection = await reachTarget(target, tools);
  if (connection !== undefined) return ownConnection(connection, target);
  throw await portUnpublished(target, tools);
}

/** That no URL of this machine leads there (exit 4). */
export async function portUnpublished(target: Target, tools: ServerTools): Promise<PgroveError> {
  const engine = engineOf(tools.runner);
  const endpoint = engineIsLocal(engine) ? undefined : engineEndpoint(engine);
  if (endpoint !== undefined) {
    const { farPort } = await openServer(target.server, target.login, tools).inspect();
    const tunnel = `or a tunnel to its port there: ${sshCommand(endpoint)} -N -L ${farPort}:127.0.0.1:${farPort}`;
    return missingError(
      "port_elsewhere",
      farPort === undefined
        ? `the container of ${target.label} is on another machine (${endpoint}), and publishes no port there`
        : `the container of ${target.label} is on another machine (${endpoint}), and so is its port ${farPort}`,
      farPort === undefined ? "pgrove shell" : `pgrove shell; ${tunnel}`,
    );
  }
  return missingError(
    "port_unpublished",
    `the container of ${target.label} publishes no port, so no URL of this machine leads to it`,
    'pgrove shell; or publish a port in the compose file: ports: ["127.0.0.1:5432:5432"]',
  );
}

/** The connection as the target's own programs use it: with the login of the worktree's role, and into its schema. */
export function ownConnection(connection: Connection, target: Target): Connection {
  const schema = schemaToEnter(target);
  if (schema === "") return connection;
  const role = target.worktree?.role;
  const login = role === undefined ? {} : { user: role.name, password: role.password };
  const options = withSearchPath(connection.parameters.options, schema);
  return { ...connection, ...login, parameters: { ...connection.parameters, options } };
}

/** What PostgreSQL's own search_path finds. */
const USUAL_SCHEMA = "public";

/** The schema that a session has to be led into; empty where it works in the right one by itself. */
function schemaToEnter({ schema = USUAL_SCHEMA }: Pick<Target, "schema">): string {
  return schema === USUAL_SCHEMA ? "" : schema;
}

/** The target with the login of the worktree's role, which owns its schema and finds it first. */
export function asOwnRole(target: Target): Target {
  const role = target.worktree?.role;
  if (role === undefined || !target.schema) return target;
  return { ...target, login: { ...target.login, user: role.name, password: role.password } };
}

/**
 * libpq's `options` for a session with the target; undefined where it works in the right schema by itself: as the role of
 * its own, or in `public`.
 */
export function sessionOptions(target: Pick<Target, "server" | "login" | "schema" | "worktree">): string | undefined {
  if (!hasToEnter(target)) return undefined;
  const { server, login } = target;
  const given = server.kind === "url" ? server.connection.parameters.options : login.options;
  return withSearchPath(given, schemaToEnter(target));
}

function hasToEnter(target: Pick<Target, "schema" | "worktree">): boolean {
  return schemaToEnter(target) !== "" && target.worktree?.role === undefined;
}

function withSearchPath(options: string | undefined, schema: string): string {
  const own = searchPathOptions(schema);
  return options === undefined ? own : `${options} ${own}`;
}

/** The SQL that does the same for a session that is open already; empty where there is nothing to do. */
export function entrySql(target: Pick<Target, "schema" | "worktree">): string {
  if (!hasToEnter(target)) return "";
  return `set search_path to ${schemaSearchPath(schemaToEnter(target))};`;
}
