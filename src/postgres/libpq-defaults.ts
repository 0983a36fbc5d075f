/** What libpq puts in where a URL or a connection string says nothing: services, variables, its own defaults. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import { configError, missingError } from "../errors.ts";
import { sortOut } from "./conninfo.ts";
import { ADDRESS_PARAMETERS, LIBPQ_PARAMETERS, REFUSED_PARAMETERS } from "./url-parameters.ts";

/** From where what is left out is taken. */
export interface DefaultsFrom {
  /** The variables that count as libpq's (PGUSER, PGSSLMODE …): the shell's, or an env file's. */
  environment: Environment;
  /** Whether they are the user's own, and not a repository's: only then a service's password follows to another host. */
  isOwn: boolean;
}

export const NO_DEFAULTS: DefaultsFrom = { environment: {}, isOwn: false };

const WHERE = ["host", "hostaddr", "port"];

/** The settings with a service's and the variables' in the places that are empty. Names are libpq's. */
export function fillSettings(
  settings: Readonly<Record<string, string>>,
  source: string,
  { environment, isOwn }: DefaultsFrom,
): Record<string, string> {
  const filled = { ...settings };
  const fill = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== "" && !Object.hasOwn(filled, name)) filled[name] = value;
  };
  const service = settings.service ?? environment.PGSERVICE;
  if (service !== undefined && service !== "") {
    const { password, ...rest } = readService(service, source, environment);
    if (isOwn || !WHERE.some((name) => Object.hasOwn(settings, name))) fill("password", password);
    for (const [name, value] of Object.entries(rest)) fill(name, value);
  }
  delete filled.service;
  const variables = Object.entries({ ...ADDRESS_PARAMETERS, ...LIBPQ_PARAMETERS });
  const given = variables.flatMap(([name, variable]): [string, string][] => {
    const value = variable === "" ? undefined : environment[variable];
    return value === undefined || value === "" || name === "service" || Object.hasOwn(filled, name)
      ? []
      : [[name, value]];
  });
  const refused = Object.keys(REFUSED_PARAMETERS).flatMap((name): [string, string][] =>
    environment[variableOf(name)] ? [[name, ""]] : [],
  );
  for (const [name, value] of Object.entries(sortOut([...given, ...refused], "the environment").settings)) {
    fill(name, value);
  }
  return filled;
}

/** `require_auth` → PGREQUIREAUTH. */
function variableOf(name: string): string {
  return `PG${name.replaceAll("_", "").toUpperCase()}`;
}

/** The folder of the user's own files: ~/.pgpass, ~/.pg_service.conf, ~/.postgresql. */
export function libpqHome(): string {
  return process.env.HOME || homedir();
}

/** Where packages keep the machine's own service file, unless PGSYSCONFDIR says where. */
const SYSTEM_FOLDERS = ["/etc/postgresql-common", "/etc", "/usr/local/etc", "/opt/homebrew/etc"];

function readService(name: string, source: string, environment: Environment): Record<string, string> {
  const own = environment.PGSERVICEFILE || process.env.PGSERVICEFILE || join(libpqHome(), ".pg_service.conf");
  const folders = process.env.PGSYSCONFDIR ? [process.env.PGSYSCONFDIR] : SYSTEM_FOLDERS;
  for (const file of [own, ...folders.map((folder) => join(folder, "pg_service.conf"))]) {
    const found = existsSync(file) ? findSection(readFileSync(file, "utf8"), name, file) : undefined;
    if (found !== undefined) return found;
  }
  throw missingError(
    "service_missing",
    `${source} names the service ${name}, which no service file defines`,
    `write it into ${own}: [${name}], and below it host=…, dbname=…`,
  );
}

function findSection(text: string, name: string, file: string): Record<string, string> | undefined {
  const pairs: [string, string][] = [];
  let isIn = false;
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      if (isIn) break;
      isIn = line === `[${name}]`;
    } else if (isIn) pairs.push(readLine(line, name, file));
  }
  return isIn || pairs.length > 0 ? sortOut(pairs, `the service ${name} of ${file}`).settings : undefined;
}

function readLine(line: string, name: string, file: string): [string, string] {
  const equals = line.indexOf("=");
  const key = line.slice(0, equals);
  if (equals > 0 && key !== "service" && !line.startsWith("ldap")) return [key, line.slice(equals + 1)];
  const hint = "each line is name=value; neither another service nor LDAP is looked up";
  throw configError(`the service ${name} of ${file} has a line that pgrove does not read`, hint);
}

/** Where packages put the server's socket. */
const SOCKET_FOLDERS = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/** Without a host libpq takes the socket of its own build. Where none is there, what every driver takes. */
export function defaultHost(port: number): string {
  return SOCKET_FOLDERS.find((folder) => existsSync(join(folder, `.s.PGSQL.${port}`))) ?? "localhost";
}

/** Without a user libpq takes the one that the operating system has for this process; Bun's userInfo takes USER's word. */
export function defaultUser(): string {
  const uid = String(process.geteuid?.());
  const rows = existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8").split("\n") : [];
  const own = rows.map((row) => row.split(":")).find(([, , id]) => id === uid);
  return own?.[0] ?? process.env.USER ?? process.env.LOGNAME ?? "postgres";
}
