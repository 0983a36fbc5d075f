/** What `history` answers. */
import type { EpisodeDocument } from "../../answers/history.ts";
import type { Episode } from "../../monitor/history.ts";
import type { JournalEntry } from "../../sys/journal.ts";
import type { ChainFault, ChainReport } from "../../sys/journal-chain.ts";
import { formatAge, formatDuration, plural } from "../format.ts";
import { formatTable } from "../table.ts";

export function episodeDocument({ begin, end }: Episode): EpisodeDocument {
  const { at, run, operation, target, database, by, host, pid } = begin;
  return {
    ...{ run, at, operation, target, database, by, host, pid },
    result: end?.result ?? null,
    error: end?.error ?? null,
    duration_ms: end?.duration_ms ?? null,
    details: end?.details ?? null,
  };
}

/** A line for each run, newest first. */
export function renderHistory(episodes: readonly Episode[], now: Date, columns: number | undefined): string {
  if (episodes.length === 0) return "nothing yet";
  const rows = episodes.map((episode) => rowOf(episode, now));
  const fit = { columns, drop: ["TOOK", "DATABASE"] };
  return formatTable([["WHEN", "WHAT", "TARGET", "DATABASE", "RESULT", "TOOK", "BY"], ...rows], { fit });
}

function rowOf({ begin, end }: Episode, now: Date): string[] {
  return [
    formatAge(new Date(begin.at), now),
    begin.operation,
    begin.target,
    begin.database,
    end?.result === undefined ? "not ended" : shortResult(end),
    end?.duration_ms === undefined ? "-" : formatDuration(end.duration_ms),
    begin.by,
  ];
}

function shortResult({ result, error }: JournalEntry): string {
  const why = error?.split("\n")[0];
  return result === "done" || why === undefined ? (result ?? "") : `${result}: ${why.slice(0, 60)}`;
}

const FAULTS: Readonly<Record<ChainFault, string>> = {
  changed: "was changed after it was written",
  gap: "does not follow the line before it: lines were taken out, or put in",
  unchained: "is not chained: an older pgrove wrote it, or something else",
  file_missing: "begins a file, and the one before it is missing",
  end_missing: "is the last one, and was not the last one written: the end was cut off",
  head_missing:
    "is the last one, and journal.head, which knows whether it is, is missing: the end may have been cut off",
};

export function chainDocument({ lines, fault, halfLines }: ChainReport): Record<string, unknown> {
  const said = fault === undefined ? null : { ...fault, message: FAULTS[fault.kind] };
  return { ok: fault === undefined, lines, half_lines: halfLines, fault: said };
}

/** Names the first line that does not fit. */
export function renderChain({ lines, fault, halfLines }: ChainReport): string {
  if (fault !== undefined) return `${fault.file}:${fault.line} ${FAULTS[fault.kind]}`;
  const half = halfLines === 0 ? "" : `; ${plural(halfLines, "half line")}, as a crash leaves them, hiding nothing`;
  return `${plural(lines, "line")}, each as it was written${half}`;
}
