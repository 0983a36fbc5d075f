/** Who keeps a session waiting, asked from another one while it works. */
import type { Sql } from "../../postgres/toolbox.ts";

export interface BlockerWatch {
  /** The last ones seen, in words; undefined when nobody was in the way. */
  seen(): string | undefined;
  stop(): void;
}

interface Blocker {
  pid: number;
  user: string;
  application: string;
  state: string;
}

/**
 * Looks every `everyMs` who blocks the session `pid`, and tells it once. Looks are a courtesy: one that fails is passed
 * over.
 */
export function watchBlockers(control: Sql, pid: number, everyMs: number, tell: (text: string) => void): BlockerWatch {
  let seen: string | undefined;
  let asking = false;
  const look = async () => {
    const found = await readBlockers(control, pid);
    if (found.length === 0) return;
    const words = found.map(describeBlocker).join(", ");
    if (words !== seen) tell(words);
    seen = words;
  };
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    look()
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  }, everyMs);
  return { seen: () => seen, stop: () => clearInterval(timer) };
}

async function readBlockers(control: Sql, pid: number): Promise<Blocker[]> {
  const rows = await control<Blocker[]>`
    select pid, coalesce(usename, '') as user, coalesce(application_name, '') as application,
           coalesce(state, '') as state
      from pg_stat_activity where pid = any(pg_blocking_pids(${pid}))`;
  return [...rows];
}

function describeBlocker({ pid, user, application, state }: Blocker): string {
  const who = application === "" ? user : `${application} (${user})`;
  return `${who}, pid ${pid}${state === "" ? "" : `, ${state}`}`;
}
