/** A server that somebody else runs, reached by a URL. pgrove neither starts nor stops it. */
import { messageOf, missingError, PgroveError, refusal } from "../errors.ts";
import { createClientImageToolbox } from "../postgres/client-image-toolbox.ts";
import { openConnection } from "../postgres/connect.ts";
import { createHostToolbox } from "../postgres/host-toolbox.ts";
import { findPassfilePassword } from "../postgres/passfile.ts";
import { withOpened } from "../postgres/session.ts";
import { requireSessionAttributes, standbyIsPreferred } from "../postgres/session-attributes.ts";
import type { Toolbox } from "../postgres/toolbox.ts";
import { type Connection, eachAddress, isSocket } from "../postgres/url.ts";
import { formatVersion, type Version, versionOfNumber } from "../postgres/version.ts";
import { newRunId } from "../sys/run-id.ts";
import { findClientPrograms } from "./client-programs.ts";
import { servicesByName } from "./container-services.ts";
import type { Access, Login, ServerOfKind, ServerSpec, ServerState, ServerTools } from "./server.ts";

export type RemoteSpec = Extract<ServerSpec, { kind: "url" }>;

/** The server behind a URL. */
export function createRemoteServer(spec: RemoteSpec, login: Login, tools: ServerTools): ServerOfKind {
  const { runner } = tools;
  const label = `server at ${eachAddress(spec.connection).map(nameAddress).join(" or ")}`;
  const access = accessOf(spec.connection, login);
  const connectionTo = (database: string): Connection => {
    const { password: _theirs, ...rest } = spec.connection;
    const own = access.password === undefined ? {} : { password: access.password };
    return { ...rest, user: access.user, database, ...own };
  };

  let asked: Promise<Answering> | undefined;
  const answering = (): Promise<Answering> => {
    asked ??= findAnswering(connectionTo(access.database), label);
    asked.catch(() => {
      asked = undefined;
    });
    return asked;
  };
  const serverVersion = async () => (await answering()).version;
  let toolbox: Promise<Toolbox> | undefined;
  const open = async (): Promise<Toolbox> => {
    const { version, connection } = await answering();
    toolbox ??= chooseToolbox(connection, version, label, tools);
    toolbox.catch(() => {
      toolbox = undefined;
    });
    return await toolbox;
  };
  const refuse = (verb: string) => Promise.reject(notOurs(verb, label));

  return {
    spec,
    label,
    inspect: (again = false) => {
      if (again) asked = undefined;
      return inspectRemote(spec.connection, serverVersion);
    },
    access: () => Promise.resolve(access),
    reach: (database) => Promise.resolve(connectionTo(database)),
    open,
    start: () => refuse("start"),
    stop: () => refuse("stop"),
    logs: () => refuse("read the log of"),
    ...servicesByName(runner),
  };
}

function notOurs(verb: string, label: string): PgroveError {
  const what = `pgrove does not ${verb} the ${label}: somebody else runs it`;
  return refusal("not_ours", what, "do it on the machine where it runs");
}

function accessOf(connection: Connection, login: Login): Access {
  const user = login.user ?? connection.user;
  const password = login.password ?? (user === connection.user ? connection.password : undefined);
  const access: Access = { user, database: login.database ?? connection.database };
  return password === undefined ? access : { ...access, password };
}

function nameAddress({ host, port, hostaddr }: Connection): string {
  return isSocket({ host, ...(hostaddr === undefined ? {} : { hostaddr }) }) ? host : `${host}:${port}`;
}

/** The server of the URL that answers, with what the user's own files say of its login. */
interface Answering {
  version: Version;
  connection: Connection;
}

/** Errors after which libpq tries the next host of a URL. */
const NEXT = new Set(["server_down", "server_starting", "server_unreachable", "host_unknown", "session_attributes"]);

/**
 * The first of the URL's servers that answers and is of the kind that `target_session_attrs` asks for. All the work is
 * then done on that one: a session and a program that came to two servers would be worse than none.
 */
async function findAnswering(connection: Connection, label: string): Promise<Answering> {
  const rounds = standbyIsPreferred(connection) ? ["standby", "any"] : [connection.parameters.target_session_attrs];
  let failed: unknown;
  for (const attributes of rounds) {
    for (const address of eachAddress(connection)) {
      const password = address.password ?? (await findPassfilePassword(address));
      const own = password === undefined ? address : { ...address, password };
      try {
        return { version: await askVersion(own, label, attributes), connection: own };
      } catch (error) {
        failed ??= error;
        if (!(error instanceof PgroveError) || !NEXT.has(error.code)) throw error;
      }
    }
  }
  throw failed;
}

async function askVersion(connection: Connection, label: string, attributes: string | undefined): Promise<Version> {
  const connect = () =>
    openConnection(connection, newRunId(new Date()), { label }).catch((error: unknown) => {
      throw explainAbsence(error, label);
    });
  return await withOpened(connect, async (sql) => {
    const [row] = await sql<{ number: string }[]>`select current_setting('server_version_num') as number`;
    await requireSessionAttributes(sql, attributes, label);
    return versionOfNumber(Number(row?.number));
  });
}

/** `pgrove up` does not help with a server that somebody else runs. */
function explainAbsence(error: unknown, label: string): unknown {
  if (!(error instanceof PgroveError) || error.code !== "server_down") return error;
  return missingError(error.code, error.message, `check the URL, and that the ${label} runs`);
}

/** Errors by which a server shows that it is there. */
const ANSWERS = new Set(["login_failed", "database_missing", "too_many_connections"]);

async function inspectRemote(connection: Connection, ask: () => Promise<Version>): Promise<ServerState> {
  const place = connection.host.startsWith("/") ? {} : { host: connection.host, port: connection.port };
  try {
    return { condition: "running", detail: `PostgreSQL ${formatVersion(await ask())}`, ...place };
  } catch (error) {
    if (!(error instanceof PgroveError)) throw error;
    const detail = messageOf(error);
    if (error.code === "server_starting") return { condition: "starting", detail, ...place };
    return { condition: ANSWERS.has(error.code) ? "running" : "unreachable", detail, ...place };
  }
}

/** This machine's programs where they are new enough, else those of a container image. */
async function chooseToolbox(
  connection: Connection,
  { major }: Version,
  label: string,
  tools: ServerTools,
): Promise<Toolbox> {
  const found = await findClientPrograms(major, `the ${label} is PostgreSQL ${major}`, tools, connection);
  const access = { label, major: found.major, connection, stageParent: tools.stageParent };
  if ("image" in found) return createClientImageToolbox(tools.runner, { ...access, image: found.image });
  // Also a server on this machine is somebody else's: its files are not ours to measure.
  return createHostToolbox(tools.runner, { ...access, programs: found.folder, dataIsHere: false });
}
