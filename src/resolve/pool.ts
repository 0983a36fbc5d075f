/** DB_MAX_CONNS and its kin: how many connections the programs of a repository, and pgrove with them, may open. */
import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { configError } from "../errors.ts";
import type { Target } from "./target.ts";

const NAMES = ["DB_MAX_CONNS", "DB_MIN_CONNS", "DB_MAX_LIFETIME"];

/** What pgrove needs besides the programs that work at once: a session for its claims. */
const OWN_SESSIONS = 1;

/** What of them is set: the first source that has one counts. Throws (exit 3) when the most is no number. */
export function poolOf(
  loaded: LoadedConfig | undefined,
  ...sources: readonly Environment[]
): Pick<Target, "pool" | "maxConnections"> {
  const pool: Record<string, string> = {};
  for (const name of NAMES) {
    const value = sources.map((each) => each[name]).find((each) => each !== undefined && each !== "");
    if (value !== undefined) pool[name] = value;
  }
  const written = pool.DB_MAX_CONNS;
  if (written !== undefined && !/^[1-9]\d{0,8}$/.test(written)) {
    throw configError("DB_MAX_CONNS is not a whole number above 0", "set DB_MAX_CONNS=10");
  }
  const most = written === undefined ? loaded?.config.database.max_connections : Number(written);
  return {
    ...(Object.keys(pool).length === 0 ? {} : { pool }),
    ...(most === undefined ? {} : { maxConnections: most }),
  };
}

/**
 * How many tables a program may work on at once; at least one, which is what any work needs. `besides`: the program's
 * sessions that are not for a table.
 */
export function capJobs(
  jobs: number,
  { target: { maxConnections }, besides, note }: { target: Target; besides: number; note: (text: string) => void },
): number {
  if (maxConnections === undefined) return jobs;
  const capped = Math.max(1, Math.min(jobs, maxConnections - OWN_SESSIONS - besides));
  if (capped < jobs) note(`${jobs} jobs become ${capped}: at most ${maxConnections} connections (DB_MAX_CONNS)`);
  return capped;
}
