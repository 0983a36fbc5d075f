/** Env files, and what they and the environment say about the database. */
import { configError } from "../errors.ts";
import { type EnvEntry, escapeIn, readEnvEntries } from "./env-syntax.ts";
import type { Environment } from "./env-vars.ts";
import { expandParts, readReferences } from "./expansion.ts";
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

/** What is doubtful about a variable of an env file, for those who are told where it counts. */
export interface Doubt {
  name: string;
  /** "its ${A} is not set in the file". */
  what: string;
  /** It has no value at all: `${A:?}` of a variable that is not set. */
  isMissing: boolean;
}

/**
 * The variables of an env file: comments, `export`, quotes, several lines, CRLF, a byte order mark; see env-syntax.ts for
 * how. `$NAME`, `${NAME}` and `${NAME:-default}` and their kin are replaced outside single quotes, from the file itself
 * and then from `environment`: nothing unless given, so that a file in a repository cannot put the shell's secrets into a
 * URL. No command is ever run, and process.env is not touched. Throws exit 3 when it cannot be read, 4 when it is absent.
 */
export async function readEnvFile(
  path: string,
  environment: Environment = {},
  doubt: (doubt: Doubt) => void = () => undefined,
): Promise<Record<string, string>> {
  return parseEnv(await loadTextFile(path, "the env file"), environment, doubt);
}

/** The same of a text. */
export function parseEnv(
  text: string,
  environment: Environment = {},
  doubt: (doubt: Doubt) => void = () => undefined,
): Record<string, string> {
  return readValues(text, (name, done) => (Object.hasOwn(done, name) ? done[name] : environment[name]), doubt);
}

/** The same as docker compose reads its own: what the environment says of a name comes before what the file does. */
export function parseEnvBehind(text: string, environment: Environment): Record<string, string> {
  return readValues(text, (name, done) => environment[name] ?? (Object.hasOwn(done, name) ? done[name] : undefined));
}

function readValues(
  text: string,
  find: (name: string, done: Environment) => string | undefined,
  doubt: (doubt: Doubt) => void = () => undefined,
): Record<string, string> {
  const done: Record<string, string> = {};
  for (const entry of readEnvEntries(text)) {
    const value = expandEntry(entry, (name) => find(name, done), doubt);
    if (value !== undefined) done[entry.name] = value;
  }
  return done;
}

/** The value of an entry; undefined where it needs a variable that is not set. */
function expandEntry(
  entry: EnvEntry,
  find: (name: string) => string | undefined,
  doubt: (doubt: Doubt) => void,
): string | undefined {
  const { name, written, quote, hasLooseQuote } = entry;
  const tell = (what: string, isMissing = false) => doubt({ name, what, isMissing });
  const isLiteral = quote === "'" || quote === "`";
  const takeBack = escapeIn(quote);
  if (isLiteral) return written.replace(/\\(.)/gs, (whole, sign: string) => takeBack(sign) ?? whole);
  if (hasLooseQuote) tell("its quotes are not closed, or have something behind them: they are part of the value");
  const { parts, isMalformed, hasDoubled } = readReferences(written, {
    bare: true,
    doubled: "anywhere",
    escape: takeBack,
  });
  if (isMalformed) tell("it has a ${ that is not closed, or begins no name: it is as written");
  if (hasDoubled) tell("$$ is read as one $, as docker compose does; in single quotes it is as written");
  let hasValue = true;
  const value = expandParts(parts, {
    find,
    missing: (variable, bare) => {
      if (bare === undefined) tell(`its ${variable} is not set in the file: it is empty there`);
      else tell(`${bare} is as written, for ${variable} is not set; in single quotes no $ means anything`);
      return bare ?? "";
    },
    required: (variable, message) => {
      hasValue = false;
      tell(`it needs ${variable}, which is not set in the file${message === "" ? "" : `: ${message}`}`, true);
    },
  });
  return hasValue ? value : undefined;
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
