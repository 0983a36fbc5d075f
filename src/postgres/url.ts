/** Connections, and the URLs that they are read from and written as. */
import { resolve } from "node:path";
import { configError } from "../errors.ts";
import { readConnectionText, type Written } from "./conninfo.ts";
import { type DefaultsFrom, defaultHost, defaultUser, fillSettings, NO_DEFAULTS } from "./libpq-defaults.ts";
import { LIBPQ_PARAMETERS, optionsOfPrograms } from "./url-parameters.ts";

export { isConnection, isConnectionString, isUrl } from "./conninfo.ts";

/** Where a server listens. A host that begins with a slash is the folder of a socket. */
export interface Address {
  host: string;
  port: number;
  /** Where to dial in place of the host, whose name then only counts for the certificate. */
  hostaddr?: string;
}

/** How to reach a server and log in. Plain data; the password never leaves the process but in a child's environment. */
export interface Connection extends Address {
  user: string;
  password?: string;
  database: string;
  /** The further servers of a URL that names several: they are tried in this order. */
  others?: readonly Address[];
  /** What else libpq is told: sslmode, sslrootcert, options …. */
  parameters: Readonly<Record<string, string>>;
  /** What only other programs read in their URL: schema, connection_limit …. */
  extras?: Readonly<Record<string, string>>;
  /** How the URLs of the program begin that it was read for, where not with `postgres`. */
  scheme?: string;
}

/** PostgreSQL's own, where none is named: libpq's, Npgsql's, and inside a container. */
export const DEFAULT_PORT = 5432;

/**
 * Reads a URL, or libpq's `host=… dbname=…`, as libpq does; what is left out comes from `defaults` and then from libpq's
 * own defaults. Throws (exit 3) without ever repeating the password.
 */
export function parseConnectionUrl(
  text: string,
  source = "the database URL",
  defaults: DefaultsFrom = NO_DEFAULTS,
): Connection {
  return connectionOf(readConnectionText(text, source), source, defaults);
}

/** The connection that libpq's settings describe. */
export function connectionOf(written: Written, source: string, defaults: DefaultsFrom): Connection {
  const { scheme, extras } = written;
  const filled = fillSettings(written.settings, source, defaults);
  const { host, hostaddr, port, user, password, dbname, ...parameters } = filled;
  if (parameters.sslrootcert === "system") parameters.sslmode ??= "verify-full";
  enterSchemaOf(extras, parameters);
  const [first, ...others] = readAddresses({ host, hostaddr, port, scheme }, source);
  const name = user || defaultUser();
  return {
    ...first,
    user: name,
    database: dbname || name,
    parameters,
    ...(others.length === 0 ? {} : { others }),
    ...(password === undefined || password === "" ? {} : { password }),
    ...(Object.keys(extras).length === 0 ? {} : { extras }),
    ...(scheme === undefined ? {} : { scheme }),
  };
}

/** What leads the programs into a schema leads psql and pgrove's own sessions there; libpq's own word goes first. */
function enterSchemaOf(extras: Written["extras"], parameters: Record<string, string>): void {
  const { options } = parameters;
  const led = optionsOfPrograms(extras);
  if (led === undefined || options?.includes("search_path=")) return;
  parameters.options = options === undefined ? led : `${options} ${led}`;
}

interface WrittenAddresses {
  host: string | undefined;
  hostaddr: string | undefined;
  port: string | undefined;
  scheme: string | undefined;
}

/** The hosts, addresses and ports are lists of one length; one port serves all. */
function readAddresses({ host, hostaddr, port, scheme }: WrittenAddresses, source: string): [Address, ...Address[]] {
  const [hosts, addresses, ports] = [host, hostaddr, port].map((list) => list?.split(",") ?? []) as [
    string[],
    string[],
    string[],
  ];
  const count = Math.max(hosts.length, addresses.length, 1);
  const fits = (list: string[], least: number) => list.length <= least || list.length === count;
  if (!fits(hosts, 0) || !fits(addresses, 0) || !fits(ports, 1)) {
    throw configError(`${source} names not as many hosts as ports or addresses`, "host=a,b port=5432,5433");
  }
  const isLocalByDefault = /^(jdbc|r2dbc|ecto)/.test(scheme ?? "");
  const one = (index: number): Address => {
    const number = readPort(ports.length > 1 ? ports[index] : ports[0], source);
    const address = addresses[index] ?? "";
    const missing = () => address || (isLocalByDefault ? "localhost" : defaultHost(number));
    const name = hosts[index] || missing();
    return { host: name, port: number, ...(address === "" || address === name ? {} : { hostaddr: address }) };
  };
  return [one(0), ...Array.from({ length: count - 1 }, (_, index) => one(index + 1))];
}

function readPort(written: string | undefined, source: string): number {
  if (written === undefined || written === "") return DEFAULT_PORT;
  const number = Number(written);
  if (/^\s*\d{1,5}\s*$/.test(written) && number >= 1 && number <= 65_535) return number;
  throw configError(
    `${source} names a port that is not between 1 and 65535`,
    "the port stands behind the host: host:5432",
  );
}

/** All servers of a connection, each as a connection of its own. */
export function eachAddress({ others = [], hostaddr, ...rest }: Connection): Connection[] {
  const first: Address = { host: rest.host, port: rest.port, ...(hostaddr === undefined ? {} : { hostaddr }) };
  return [first, ...others].map((address) => ({ ...rest, ...address }));
}

/** True where the host is a socket's folder (or, beginning with `@`, a name of Linux's own). */
export function isSocket({ host, hostaddr }: Pick<Address, "host" | "hostaddr">): boolean {
  return hostaddr === undefined && (host.startsWith("/") || host.startsWith("@"));
}

/** Who reads the URL: libpq, which refuses what it does not know, or the program whose parameters were in it. */
export type UrlReader = "libpq" | "program";

/** The connection as a URL. `password: "hide"` leaves the password out. */
export function formatConnectionUrl(
  connection: Connection,
  password: "show" | "hide",
  reader: UrlReader = "libpq",
): string {
  const { user, database, others = [] } = connection;
  const secret = password === "show" ? connection.password : undefined;
  const scheme = (reader === "program" ? connection.scheme : undefined) ?? "postgres";
  const all: Address[] = [connection, ...others];
  const entries: [string, string][] = [];
  let authority = all.map(formatAddress).join(",");
  if (all.some(({ host }) => host.startsWith("/") || host.startsWith("@"))) {
    authority = "";
    entries.push(["host", all.map(({ host }) => host).join(",")], ["port", all.map(({ port }) => port).join(",")]);
  }
  if (all.some(({ hostaddr }) => hostaddr !== undefined)) {
    entries.push(["hostaddr", all.map(({ host, hostaddr }) => hostaddr ?? host).join(",")]);
  }
  const encode = encodeURIComponent;
  let login = `${encode(user)}${secret === undefined ? "" : `:${encode(secret)}`}@`;
  if (scheme.startsWith("jdbc")) {
    login = "";
    entries.push(["user", user], ...(secret === undefined ? [] : [["password", secret] satisfies [string, string]]));
  }
  entries.push(...Object.entries(reader === "program" ? programParameters(connection) : connection.parameters));
  const query = entries.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  return `${scheme}://${login}${authority}/${encode(database)}${query === "" ? "" : `?${query}`}`;
}

function formatAddress({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : encodeURIComponent(host)}:${port}`;
}

/** As they were written: what `ssl=` or `schema=` says to its program stands there once. */
function programParameters({ parameters, extras = {} }: Connection): Record<string, string> {
  const { sslmode, options, ...rest } = parameters;
  const led = optionsOfPrograms(extras);
  const own = led !== undefined && options?.endsWith(led) ? options.slice(0, -led.length).trim() : options;
  return {
    ...(sslmode === undefined || extras.ssl !== undefined ? {} : { sslmode }),
    ...(own === undefined || own === "" ? {} : { options: own }),
    ...rest,
    ...extras,
  };
}

/** Names of files among the parameters, which libpq would look for from the folder that it is started in. */
const FILES = new Set(["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"]);

/** libpq's environment for a connection: nothing of it goes on a command line. */
export function connectionEnvironment(connection: Connection): Record<string, string> {
  const all: Address[] = [connection, ...(connection.others ?? [])];
  const list = (of: (address: Address) => string | number) => all.map(of).join(",");
  const env: Record<string, string> = {
    PGHOST: list(({ host }) => host),
    PGPORT: list(({ port }) => port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
  };
  if (all.some(({ hostaddr }) => hostaddr !== undefined)) {
    env.PGHOSTADDR = list(({ host, hostaddr }) => hostaddr ?? host);
  }
  if (connection.password !== undefined) env.PGPASSWORD = connection.password;
  for (const [parameter, variable] of Object.entries(LIBPQ_PARAMETERS)) {
    const value = connection.parameters[parameter];
    if (value === undefined || variable === "") continue;
    env[variable] = FILES.has(parameter) && value !== "" && value !== "system" ? resolve(value) : value;
  }
  return env;
}

/** The parameters of a connection with that login. */
export function parametersOf({ options }: { options?: string | undefined }): Connection["parameters"] {
  return options === undefined ? {} : { options };
}
