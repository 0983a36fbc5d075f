/** What an env file is given for a target. */
import type { LoadedConfig } from "../config/load-config.ts";
import { placeholdersOf, renderTemplate } from "../config/text-template.ts";
import { configError } from "../errors.ts";
import { type Connection, connectionEnvironment, formatConnectionUrl } from "../postgres/url.ts";
import type { Whereabouts } from "./reach.ts";
import type { Target } from "./target.ts";

/** Whose variables they are. */
export interface VariablesOf {
  target: Pick<Target, "name" | "schema" | "worktree">;
  /** The branch that is checked out there; undefined when detached. */
  branch: string | undefined;
}

/** What all env files together are given, the first one's before the others'. */
export function wholeSet({ config }: Pick<LoadedConfig, "config">): Record<string, string> {
  const { set, others = [] } = config.env;
  return Object.assign({}, ...others.map((each) => each.set), set);
}

/** What an env file is given, and what could not be said. */
export interface Rendered {
  variables: Record<string, string>;
  /** The variables that need a way there from this machine, where there is none. */
  unreachable: string[];
}

/** What only a server has that this machine reaches. */
const OF_THE_WAY = new Set(["url", "host", "port"]);

/**
 * The variables of `env.set` in pgrove.yaml, or of the one among several that is wanted; without a pgrove.yaml, DATABASE_URL
 * and libpq's own.
 */
export function renderVariables(
  known: Whereabouts,
  { target, branch }: VariablesOf,
  loaded: LoadedConfig | undefined,
  wanted?: Readonly<Record<string, string>>,
): Rendered {
  const { connection } = known;
  if (loaded === undefined) {
    if (connection === undefined) return { variables: {}, unreachable: ["DATABASE_URL"] };
    const url = formatConnectionUrl(connection, "show", "program");
    return { variables: { DATABASE_URL: url, ...connectionEnvironment(connection) }, unreachable: [] };
  }
  const render = createRenderer(known, { target, branch }, loaded);
  const set = Object.entries(wanted ?? wholeSet(loaded)).map(([name, text]) => [name, render(text, `env.set.${name}`)]);
  return {
    variables: Object.fromEntries(set.filter(([, value]) => value !== undefined)),
    unreachable: set.flatMap(([name = "", value]) => (value === undefined ? [name] : [])),
  };
}

/** Puts the values in; what needs a way to the database is undefined where there is none. `what` says where a text stands. */
export function createRenderer(
  known: Whereabouts,
  { target, branch = "" }: VariablesOf,
  loaded: LoadedConfig,
): (text: string, what: string) => string | undefined {
  const { connection, user, password = "", database } = known;
  const allPorts = { ...loaded.config.ports, ...target.worktree?.ports };
  const ports = Object.entries(allPorts).map(([name, number]) => [`port.${name}`, String(number)]);
  const values: Record<string, string> = {
    ...(connection === undefined ? {} : wayTo(connection)),
    ...{ user, password, database },
    ...{ project: loaded.config.project, worktree: target.name, name: target.name, branch },
    ...{ index: String(target.worktree?.index ?? 0), schema: target.schema ?? "public" },
    ...Object.fromEntries(ports),
  };
  return (text, what) => {
    if (connection === undefined && placeholdersOf(text).some((each) => OF_THE_WAY.has(each))) return undefined;
    return renderTemplate(text, values, what);
  };
}

function wayTo(connection: Connection): Record<string, string> {
  const url = formatConnectionUrl(connection, "show", "program");
  return { url, host: connection.host, port: String(connection.port) };
}

/**
 * `NAME=value` as dotenv and a shell both read it. Throws (exit 3) for a value that no form serves: a shell would take
 * part of it for a command.
 */
export function formatVariable(name: string, value: string): string {
  if (/^[\w@%+=:,./?-]*$/.test(value)) return `${name}=${value}`;
  if (!value.includes("'")) return `${name}='${value}'`;
  if (!/["$`\\]/.test(value)) return `${name}="${value}"`;
  throw configError(
    `the value of ${name} cannot be written in an env file: it has ' and one of " $ \` \\`,
    "use {url} instead, which has such characters encoded; or pgrove env --json",
  );
}
