import type { Env } from "../sys/child-environment.ts";
import { applicationName, type RunId } from "../sys/run-id.ts";
import type { ToolOptions } from "./toolbox.ts";

/** What the wrapper prints on stderr, followed by the exit code, when the program inside has ended by itself. */
export const PROOF = "pgrove-exit";

/**
 * Runs one foreground program and says on stderr how it ended: a `docker exec` client that is cut off exits 0, so its
 * own exit code proves nothing.
 */
const WRAPPER = `"$@"; s=$?; printf '\\n${PROOF} %s\\n' "$s" >&2; exit "$s"`;

/** `sh -c …` around a program inside a container. */
export function wrapProgram(program: readonly string[]): string[] {
  return ["sh", "-c", WRAPPER, "pgrove", ...program];
}

/** The environment of a program inside a container; passed by name, so that no value stands on a command line. */
export function programEnvironment(
  login: { user: string; password?: string | undefined },
  run: RunId,
  options: ToolOptions,
): Env {
  return {
    PGAPPNAME: applicationName(run),
    PGUSER: login.user,
    LC_ALL: "C",
    ...(login.password === undefined ? {} : { PGPASSWORD: login.password }),
    ...(options.database === undefined ? {} : { PGDATABASE: options.database }),
    ...options.env,
  };
}

/** `-e NAME` for each variable. */
export function namedVariables(env: Env): string[] {
  return Object.keys(env).flatMap((name) => ["-e", name]);
}
