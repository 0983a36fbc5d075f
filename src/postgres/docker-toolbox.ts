/** PostgreSQL's programs inside the server's own container, by `docker exec`. */
import type { Duplex } from "node:stream";
import { captureDocker, dockerCommand, explainDockerError } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import type { Command, Runner } from "../sys/process.ts";
import { applicationName, type RunId } from "../sys/run-id.ts";
import { isPassing, openConnection } from "./connect.ts";
import { namedVariables, programEnvironment, wrapProgram } from "./container-programs.ts";
import { findsSocketClosed } from "./local-login.ts";
import { writingEnvironment } from "./own-settings.ts";
import { takingBack } from "./psql-input.ts";
import { endSession } from "./session.ts";
import type { ConnectOptions, PgTool, Sql, Stage, Toolbox, ToolOptions } from "./toolbox.ts";
import { type Connection, DEFAULT_PORT, parametersOf } from "./url.ts";

export interface DockerAccess {
  container: string;
  label: string;
  user: string;
  password?: string;
  /** libpq's `options`: settings of its sessions. */
  options?: string;
  /** The one that the server listens on inside; left out, PostgreSQL's usual one. */
  port?: number;
  /** Its socket lets no program in; left out, that is found out with the first session. */
  socketClosed?: boolean;
  /** Where the server's port is published on this machine. */
  published?: { host: string; port: number };
  /** The container's own addresses: by them a server that answers on the published port is recognised. */
  addresses: readonly string[];
}

/**
 * Joins stdin and stdout to the server's port, in one bash that lasts as long as the server talks: a session that the
 * server ends is noticed at once, and what waits for our stdin then meets its end. At the end of our stdin it says goodbye in
 * the protocol's own words (Terminate: X, length 4), so that the server closes and nothing has to be killed. SIGPIPE is
 * ignored and the exit code is 0, for a process that died of a signal could be taken for a crashed backend.
 */
const relayTo = (port: number) => `trap '' PIPE
exec 3<>"/dev/tcp/127.0.0.1/${port}" || exit 1
{ cat; printf 'X\\0\\0\\0\\4'; exit 0; } <&0 >&3 2>/dev/null &
cat <&3`;

/** The toolbox of a running container. */
export function createDockerToolbox(runner: Runner, access: DockerAccess): Toolbox {
  const secrets = access.password === undefined ? [] : [access.password];
  const port = access.port === undefined || access.port === DEFAULT_PORT ? {} : { PGPORT: String(access.port) };
  let socketClosed = access.socketClosed;
  const place = () => (socketClosed ? { ...port, PGHOST: "127.0.0.1" } : port);
  const exec = (flags: readonly string[], program: readonly string[], env = {}): Command => ({
    ...dockerCommand(["exec", ...flags, ...namedVariables(env), access.container, ...program], env, secrets),
    remote: true,
  });
  const wrapped = (program: readonly string[], input: boolean, env = {}): Command => {
    const { words, proof } = wrapProgram(program);
    return { ...exec(input ? ["-i"] : [], words, env), proof };
  };

  const command = (tool: PgTool, args: readonly string[], run: RunId, options: ToolOptions = {}): Command => {
    const env = writingEnvironment(tool, { ...place(), ...programEnvironment(access, run, options) });
    return { ...wrapped([tool, ...args], options.input === true, env), ...takingBack(tool, options) };
  };

  const interactive = (args: readonly string[], run: RunId, database: string, tty: boolean): Command => {
    const settings = access.options === undefined ? {} : { PGOPTIONS: access.options };
    const env = { ...place(), ...settings, PGAPPNAME: applicationName(run), PGUSER: access.user, PGDATABASE: database };
    const login = access.password === undefined ? env : { ...env, PGPASSWORD: access.password };
    return exec(tty ? ["-i", "-t"] : ["-i"], ["psql", ...args], login);
  };

  return {
    label: access.label,
    place: "container",
    user: access.user,
    major: undefined,
    command,
    interactive,
    connect: async (database, run, options = {}) => {
      const sql = await connectToContainer(runner, access, database, run, options);
      socketClosed ??= await findsSocketClosed(sql, access.user, database);
      return sql;
    },
    dial: () => dialInside(runner, access),
    stage: (run) => Promise.resolve(containerStage(runner, access, wrapped, run)),
    freeDataBytes: (dataDirectory) => freeBytesAt(runner, access.container, dataDirectory),
  };
}

function connectionOf(access: DockerAccess, database: string): Connection {
  return {
    host: access.published?.host ?? "127.0.0.1",
    port: access.published?.port ?? access.port ?? DEFAULT_PORT,
    user: access.user,
    database,
    parameters: parametersOf(access),
    ...(access.password === undefined ? {} : { password: access.password }),
  };
}

const RETRY_EVERY_MS = 150;

/**
 * Over the published port where that is really this container and lets us in, else relayed through `docker exec`. Each
 * attempt tries both: what is wrong with the port is not always wrong inside.
 */
async function connectToContainer(
  runner: Runner,
  access: DockerAccess,
  database: string,
  run: RunId,
  options: ConnectOptions,
): Promise<Sql> {
  const connection = connectionOf(access, database);
  const once = { ...options, waitMs: 0, label: access.label, direct: true };
  const relay = () => asSocket(dialInside(runner, access));
  const until = Date.now() + (options.waitMs ?? 0);
  for (;;) {
    if (access.published !== undefined) {
      const sql = await openConnection(connection, run, once).catch(() => undefined); // the relay will say why
      if (sql !== undefined && (await isSameServer(sql, access))) return sql;
      if (sql !== undefined) await endSession(sql);
    }
    try {
      return await openConnection(connection, run, { ...once, socket: relay });
    } catch (error) {
      if (!isPassing(error) || Date.now() >= until) throw error;
      await Bun.sleep(RETRY_EVERY_MS);
    }
  }
}

function dialInside(runner: Runner, { container, port = DEFAULT_PORT }: DockerAccess): Duplex {
  return runner.duplex({ ...dockerCommand(["exec", "-i", container, "bash", "-c", relayTo(port)]), remote: true });
}

/**
 * What postgres.js expects of a socket: it says goodbye only to one that is "open" and waits until it is "closed". What
 * still comes after the goodbye is read and dropped, for else the relay could not end.
 */
function asSocket(stream: Duplex): Duplex {
  stream.once("finish", () => stream.resume());
  return Object.defineProperty(stream, "readyState", {
    get: () => (stream.closed ? "closed" : stream.writableEnded ? "readOnly" : "open"),
  });
}

/** On a Mac another server can answer on the same port of the loopback address; its own address gives it away. */
async function isSameServer(sql: Sql, access: DockerAccess): Promise<boolean> {
  if (access.addresses.length === 0) return true;
  const [row] = await sql<{ address: string | null }[]>`select host(inet_server_addr()) as address`;
  return row?.address != null && access.addresses.includes(row.address);
}

async function freeBytesAt(runner: Runner, container: string, path: string): Promise<number | undefined> {
  const said = await captureDocker(runner, ["exec", container, "df", "-Pk", path], { timeoutMs: 10_000 }).catch(
    () => undefined, // an image without df: the check is a courtesy
  );
  return said === undefined ? undefined : parseFreeBytes(said);
}

/** The "Available" column of `df -Pk`, in bytes. */
function parseFreeBytes(dfOutput: string): number | undefined {
  const line = dfOutput.trim().split("\n").at(-1) ?? "";
  const available = Number(line.trim().split(/\s+/)[3]);
  return Number.isFinite(available) ? available * 1024 : undefined;
}

const MAKE_FOLDER_AND = 'd=$1; shift; mkdir -p -m 700 "$d" && ';

function containerStage(
  runner: Runner,
  access: DockerAccess,
  wrapped: (program: readonly string[], input: boolean) => Command,
  run: RunId,
): Stage {
  const folder = stagePath(run);
  const path = (name: string) => `${folder}/${name}`;
  const feed = async (script: string, name: string, input: AsyncIterable<Uint8Array>, abort: AbortSignal) => {
    const program = ["sh", "-c", MAKE_FOLDER_AND + script, "pgrove", folder, path(name)];
    try {
      await runner.stream(wrapped(program, true), { input }, abort);
    } catch (error) {
      throw explainDockerError(error, engineOf(runner));
    }
    return path(name);
  };
  return {
    path,
    mounts: [],
    create: async () => {
      await captureDocker(runner, ["exec", access.container, "mkdir", "-p", "-m", "700", folder]);
    },
    lend: (hostFile, abort) => feed('cat > "$1"', "lent", Bun.file(hostFile).stream(), abort),
    write: (name, bytes, abort) => feed('cat > "$1"', name, bytes, abort),
    unpack: (name, tar, abort) => feed('mkdir -p "$1" && tar -xf - -C "$1"', name, tar, abort),
    packCommand: (name) => wrapped(["tar", "-C", path(name), "-cf", "-", "."], false),
    freeBytes: async () => (await freeBytesAt(runner, access.container, "/tmp")) ?? Number.MAX_SAFE_INTEGER,
    remove: () => removeStage(runner, access.container, folder),
  };
}

/** Where the files of a run lie inside a container. */
export function stagePath(run: RunId): string {
  return `/tmp/${applicationName(run)}`;
}

/** Removes a run's files from a container, also those of an earlier run that was killed. */
export async function removeStage(runner: Runner, container: string, folder: string): Promise<void> {
  await captureDocker(runner, ["exec", container, "rm", "-rf", "--", folder]);
}
