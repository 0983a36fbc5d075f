import type { DatabaseVariables } from "../config/env-file.ts";
import type { Environment } from "../config/env-vars.ts";
import { type Connection, connectionOf, parseConnectionUrl } from "../postgres/url.ts";

/** Where variables are from that describe a connection. */
export interface VariablesFrom {
  /** All of them: libpq's own (PGSSLMODE …) hold beside those that say where the database is. */
  variables: Environment;
  /** Whether they are the user's shell's, and not a repository's. */
  isOwn: boolean;
}

/** The connection that env variables describe, with libpq's defaults for what they leave out. */
export function connectionOfVariables(found: DatabaseVariables, { variables, isOwn }: VariablesFrom): Connection {
  if ("url" in found) return parseConnectionUrl(found.url, found.source, { environment: variables, isOwn });
  const { source, database, ...parts } = found;
  const settings: Record<string, string> = { ...parts, ...(database === undefined ? {} : { dbname: database }) };
  if (source === "PG*") return connectionOf({ settings, extras: {} }, source, { environment: variables, isOwn });
  const environment = Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith("PGSSL")));
  const usual = { host: "localhost", user: "postgres" }; // not libpq's own words, nor its defaults
  return connectionOf({ settings: { ...usual, ...settings }, extras: {} }, source, { environment, isOwn });
}
