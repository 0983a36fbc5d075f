/** The statistics of a target for people and for --json. */

import type { StatsDocument } from "../../answers/status.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { SeedStats, SequenceStats, TableStats } from "../../seed/stats.ts";
import type { Context } from "../context.ts";
import { formatAge, formatBytes, formatCount } from "../format.ts";
import { formatTable } from "../table.ts";

/** Reads and answers. */
export async function answerStats(context: Context, live: LiveTarget): Promise<void> {
  const { readStats } = await import("../../seed/stats.ts");
  const stats = await readStats(context, live);
  const document = { target: live.target.name, ...statsDocument(stats) };
  await context.output.answer(document, () => renderStats(stats, context.clock.now()));
}

/** The part of a JSON document that says how the tables are. */
export function statsDocument({ database, tables, sequences }: SeedStats): StatsDocument {
  return {
    database,
    tables: tables.map((table) => ({
      ...{ schema: table.schema, name: table.name, rows: table.rows < 0 ? null : table.rows, exact: table.isExact },
      ...{ size_bytes: table.sizeBytes, index_bytes: table.indexBytes, dead_rows: table.deadRows },
      last_vacuum: table.lastVacuum?.toISOString() ?? null,
      last_analyze: table.lastAnalyze?.toISOString() ?? null,
    })),
    sequences: sequences.map(({ schema, name, column, lastValue, maxValue, used }) => ({
      // Beyond 2^53 a JSON number would lie.
      ...{ schema, name, column, last_value: lastValue?.toString() ?? null, max_value: maxValue.toString() },
      used,
    })),
  };
}

export function renderStats({ database, tables, sequences }: SeedStats, now: Date): string {
  if (tables.length === 0) return `no tables in ${database}`;
  const head = ["TABLE", "ROWS", "SIZE", "INDEXES", "DEAD", "VACUUMED", "ANALYZED"];
  const rows = tables.map((table) => [
    ...[shortName(table), describeRows(table), formatBytes(table.sizeBytes), formatBytes(table.indexBytes)],
    ...[formatCount(table.deadRows), describeTime(table.lastVacuum, now), describeTime(table.lastAnalyze, now)],
  ]);
  const parts = [formatTable([head, ...rows], { right: [1, 2, 3, 4] })];
  if (sequences.length > 0) {
    const lines = sequences.map((each) => [
      shortName(each),
      each.column ?? "-",
      String(each.lastValue ?? "-"),
      describeUse(each),
    ]);
    parts.push(formatTable([["SEQUENCE", "COLUMN", "LAST", "USED"], ...lines], { right: [2, 3] }));
  }
  return parts.join("\n\n");
}

function shortName({ schema, name }: { schema: string; name: string }): string {
  return schema === "public" ? name : `${schema}.${name}`;
}

function describeRows({ rows, isExact }: TableStats): string {
  if (rows < 0) return "not analyzed";
  return isExact ? formatCount(rows) : `about ${formatCount(rows)}`;
}

function describeTime(time: Date | null, now: Date): string {
  return time === null ? "never" : formatAge(time, now);
}

function describeUse({ used }: SequenceStats): string {
  return used > 0 && used < 0.001 ? "< 0.1%" : `${(used * 100).toFixed(1)}%`;
}
