import { GIT_LOCAL_VARIABLES } from "./git-variables.ts";

export type Env = Readonly<Record<string, string>>;

const LIBPQ_VARIABLE = /^PG(?!ROVE_)(?:[A-Z]+|CONNECT_TIMEOUT)$/;

/** Whether libpq, or a driver in its place, would read a variable of that name. */
export function isLibpqVariable(name: string): boolean {
  return LIBPQ_VARIABLE.test(name);
}

/** The key of encrypted dumps, which is no other program's. */
const SECRET = "PGROVE_AGE_IDENTITY";

/** The environment of every child: ours, without what would make git or libpq talk to something else, and without secrets. */
export function childEnvironment(added: Env): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || isLibpqVariable(name) || GIT_LOCAL_VARIABLES.has(name) || name === SECRET) continue;
    env[name] = value;
  }
  return Object.assign(env, added);
}
