import type { EpisodeDocument } from "../../answers/history.ts";
import { type JournalEntry, readJournal } from "../../sys/journal.ts";
import { isPlan } from "../../sys/operation.ts";
import { defineCommand } from "../command.ts";
import { formatAge, formatDuration } from "../format.ts";
import { formatTable } from "../table.ts";
import { answerColumns } from "../terminal.ts";

/** The begin and the end of one run. */
interface Episode {
  begin: JournalEntry;
  end: JournalEntry | undefined;
}

export const command = defineCommand({
  meta: {
    details: "Every operation that changes something is in the journal, in the repository's git folder.",
    examples: [
      { line: "pgrove history --limit 5", about: "the last five operations" },
      { line: "pgrove history --json | jq '.history[] | select(.result == \"failed\")'", about: "what went wrong" },
    ],
  },
  args: {
    limit: { type: "string", valueHint: "N", number: { min: 1 }, description: "how many, newest first (default: 20)" },
  },
  async run({ args, context }) {
    const entries = await readJournal(await context.stateDir());
    const episodes = pairEntries(entries).slice(0, args.limit ?? 20);
    const now = context.clock.now();
    const fit = { columns: await answerColumns(), drop: ["TOOK", "DATABASE"] };
    await context.output.answer({ history: episodes.map(documentOf) }, () => {
      if (episodes.length === 0) return "nothing yet";
      const rows = episodes.map((episode) => rowOf(episode, now));
      return formatTable([["WHEN", "WHAT", "TARGET", "DATABASE", "RESULT", "TOOK", "BY"], ...rows], { fit });
    });
  },
});

function pairEntries(entries: readonly JournalEntry[]): Episode[] {
  const ends = new Map(entries.filter(({ event }) => event === "end").map((entry) => [entry.run, entry]));
  return entries
    .filter(({ event, operation }) => event === "begin" && !isPlan(operation)) // an older pgrove wrote plans down, too
    .map((begin) => ({ begin, end: ends.get(begin.run) }))
    .reverse();
}

function documentOf({ begin, end }: Episode): EpisodeDocument {
  const { at, run, operation, target, database, by, host, pid } = begin;
  return {
    ...{ run, at, operation, target, database, by, host, pid },
    result: end?.result ?? null,
    error: end?.error ?? null,
    duration_ms: end?.duration_ms ?? null,
    details: end?.details ?? null,
  };
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
