/** Figures for a monitoring system: what `check` measures, the largest tables, and what the journal says of operations. */
import { isMeasure } from "../../config/measures.ts";
import type { TargetMigrations } from "../../migrate/worktree-migrations.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { JournalEntry } from "../../sys/journal.ts";
import { isFigure } from "../figures/figure.ts";
import { type Inside, type Measurement, readFigures, type WatchTools } from "../figures/read-figures.ts";
import { readWorktrees } from "../figures/repository.ts";
import { FIGURE_METRICS, type FigureMetric, METRICS, type Sample } from "./metric.ts";

/** What was read, before it is put into a form. */
export interface MetricsReading {
  /** pgrove.yaml's `project`. */
  project: string;
  samples: readonly Sample[];
  /** What operations have ended, oldest first. */
  ended: readonly JournalEntry[];
}

/** What readMetrics needs besides. */
export interface MetricsTools extends WatchTools {
  project: string;
  version: string;
}

/** How many tables of a target have metrics of their own. */
const MOST_TABLES = 20;

/** Reads the metrics of these targets. A database that cannot be reached has `pgrove_up` 0, and what is known without it. */
export async function readMetrics(subjects: readonly TargetMigrations[], tools: MetricsTools): Promise<MetricsReading> {
  const samples: Sample[] = [{ metric: "pgrove_build_info", labels: { version: tools.version }, value: 1 }];
  const wanted = new Set(Object.keys(FIGURE_METRICS).filter(isMeasure));
  const inside = (subject: TargetMigrations) => readInside(subject.target.name, subject.target.schema, samples);
  const measurements = await readFigures(subjects, wanted, tools, inside);
  samples.push(...measurements.flatMap((each) => figureSamples(each, tools.now)));
  if (tools.repository !== undefined) {
    const { count } = await readWorktrees(tools.repository, tools.stateDir, tools.runner);
    samples.push({ metric: "pgrove_worktrees", labels: {}, value: count });
  }
  const ended = (await tools.journal()).filter(({ event }) => event === "end");
  return { project: tools.project, samples, ended };
}

function figureSamples({ subject, figures }: Measurement, now: Date): Sample[] {
  return [...figures].flatMap(([measure, measured]) => {
    const known = FIGURE_METRICS[measure];
    if (known === undefined || !isFigure(measured) || !Number.isFinite(measured.value)) return [];
    const { metric } = known;
    const labels = METRICS[metric].labels.length === 0 ? {} : { target: subject.target.name };
    return [{ metric, labels, value: convert(measured.value, known, now) }];
  });
}

function convert(value: number, { as }: FigureMetric, now: Date): number {
  switch (as) {
    case "itself":
      return value;
    case "seconds":
      return value / 1000;
    case "moment":
      return (now.getTime() - value) / 1000;
    case "opposite":
      return 1 - value;
  }
}

function readInside(target: string, schema: string | undefined, samples: Sample[]): Inside {
  return async (sql) => {
    samples.push(...(await readConnections(sql, target)), ...(await readTables(sql, target, schema ?? null)));
  };
}

async function readConnections(sql: Sql, target: string): Promise<Sample[]> {
  const [row] = await sql<{ used: number; most: number }[]>`
    select count(*)::float8 as used, pg_catalog.current_setting('max_connections')::float8 as most
      from pg_catalog.pg_stat_activity
     where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid()`;
  return [
    { metric: "pgrove_connections", labels: { target }, value: row?.used ?? 0 },
    { metric: "pgrove_connections_max", labels: { target }, value: row?.most ?? 0 },
  ];
}

async function readTables(sql: Sql, target: string, only: string | null): Promise<Sample[]> {
  const rows = await sql<{ schema: string; table: string; live: number; dead: number; bytes: number }[]>`
    select schemaname::text as schema, relname::text as table, n_live_tup::float8 as live, n_dead_tup::float8 as dead,
           pg_catalog.pg_total_relation_size(relid)::float8 as bytes
      from pg_catalog.pg_stat_user_tables
     where schemaname = coalesce(${only}, schemaname) order by 5 desc nulls last, 1, 2 limit ${MOST_TABLES}`;
  return rows.flatMap(({ schema, table, live, dead, bytes }): Sample[] => {
    const labels = { target, schema, table };
    return [
      { metric: "pgrove_table_rows", labels, value: live },
      { metric: "pgrove_table_dead_rows", labels, value: dead },
      { metric: "pgrove_table_size_bytes", labels, value: bytes ?? 0 }, // dropped meanwhile
    ];
  });
}
