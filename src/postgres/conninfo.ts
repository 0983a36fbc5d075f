/** Connection URLs and connection strings (`host=… dbname=…`), read into libpq's words, as libpq reads them. */
import { didYouMean } from "../config/suggest.ts";
import { configError } from "../errors.ts";
import {
  ADDRESS_PARAMETERS,
  isProgramsParameter,
  LIBPQ_PARAMETERS,
  PARAMETER_VALUES,
  parameterNames,
  REFUSED_PARAMETERS,
  sslModeOf,
} from "./url-parameters.ts";

/** What was written, before anything else fills what it leaves out. */
export interface Written {
  /** How the URL begins, where that is another program's way: "ecto", "postgresql+psycopg", "jdbc:postgresql". */
  scheme?: string;
  /** By libpq's words: host, port, user, password, dbname, sslmode …. */
  settings: Record<string, string>;
  /** What only other programs read. */
  extras: Record<string, string>;
}

const FORM = "postgres://user:password@host:port/database";
const ENCODED = "signs such as @ / : in a user or a password are written percent-encoded: %40 %2F %3A";

/** libpq's own beginnings, and those of programs whose URLs are the same otherwise. */
const SCHEME =
  /^(postgres|postgresql|postgis|psql|pgsql|pgx\d?|pg|ecto|timescale|timescaledb|timescalegis|pdo[-_]pgsql|(?:jdbc|r2dbc):postgresql)(\+[a-z0-9_]+)?:\/\//i;

const JDBC = /^jdbc:postgresql:(?!\/\/)\/?([^/?]*)(\?.*)?$/i;

/** True for text that is meant as the URL of a PostgreSQL database, whatever is in it. */
export function isUrl(text: string): boolean {
  return SCHEME.test(text) || /^jdbc:postgresql:/i.test(text);
}

/** True for text of libpq's other form: `host=/run/postgresql dbname=shop`. */
export function isConnectionString(text: string): boolean {
  const name = /^\s*([a-z_]+)\s*=/.exec(text)?.[1];
  return name !== undefined && (name in ADDRESS_PARAMETERS || name in LIBPQ_PARAMETERS);
}

/**
 * Whether what was typed is meant as a URL (of whatever program), or as libpq's `host=… dbname=…`. No worktree's name is; a URL
 * that has lost its slashes is still one, whose password is not shown as a name.
 */
export function isConnection(text: string): boolean {
  return /^[a-z][a-z0-9+.:-]*:\/\//i.test(text) || /^(?:jdbc|postgres(?:ql)?):/i.test(text) || isConnectionString(text);
}

/** Reads either form. Throws (exit 3) without ever repeating a value that may be a secret. */
export function readConnectionText(written: string, source: string): Written {
  const text = written.trim();
  if (isConnectionString(text)) return sortOut(readPairs(text, source), source);
  const jdbc = JDBC.exec(text);
  if (jdbc !== null) return readUrl("jdbc:postgresql", `localhost/${jdbc[1]}${jdbc[2] ?? ""}`, source);
  const scheme = SCHEME.exec(text);
  if (scheme === null) throw foreignForm(text, source);
  return readUrl(`${scheme[1]?.toLowerCase()}${scheme[2] ?? ""}`, text.slice(scheme[0].length), source);
}

function foreignForm(text: string, source: string) {
  const scheme = /^([a-z][a-z0-9+.:-]*?):\/\//i.exec(text)?.[1];
  if (scheme === undefined) return configError(`${source} is not of the form ${FORM}`, ENCODED);
  const isProxy = /^prisma/i.test(scheme);
  return configError(
    `${source} is not a PostgreSQL URL: it begins with ${scheme}://`,
    isProxy ? `give the database's own URL (directUrl): ${FORM}` : `write it as ${FORM}`,
  );
}

/** What comes behind `scheme://`: user:password@host:port,host:port/database?parameters. */
function readUrl(scheme: string, rest: string, source: string): Written {
  const parts = /^(?:([^@/]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest);
  if (parts === null) throw configError(`${source} is not of the form ${FORM}`, ENCODED);
  const [, login, authority = "", path = "", query = ""] = parts;
  const decode = (part: string, what: string) => decodePart(part, what, source);
  const pairs: [string, string][] = [];
  const add = (name: string, value: string) => value !== "" && pairs.push([name, value]);
  if (login !== undefined) {
    const colon = login.indexOf(":");
    add("user", decode(colon < 0 ? login : login.slice(0, colon), "user"));
    if (colon >= 0) add("password", decode(login.slice(colon + 1), "password"));
  }
  const { hosts, ports } = readAuthority(authority, source);
  add(
    "host",
    hosts
      .map((host) => decode(host, "host"))
      .join(",")
      .replace(/^,+$/, ""),
  );
  add(
    "port",
    ports
      .map((port) => decode(port, "port"))
      .join(",")
      .replace(/^,+$/, ""),
  );
  add("dbname", decode(path, "database"));
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals < 0) throw configError(`the parameter ${decode(pair, "parameter")} of ${source} has no value`, FORM);
    pairs.push([decode(pair.slice(0, equals), "parameter"), decode(pair.slice(equals + 1), "parameter")]);
  }
  const own = scheme === "postgres" || scheme === "postgresql";
  return { ...sortOut(pairs, source), ...(own ? {} : { scheme }) };
}

function readAuthority(authority: string, source: string): { hosts: string[]; ports: string[] } {
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const one of authority.split(",")) {
    const found = /^(?:\[([^\]]+)\]|([^:@[\]]*))(?::([^:@]*))?$/.exec(one);
    if (found === null) throw configError(`${source} is not of the form ${FORM}`, ENCODED);
    hosts.push(found[1] ?? found[2] ?? "");
    ports.push(found[3] ?? "");
  }
  return { hosts, ports };
}

function decodePart(part: string, what: string, source: string): string {
  try {
    const decoded = decodeURIComponent(part);
    if (!decoded.includes("\0")) return decoded;
  } catch {
    // told below
  }
  throw configError(`the ${what} in ${source} is not validly percent-encoded`, "a percent sign itself is written %25");
}

/** `name = value`, `name='va lue'`, with `\` before signs that are meant as they are. */
function readPairs(text: string, source: string): [string, string][] {
  const pairs: [string, string][] = [];
  const pair = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?)(?=\s|$)/suy;
  while (text.slice(pair.lastIndex).trim() !== "") {
    const found = pair.exec(text);
    if (found === null) {
      throw configError(`${source} is not of the form host=… dbname=…`, "a value with blanks stands in '…'");
    }
    const [, name = "", quoted, plain = ""] = found;
    pairs.push([name, (quoted ?? plain).replace(/\\(.)/gs, "$1")]);
  }
  return pairs;
}

/** Puts each parameter where it belongs. Throws for those that nobody knows, and for values that libpq would refuse. */
export function sortOut(pairs: readonly (readonly [string, string])[], source: string): Written {
  const settings: Record<string, string> = {};
  const extras: Record<string, string> = {};
  for (const [name, value] of pairs) {
    if (Object.hasOwn(REFUSED_PARAMETERS, name)) {
      throw configError(`pgrove cannot keep what ${name} in ${source} asks for`, REFUSED_PARAMETERS[name]);
    }
    if (Object.hasOwn(ADDRESS_PARAMETERS, name) || Object.hasOwn(LIBPQ_PARAMETERS, name)) {
      settings[name] = requireValue(name, value, source, extras);
    } else if (isProgramsParameter(name)) extras[name] = value;
    else throw unknownParameter(name, source);
  }
  if (extras.ssl !== undefined) {
    const mode = sslModeOf(extras.ssl);
    if (mode === undefined) throw wrongValue("ssl", source, ["true", "false"]);
    settings.sslmode ??= mode;
  }
  return { settings, extras };
}

function requireValue(name: string, value: string, source: string, extras: Record<string, string>): string {
  if (name === "sslmode" && value === "no-verify") {
    extras.sslmode = value; // node-postgres: encrypted, and whoever it is
    return "require";
  }
  const known = PARAMETER_VALUES[name];
  if (known !== undefined && !known.includes(value)) throw wrongValue(name, source, known);
  if (name === "client_encoding" && !/^(utf-?8|unicode|auto)$/i.test(value)) {
    throw wrongValue(name, source, ["UTF8"]);
  }
  return value;
}

function wrongValue(name: string, source: string, values: readonly string[]) {
  return configError(`${name} in ${source} has a value that does not serve`, `it takes ${values.join(", ")}`);
}

function unknownParameter(name: string, source: string) {
  const nearest = didYouMean(name, parameterNames());
  const shown = name.slice(0, 60);
  return configError(
    `${source} has the parameter ${shown}, which neither libpq nor a program that pgrove knows has`,
    nearest === undefined ? `take ${shown} out of the URL that pgrove reads` : `did you mean ${nearest}?`,
  );
}
