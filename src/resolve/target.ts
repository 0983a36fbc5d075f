import type { Toolbox } from "../postgres/toolbox.ts";
import type { Connection } from "../postgres/url.ts";
import type { WorktreeRow } from "../repo/registry.ts";
import { openServer } from "../server/open-server.ts";
import type { Login, Server, ServerSpec, ServerTools } from "../server/server.ts";

/** What a command acts on, as plain data. */
export interface Target {
  server: ServerSpec;
  /** What pgrove.yaml or the URL says of the login; the server's own defaults fill the rest. */
  login: Login;
  /** For people, without secrets: "main", "production (.env.production)", "app on db.example:5432". */
  label: string;
  /** For file names and scripts: "main", "production", a database's name. */
  name: string;
  /** In isolation `schema` the schema that is acted on; what lies outside it is not touched. */
  schema?: string | undefined;
  /** The linked worktree whose database it is. */
  worktree?: WorktreeRow;
  /** The environment's name where it has one: what a protected target asks to be typed. */
  environment?: string;
  protected: boolean;
  /** DB_MAX_CONNS, DB_MIN_CONNS and DB_MAX_LIFETIME, where they are set: for the programs that use it. */
  pool?: Readonly<Record<string, string>>;
  /** How many connections pgrove may open to it at a time. */
  maxConnections?: number;
  /** The protected environment whose database it is, where it was named in another way. */
  protectedAs?: string;
  /** The protected environments of pgrove.yaml, where it may turn out to be the database of one. */
  guards?: readonly string[];
  /** Its server is the one that `services` of pgrove.yaml use: they are stopped while it is replaced. */
  hasServices?: true;
  /** The address of the URL that named it, where its server is not the URL's any more. */
  dialled?: Pick<Connection, "host" | "hostaddr" | "port">;
  /** What only other programs read in the URL that named it, where its server is not the URL's any more. */
  programs?: { extras: Readonly<Record<string, string>>; scheme: string | undefined };
}

/** A target whose server answers: where features work. */
export interface LiveTarget {
  target: Target;
  server: Server;
  toolbox: Toolbox;
  database: string;
}

/** Opens the target's server. Throws (exit 4) when it does not run. `database` overrides the target's own. */
export async function openTarget(target: Target, tools: ServerTools, database?: string): Promise<LiveTarget> {
  const server = openServer(target.server, target.login, tools);
  const [toolbox, access] = await Promise.all([server.open(), server.access()]);
  return { target, server, toolbox, database: database ?? access.database };
}

/**
 * How this machine's programs reach the target; undefined when only `docker exec` does. A server that is open already is
 * not asked again for another database of the same login.
 */
export async function reachTarget(
  target: Target,
  tools: ServerTools,
  opened?: LiveTarget,
): Promise<Connection | undefined> {
  const connection = await reachDatabase(target, tools, opened);
  if (connection === undefined || target.programs === undefined) return connection;
  const { extras, scheme } = target.programs;
  return { ...connection, extras, ...(scheme === undefined ? {} : { scheme }) };
}

async function reachDatabase(
  { server: spec, login }: Target,
  tools: ServerTools,
  opened: LiveTarget | undefined,
): Promise<Connection | undefined> {
  const { database } = login;
  const isOpen =
    opened !== undefined &&
    Bun.deepEquals(spec, opened.target.server) &&
    Bun.deepEquals(login, { ...opened.target.login, database });
  if (isOpen && database !== undefined) return await opened.server.reach(database);
  const server = openServer(spec, login, tools);
  return await server.reach((await server.access()).database);
}
