import type { DatabaseVariables } from "../config/env-file.ts";
import { type Connection, parseConnectionUrl } from "../postgres/url.ts";

/** The connection that env variables describe, with libpq's defaults for what they leave out. */
export function connectionOfVariables(variables: DatabaseVariables): Connection {
  if ("url" in variables) return parseConnectionUrl(variables.url, variables.source);
  const user = variables.user ?? "postgres";
  return {
    host: variables.host ?? "localhost",
    port: variables.port ?? 5432,
    user,
    database: variables.database ?? user,
    parameters: {},
    ...(variables.password === undefined ? {} : { password: variables.password }),
  };
}
