import { randomBytes } from "node:crypto";
import type { Env } from "../sys/child-environment.ts";
import { applicationName, type RunId } from "../sys/run-id.ts";
import { withEnvironment } from "./own-settings.ts";
import type { ToolOptions } from "./toolbox.ts";

/** A program inside a container, and how it is known to have ended. */
export interface WrappedProgram {
  words: string[];
  /** What is printed on stderr, followed by the exit code, when the program has ended by itself. */
  proof: string;
}

/**
 * `sh -c …` around one foreground program, which says on stderr how it ended: a `docker exec` client that is cut off exits
 * 0, so its own exit code proves nothing. The proof is another one each time, for a NOTICE may hold any words.
 */
export function wrapProgram(program: readonly string[]): WrappedProgram {
  const proof = `pgrove-exit-${randomBytes(8).toString("hex")}`;
  const script = `ulimit -c 0 2>/dev/null; "$@"; s=$?; printf '\\n${proof} %s\\n' "$s" >&2; exit "$s"`;
  return { words: ["sh", "-c", script, "pgrove", ...program], proof };
}

/** The environment of a program inside a container; passed by name, so that no value stands on a command line. */
export function programEnvironment(
  login: { user: string; password?: string | undefined; options?: string | undefined },
  run: RunId,
  options: ToolOptions,
): Env {
  const env = {
    PGAPPNAME: applicationName(run),
    PGUSER: login.user,
    LC_ALL: "C",
    ...(login.password === undefined ? {} : { PGPASSWORD: login.password }),
    ...(options.database === undefined ? {} : { PGDATABASE: options.database }),
    ...(login.options === undefined ? {} : { PGOPTIONS: login.options }),
  };
  return withEnvironment(env, options.env);
}

/** `-e NAME` for each variable. */
export function namedVariables(env: Env): string[] {
  return Object.keys(env).flatMap((name) => ["-e", name]);
}
