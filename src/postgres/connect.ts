import { connect as dialSocket } from "node:net";
import type { Duplex } from "node:stream";
import { EXIT, failure, messageOf, missingError, PgroveError } from "../errors.ts";
import { redact } from "../sys/redact.ts";
import { applicationName, controlName, type RunId } from "../sys/run-id.ts";
import { stringAt } from "../sys/untyped.ts";
import { openOneSession } from "./one-session.ts";
import type { ConnectOptions, Sql } from "./toolbox.ts";
import type { Connection } from "./url.ts";

const CONNECT_TIMEOUT_S = 10;
const RETRY_EVERY_MS = 150;

/** Opens a byte stream to the server where TCP from here does not reach it. */
export type OpenSocket = () => Duplex;

function tlsOption(parameters: Readonly<Record<string, string>>) {
  switch (parameters.sslmode) {
    case "require":
    case "verify-ca":
    case "verify-full":
      return parameters.sslmode === "require" ? "require" : "verify-full";
    case "disable":
    case "allow":
      return false;
    default:
      return "prefer";
  }
}

/** True for what a server says, or does not say, while it is starting or restarting. */
function isStarting(error: unknown): boolean {
  const code = codeOf(error);
  return code === "57P03" || code === "ECONNREFUSED" || code === "ECONNRESET" || code === "CONNECTION_CLOSED";
}

/** True for a failed connection that may succeed in a moment, since the server is starting or restarting. */
export function isPassing(error: unknown): boolean {
  return error instanceof PgroveError && (error.code === "server_starting" || error.code === "server_down");
}

export function codeOf(error: unknown): string | undefined {
  return stringAt(error, "code");
}

/**
 * One connection of postgres.js, proved by a round trip, over TCP, a Unix socket, or a given byte stream. Waits up to
 * `waitMs` for a server that is starting. `direct` says that no pooler stands between, which would hand our settings on to
 * others. Throws PgroveError in words, without the password.
 */
export async function openConnection(
  connection: Connection,
  run: RunId,
  options: ConnectOptions & { socket?: OpenSocket; label: string; direct?: boolean },
): Promise<Sql> {
  const { default: postgres } = await import("postgres");
  const until = Date.now() + (options.waitMs ?? 0);
  const relay = options.socket;
  for (;;) {
    try {
      return await openOneSession(
        relay ?? (() => dial(connection)),
        (session) =>
          postgres({
            host: connection.host,
            port: connection.port,
            user: connection.user,
            pass: connection.password ?? "",
            database: connection.database,
            ssl: relay !== undefined || connection.host.startsWith("/") ? false : tlsOption(connection.parameters),
            max: 1,
            prepare: false,
            fetch_types: false,
            connect_timeout: CONNECT_TIMEOUT_S,
            idle_timeout: 0,
            max_lifetime: null,
            connection: {
              application_name: options.control ? controlName(run) : applicationName(run),
              ...(connection.parameters.options === undefined ? {} : { options: connection.parameters.options }),
            },
            onnotice: (notice) => options.notice?.(String(notice.message ?? ""), String(notice.code ?? "")),
            ...session,
          }),
        options.direct ? liftLimits(options.runsUsersSql ? WAITING : [...WAITING, ...WORKING]) : "select 1",
      );
    } catch (error) {
      if (!isStarting(error) || Date.now() >= until) throw explainConnectError(error, connection, options.label);
      await Bun.sleep(RETRY_EVERY_MS);
    }
  }
}

/** Limits after which a server ends a session that waits, as ours do while a program of PostgreSQL works. */
const WAITING = ["idle_session_timeout", "idle_in_transaction_session_timeout"];
/** Limits of what a session does. */
const WORKING = ["statement_timeout", "transaction_timeout", "lock_timeout", "default_transaction_read_only"];

/** Whatever role and database say: a limit that is meant for programs would end our work half-way, or refuse it. */
function liftLimits(names: readonly string[]): string {
  const list = names.map((name) => `'${name}'`).join(", ");
  return `select set_config(name, '0', false) from unnest(array[${list}]) name where current_setting(name, true) not in ('0', 'off')`;
}

/** TCP or a Unix socket, once it is connected. */
function dial({ host, port }: Connection): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const place = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
    const socket = dialSocket({ ...place, allowHalfOpen: true });
    const late = setTimeout(() => {
      socket.destroy();
      reject(withCode(`no answer within ${CONNECT_TIMEOUT_S} s`, "CONNECT_TIMEOUT"));
    }, CONNECT_TIMEOUT_S * 1000);
    const fail = (error: Error) => {
      clearTimeout(late);
      reject(error);
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(late);
      socket.off("error", fail);
      resolve(Object.assign(socket, { host })); // the name that a TLS certificate is checked against
    });
  });
}

function withCode(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Why a connection failed, what to do about it, and the right exit code. */
export function explainConnectError(error: unknown, connection: Connection, label: string): PgroveError {
  if (error instanceof PgroveError) return error;
  const { database, user } = connection;
  const said = redact(messageOf(error), connection.password === undefined ? [] : [connection.password]);
  switch (codeOf(error)) {
    case "3D000":
      return missingError("database_missing", `there is no database ${database} on ${label}`, "pgrove status");
    case "55000":
      return missingError(
        "database_unusable",
        `${database} on ${label} takes no connections: ${said}`,
        "pgrove restore        puts a dump in the place of one that was dropped half-way",
      );
    case "28P01":
    case "28000":
      return new PgroveError({
        code: "login_failed",
        message: `${label} does not let ${user} in: ${said}`,
        hint: "check database.user and database.password in pgrove.yaml, or the URL in the env file",
        exit: EXIT.config,
      });
    case "57P03":
      return missingError("server_starting", `${label} is starting and not ready yet: ${said}`, "pgrove status");
    case "53300":
      return failure("too_many_connections", `${label} has no connection left: ${said}`, "close some connections");
    case "ECONNREFUSED":
    case "ENOENT":
      return missingError("server_down", `nothing answers at ${where(connection)} (${label})`, "pgrove up");
    case "ECONNRESET":
    case "CONNECTION_CLOSED":
      return missingError(
        "server_starting",
        `${label} takes no connections: it closed this one at once`,
        "pgrove status",
      );
    case "CONNECT_TIMEOUT":
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return missingError("server_unreachable", `${label} does not answer: ${said}`, "check the host, and the network");
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return missingError("host_unknown", `the host ${connection.host} is not known`, "check the host in the URL");
    default:
      return failure("connect_failed", `could not connect to ${database} on ${label}: ${said}`, "pgrove status", error);
  }
}

function where({ host, port }: Connection): string {
  return host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`;
}
