import { GIT_LOCAL_VARIABLES } from "./git-variables.ts";

export type Env = Readonly<Record<string, string>>;

const LIBPQ_VARIABLE = /^PG(?!ROVE_)(?:[A-Z]+|CONNECT_TIMEOUT)$/;

/** Whether libpq, or a driver in its place, would read a variable of that name. */
export function isLibpqVariable(name: string): boolean {
  return LIBPQ_VARIABLE.test(name);
}

/** The key of encrypted dumps, which is no other program's. */
const SECRET = "PGROVE_AGE_IDENTITY";

/** Whether a variable is pgrove's own matter, and handed to no other program by itself. */
export function isKeptBack(name: string): boolean {
  return isLibpqVariable(name) || name === SECRET;
}

/** The environment of every child: ours, without what would make git or libpq talk to something else, and without secrets. */
export function childEnvironment(added: Env): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || isKeptBack(name) || GIT_LOCAL_VARIABLES.has(name)) continue;
    env[name] = value;
  }
  return Object.assign(env, added);
}
