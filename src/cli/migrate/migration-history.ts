/** What was done to a database's migrations, as an answer. */
import type { MigrationHistoryEntry } from "../../answers/migrations.ts";
import type { HistoryAction, HistoryEntry } from "../../migrate/ledger/ledger-rows.ts";
import { describeMigration } from "../../migrate/migration.ts";
import { formatAge, formatDuration, wholeMs } from "../format.ts";
import { formatTable } from "../table.ts";

const WORDS: Readonly<Record<HistoryAction, string>> = {
  up: "up",
  down: "down",
  adopt: "up, by another tool",
  release: "down, by another tool",
  force: "forced",
  baseline: "baseline",
  renumber: "renumbered",
};

/** One entry of `migrate history --json`. */
export function historyDocument(entry: HistoryEntry): MigrationHistoryEntry {
  return {
    ...{
      version: entry.version?.toString() ?? null,
      name: entry.name,
      action: entry.action,
      at: entry.at.toISOString(),
    },
    ...{ by: entry.by, duration_ms: wholeMs(entry.durationMs), git_commit: entry.gitCommit },
    ...{ success: entry.success, error: entry.error },
  };
}

/** The entries for people. */
export function renderHistory(entries: readonly HistoryEntry[], now: Date): string {
  const rows = entries.map((entry) => [
    formatAge(entry.at, now),
    entry.version === null ? "none" : describeMigration(entry),
    WORDS[entry.action],
    entry.success ? "done" : `failed: ${(entry.error ?? "").split("\n")[0]?.slice(0, 60)}`,
    entry.durationMs === null ? "-" : formatDuration(entry.durationMs),
    entry.by,
  ]);
  return formatTable([["WHEN", "MIGRATION", "WHAT", "RESULT", "TOOK", "BY"], ...rows]);
}
