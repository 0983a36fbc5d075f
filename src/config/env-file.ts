/** Env files, and what they and the environment say about the database. */
import { configError } from "../errors.ts";
import type { Environment } from "./load-config.ts";
import { loadTextFile } from "./text-file.ts";

/** Where env variables say the database is. Names only in `source`. */
export type DatabaseVariables =
  | { source: string; url: string }
  | {
      source: string;
      host?: string;
      port?: string;
      user?: string;
      password?: string;
      database?: string;
    };

/**
 * The variables of an env file, as dotenv reads it: comments, `export`, quotes, several lines, CRLF, a byte order mark.
 * `${NAME}` and `${NAME:-default}` are replaced outside single quotes, from the file itself and then from
 * `environment`: nothing unless given, so that a file in a repository cannot put the shell's secrets into a URL.
 * No command is ever run, and process.env is not touched. Throws exit 3 when it cannot be read, 4 when it is absent.
 */
export async function readEnvFile(path: string, environment: Environment = {}): Promise<Record<string, string>> {
  const source = await loadTextFile(path, "the env file");
  const { parse } = await import("dotenv");
  // dotenv's other parser, a regular expression, takes a minute for 200 kB of empty lines
  return expandVariables(parse(source, { fast: true }), findSingleQuoted(source), environment);
}

/*
 * dotenv-expand is not used for this: since its version 1000 it runs `$(commands)` found in values, and it takes
 * `pa$word` for a variable, also inside single quotes.
 */
function expandVariables(
  written: Readonly<Record<string, string>>,
  literal: ReadonlySet<string>,
  environment: Environment,
): Record<string, string> {
  const done: Record<string, string> = {};
  const find = (name: string) => (Object.hasOwn(done, name) ? done[name] : environment[name]);
  for (const [name, value] of Object.entries(written)) {
    done[name] = literal.has(name) ? value : expandValue(value, find);
  }
  return done;
}

const REFERENCE = /\\\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^{}]*))?\}/g;

/** As a shell would: what is not set is empty. `\$` is a plain dollar sign; a `$` without braces always is one. */
function expandValue(value: string, find: (name: string) => string | undefined): string {
  return value.replace(REFERENCE, (_whole, name: string | undefined, operator: string | undefined, fallback = "") => {
    if (name === undefined) return "$";
    const found = find(name);
    return found === undefined || (found === "" && operator === ":-") ? fallback : found;
  });
}

/** The variables whose value, where it stands last, is in single quotes: there a `$` is a `$`. */
function findSingleQuoted(source: string): ReadonlySet<string> {
  const quoted = new Set<string>();
  for (const [, name = "", quote] of source.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*(['"`]?)/gm)) {
    if (quote === "'") quoted.add(name);
    else quoted.delete(name);
  }
  return quoted;
}

interface Family {
  source: string;
  host: string;
  port: string;
  user: string;
  password: string;
  database: string;
  /** Further variables that say where the database is. */
  further: readonly string[];
}

const FAMILIES: readonly Family[] = [
  {
    source: "DATABASE_*",
    host: "DATABASE_HOST",
    port: "DATABASE_PORT",
    user: "DATABASE_USER",
    password: "DATABASE_PASSWORD",
    database: "DATABASE_NAME",
    further: [],
  },
  {
    source: "PG*",
    host: "PGHOST",
    port: "PGPORT",
    user: "PGUSER",
    password: "PGPASSWORD",
    database: "PGDATABASE",
    further: ["PGSERVICE", "PGHOSTADDR"],
  },
];

/** The official image's variables: they say nothing about where the server is, but complete the others. */
const COMPLETION = { user: "POSTGRES_USER", password: "POSTGRES_PASSWORD", database: "POSTGRES_DB" } as const;

/** Every variable that says something about the database. */
export const DATABASE_VARIABLE_NAMES: readonly string[] = [
  "DATABASE_URL",
  ...FAMILIES.flatMap((each) => [each.host, each.port, each.user, each.password, each.database, ...each.further]),
  ...Object.values(COMPLETION),
];

/**
 * The connection that variables describe: DATABASE_URL, else DATABASE_HOST/PORT/USER/PASSWORD/NAME, else PGHOST…;
 * POSTGRES_USER/PASSWORD/DB complete the latter two. Undefined when there is none. An empty variable counts as unset.
 * Throws (exit 3) on a port that is no port, without repeating the value.
 */
export function findDatabaseVariables(variables: Environment): DatabaseVariables | undefined {
  const url = given(variables, "DATABASE_URL");
  if (url !== undefined) return { source: "DATABASE_URL", url };
  for (const family of FAMILIES) {
    const found = readFamily(variables, family);
    if (found !== undefined) return found;
  }
  return undefined;
}

function given(variables: Environment, name: string): string | undefined {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  return value === "" ? undefined : value;
}

function readFamily(variables: Environment, family: Family): DatabaseVariables | undefined {
  const host = given(variables, family.host);
  const port = given(variables, family.port);
  const name = given(variables, family.database);
  // a user or password alone (PGPASSWORD in many shells) does not say which database is meant
  const further = family.further.some((each) => given(variables, each) !== undefined);
  if (host === undefined && port === undefined && name === undefined && !further) return undefined;
  const user = given(variables, family.user) ?? given(variables, COMPLETION.user);
  const password = given(variables, family.password) ?? given(variables, COMPLETION.password);
  const database = name ?? given(variables, COMPLETION.database);
  return {
    source: family.source,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: requirePorts(port, family.port) }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
  };
}

/** Of several hosts each may have its own. */
function requirePorts(written: string, name: string): string {
  const isPort = (one: string) => one === "" || (/^\d{1,5}$/.test(one) && Number(one) >= 1 && Number(one) <= 65_535);
  if (written.split(",").every(isPort)) return written;
  throw configError(`${name} is not a port number (1 to 65535)`, `set ${name}=5432`);
}

/**
 * The names (never the values) of the database's variables that the shell sets to something else than the file does,
 * so that the caller can say whose word counts.
 */
export function findDisagreements(fileVariables: Environment, environment: Environment): string[] {
  return DATABASE_VARIABLE_NAMES.filter((name) => {
    const inFile = given(fileVariables, name);
    const inShell = given(environment, name);
    return inFile !== undefined && inShell !== undefined && inFile !== inShell;
  });
}
