import type { Duplex } from "node:stream";
import { EXIT, failure, messageOf, missingError, PgroveError } from "../errors.ts";
import { isLibpqVariable } from "../sys/child-environment.ts";
import { redact } from "../sys/redact.ts";
import { applicationName, controlName, type RunId } from "../sys/run-id.ts";
import { stringAt } from "../sys/untyped.ts";
import { connectTimeoutS, dial } from "./dial.ts";
import { isClosedCode } from "./lost-connection.ts";
import { openOneSession } from "./one-session.ts";
import {
  ADMINISTRATORS_SETTINGS,
  ADMINISTRATORS_START,
  isDirect,
  OWN_SETTINGS,
  USERS_SETTINGS,
} from "./own-settings.ts";
import { explainPreload } from "./preload.ts";
import { tlsWays } from "./tls.ts";
import type { ConnectOptions, Sql } from "./toolbox.ts";
import { type Connection, isSocket } from "./url.ts";

const RETRY_EVERY_MS = 150;

/** Opens a byte stream to the server where TCP from here does not reach it. */
export type OpenSocket = () => Duplex;

/** True for what a server says, or does not say, while it is starting or restarting: by a relay, it is the stream that ends. */
function isStarting(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return code === "57P03" || code === "ECONNREFUSED" || isClosedCode(code);
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
 * `waitMs` for a server that is starting. `direct` says that surely no pooler stands between, which would hand our settings
 * on to others. Throws PgroveError in words, without the password.
 */
export async function openConnection(connection: Connection, run: RunId, options: OpenOptions): Promise<Sql> {
  const until = Date.now() + (options.waitMs ?? 0);
  for (;;) {
    try {
      return await openEitherWay(connection, run, options);
    } catch (error) {
      if (!isStarting(error) || Date.now() >= until) throw explainConnectError(error, connection, options.label);
      await Bun.sleep(RETRY_EVERY_MS);
    }
  }
}

type OpenOptions = ConnectOptions & {
  socket?: OpenSocket;
  label: string;
  direct?: boolean;
  /** The login is a server's own administrator: a superuser, not merely whoever has to do such work there. */
  isAdministrator?: boolean;
};

/** Encrypted or not, as `sslmode` says: where it leaves the choice, the other way is tried when the first is turned away. */
async function openEitherWay(connection: Connection, run: RunId, options: OpenOptions): Promise<Sql> {
  const { socket } = options;
  if (socket !== undefined) return await openSession(connection, run, options, socket);
  const [first = false, second] = isSocket(connection) ? [false] : tlsWays(connection);
  try {
    return await openSession(connection, run, options, () => dial(connection, first));
  } catch (error) {
    if (second === undefined || !isTurnedAway(error, first)) throw error;
    return await openSession(connection, run, options, () => dial(connection, second)).catch((again: unknown) => {
      throw codeOf(again) === "TLS_REFUSED" ? error : again;
    });
  }
}

/** pg_hba.conf has no line for sessions of that kind; or the server and we find no common way to encrypt. */
function isTurnedAway(error: unknown, wasEncrypted: boolean): boolean {
  const code = codeOf(error) ?? "";
  return code === "28000" || (wasEncrypted && isTlsTrouble(code));
}

function isTlsTrouble(code: string): boolean {
  return code === "TLS_REFUSED" || /^ERR_(SSL|TLS)|CERT|SIGNED|ISSUER|^CRL_/.test(code);
}

async function openSession(
  connection: Connection,
  run: RunId,
  options: OpenOptions,
  open: () => Duplex | Promise<Duplex>,
): Promise<Sql> {
  const { default: postgres } = await import("postgres");
  const asked = connection.parameters.options;
  return await openOneSession(
    open,
    (session) => {
      const settings = {
        host: connection.host,
        port: connection.port,
        user: connection.user,
        pass: connection.password ?? "",
        database: connection.database,
        ssl: false, // the stream is encrypted already, where it is to be
        max: 1,
        prepare: false,
        fetch_types: false,
        connect_timeout: connectTimeoutS(connection),
        idle_timeout: 0,
        max_lifetime: null,
        connection: {
          application_name: options.control ? controlName(run) : applicationName(run),
          ...(asked === undefined ? {} : { options: asked }),
          ...(options.isAdministrator ? ADMINISTRATORS_START : {}),
        },
        onnotice: (notice: { message?: unknown; code?: unknown }) =>
          options.notice?.(String(notice.message ?? ""), String(notice.code ?? "")),
        ...session,
      };
      return withoutLibpqVariables(() => postgres(settings));
    },
    async (ask) => {
      if (options.direct || (await isDirect(ask))) await ask(settingsFor(options));
    },
  );
}

/**
 * postgres.js puts the environment's variables in wherever it is given nothing, and refuses values that libpq takes: what
 * of them counts is in the connection already. Nothing else runs meanwhile.
 */
function withoutLibpqVariables<T>(synchronous: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => isLibpqVariable(name));
  for (const [name] of hidden) delete process.env[name];
  try {
    return synchronous();
  } finally {
    for (const [name, value] of hidden) process.env[name] = value;
  }
}

function settingsFor({ isAdministrator, runsUsersSql }: OpenOptions): string {
  if (isAdministrator) return ADMINISTRATORS_SETTINGS;
  return runsUsersSql ? USERS_SETTINGS : OWN_SETTINGS;
}

/** Why a connection failed, what to do about it, and the right exit code. */
function explainConnectError(error: unknown, connection: Connection, label: string): PgroveError {
  if (error instanceof PgroveError) return error;
  const { database, user } = connection;
  const said = redact(messageOf(error), connection.password === undefined ? [] : [connection.password]);
  const code = codeOf(error) ?? "";
  if (isClosedCode(code)) {
    return missingError(
      "server_starting",
      `${label} takes no connections: it closed this one at once`,
      "pgrove status",
    );
  }
  switch (code) {
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
    case "58P01":
      return explainPreload(said, connection, label);
    case "57P03":
      return missingError("server_starting", `${label} is starting and not ready yet: ${said}`, "pgrove status");
    case "53300":
      return failure("too_many_connections", `${label} has no connection left: ${said}`, "close some connections");
    case "ECONNREFUSED":
    case "ENOENT":
      return missingError("server_down", `nothing answers at ${where(connection)} (${label})`, "pgrove up");
    case "CONNECT_TIMEOUT":
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return missingError("server_unreachable", `${label} does not answer: ${said}`, "check the host, and the network");
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return missingError("host_unknown", `the host ${connection.host} is not known`, "check the host in the URL");
    case "TLS_REFUSED":
      return new PgroveError({
        code: "tls_refused",
        message: `${label} has no encryption, and ${encryptionWish(connection)} asks for it`,
        hint: "sslmode=disable, where the way to it is safe without",
        exit: EXIT.config,
      });
    default:
      if (isTlsTrouble(code)) return explainTls(said, connection, label);
      return failure("connect_failed", `could not connect to ${database} on ${label}: ${said}`, "pgrove status", error);
  }
}

function explainTls(said: string, connection: Connection, label: string): PgroveError {
  return new PgroveError({
    code: "tls_failed",
    message: `${label} is not taken for the right one: ${said} (${encryptionWish(connection)})`,
    hint: "check sslrootcert, sslcert and the host's name in the URL; psql with that URL says the same",
    exit: EXIT.config,
  });
}

function encryptionWish({ parameters }: Connection): string {
  if (parameters.sslmode !== undefined) return `sslmode=${parameters.sslmode}`;
  return parameters.channel_binding === "require" ? "channel_binding=require" : "sslmode=prefer";
}

function where(connection: Connection): string {
  const { host, hostaddr, port } = connection;
  return isSocket(connection) ? `${host}/.s.PGSQL.${port}` : `${hostaddr ?? host}:${port}`;
}
