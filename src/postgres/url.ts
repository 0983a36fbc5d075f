import { configError } from "../errors.ts";

/** How to reach a server and log in. Plain data; the password never leaves the process but in a child's environment. */
export interface Connection {
  host: string;
  port: number;
  user: string;
  password?: string;
  database: string;
  /** What else stood in the URL: sslmode, sslrootcert, options, schema… */
  parameters: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = 5432;

function decode(part: string, what: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw configError(`the ${what} in the database URL is not validly percent-encoded`);
  }
}

/** True for text that is meant as a URL, whatever is in it. */
export function isUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text);
}

/**
 * Reads `postgres://user:password@host:port/database?parameters`, with libpq's `?host=` for sockets. Throws (exit 3)
 * without ever repeating the password.
 */
export function parseConnectionUrl(text: string, source = "the database URL"): Connection {
  const match =
    /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:@/?#]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(text);
  if (match === null) {
    const hint = "signs such as @ / ? # : in a password are written percent-encoded: %40 %2F %3F %23 %3A";
    throw configError(`${source} is not of the form postgres://user:password@host:port/database`, hint);
  }
  const [, login = "", host = "", port = "", path = "", query = ""] = match;
  const colon = login.indexOf(":");
  const user = decode(colon < 0 ? login : login.slice(0, colon), "user");
  const password = colon < 0 ? undefined : decode(login.slice(colon + 1), "password");
  const { host: socketHost, port: queryPort, ...parameters } = readParameters(query);
  const number = Number(port || queryPort || DEFAULT_PORT);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw configError(`${source} names port ${port}, which is not between 1 and 65535`);
  }
  const database = decode(path, "database");
  const connection: Connection = {
    host: host === "" ? (socketHost ?? "localhost") : decode(host.replace(/^\[|\]$/g, ""), "host"),
    port: number,
    user: user || "postgres",
    database: database || user || "postgres",
    parameters,
  };
  if (password !== undefined) connection.password = password;
  return connection;
}

function readParameters(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    parameters[decode(name, "parameter")] = equals < 0 ? "" : decode(pair.slice(equals + 1), "parameter");
  }
  return parameters;
}

/** The connection as a URL that libpq and every driver read. `password: "hide"` leaves the password out. */
export function formatConnectionUrl(connection: Connection, password: "show" | "hide"): string {
  const { host, port, user, database, parameters } = connection;
  const secret =
    password === "show" && connection.password !== undefined ? `:${encodeURIComponent(connection.password)}` : "";
  const socket = host.startsWith("/");
  const where = socket ? "" : `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const entries = Object.entries(socket ? { host, port: String(port), ...parameters } : parameters);
  const query = entries.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  const base = `postgres://${encodeURIComponent(user)}${secret}@${where}/${encodeURIComponent(database)}`;
  return query === "" ? base : `${base}?${query}`;
}

/** libpq's environment for a connection: nothing of it goes on a command line. */
export function connectionEnvironment(connection: Connection): Record<string, string> {
  const env: Record<string, string> = {
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
  };
  if (connection.password !== undefined) env.PGPASSWORD = connection.password;
  const names: Record<string, string> = {
    sslmode: "PGSSLMODE",
    sslrootcert: "PGSSLROOTCERT",
    sslcert: "PGSSLCERT",
    sslkey: "PGSSLKEY",
    options: "PGOPTIONS",
    channel_binding: "PGCHANNELBINDING",
    connect_timeout: "PGCONNECT_TIMEOUT",
    target_session_attrs: "PGTARGETSESSIONATTRS",
  };
  for (const [parameter, variable] of Object.entries(names)) {
    const value = connection.parameters[parameter];
    if (value !== undefined) env[variable] = value;
  }
  return env;
}
