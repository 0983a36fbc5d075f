/** What an env file is given for a target. */
import type { LoadedConfig } from "../config/load-config.ts";
import { renderTemplate } from "../config/text-template.ts";
import { configError } from "../errors.ts";
import { type Connection, connectionEnvironment, formatConnectionUrl } from "../postgres/url.ts";
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

/**
 * The variables of `env.set` in pgrove.yaml, or of the one among several that is wanted; without a pgrove.yaml, DATABASE_URL
 * and libpq's own.
 */
export function renderVariables(
  connection: Connection,
  { target, branch = "" }: VariablesOf,
  loaded: LoadedConfig | undefined,
  wanted?: Readonly<Record<string, string>>,
): Record<string, string> {
  const url = formatConnectionUrl(connection, "show", "program");
  if (loaded === undefined) return { DATABASE_URL: url, ...connectionEnvironment(connection) };
  const { host, port, user, password = "", database } = connection;
  const allPorts = { ...loaded.config.ports, ...target.worktree?.ports };
  const ports = Object.entries(allPorts).map(([name, number]) => [`port.${name}`, String(number)]);
  const values: Record<string, string> = {
    ...{ url, host, port: String(port), user, password, database },
    ...{ project: loaded.config.project, worktree: target.name, name: target.name, branch },
    ...{ index: String(target.worktree?.index ?? 0), schema: target.schema ?? "public" },
    ...Object.fromEntries(ports),
  };
  const set = Object.entries(wanted ?? wholeSet(loaded));
  return Object.fromEntries(set.map(([name, text]) => [name, renderTemplate(text, values, `env.set.${name}`)]));
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
