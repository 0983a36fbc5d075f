/** The runs that the journal tells of. */
import { type JournalEntry, readJournalBackwards } from "../sys/journal.ts";
import { isPlan } from "../sys/operation.ts";

/** The begin and the end of one run. */
export interface Episode {
  begin: JournalEntry;
  /** Undefined while it goes on, and of one that was killed until the next run clears up after it. */
  end: JournalEntry | undefined;
}

export interface HistoryRequest {
  /** The most runs. */
  limit: number;
  /** Only of this target, or this database. */
  target?: string | undefined;
  /** Only those that began then or later, in ms since 1970. */
  since?: number | undefined;
  /** Only those that did not end well. */
  failed: boolean;
}

/** The runs, newest first. No more of the journal is read than needed. */
export async function readHistory(stateDir: string, request: HistoryRequest): Promise<Episode[]> {
  const ends = new Map<string, JournalEntry>();
  const found: Episode[] = [];
  for await (const entries of readJournalBackwards(stateDir)) {
    for (const entry of entries.reverse()) {
      if (entry.event === "end" && !ends.has(entry.run)) ends.set(entry.run, entry);
      if (entry.event !== "begin" || isPlan(entry.operation)) continue; // an older pgrove wrote plans down, too
      const episode = { begin: entry, end: ends.get(entry.run) };
      if (isWanted(episode, request)) found.push(episode);
      if (found.length === request.limit) return found;
    }
  }
  return found;
}

/** Whether a run was on a target, or a database. An environment is written down with its file: "staging (.env.staging)". */
function isOf(begin: JournalEntry, target: string): boolean {
  const isEnvironment = target.startsWith("@") && begin.target.startsWith(`${target.slice(1)} (`);
  return isEnvironment || begin.target === target || begin.database === target;
}

function isWanted({ begin, end }: Episode, { target, since, failed }: HistoryRequest): boolean {
  if (target !== undefined && !isOf(begin, target)) return false;
  if (since !== undefined && Date.parse(begin.at) < since) return false;
  return !failed || end?.result === "failed" || end?.result === "interrupted";
}
