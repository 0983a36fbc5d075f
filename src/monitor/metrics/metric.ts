/** The metrics that there are: names and units by Prometheus' conventions, each under one name for ever. */
import type { Measure } from "../../config/measures.ts";

export interface MetricAbout {
  type: "gauge" | "counter" | "histogram";
  help: string;
  labels: readonly string[];
}

const TARGET = ["target"] as const;
const TABLE = ["target", "schema", "table"] as const;

const gauge = (help: string, labels: readonly string[] = TARGET): MetricAbout => ({ type: "gauge", help, labels });

/** By name. All of them have the label `project` besides. */
export const METRICS = {
  pgrove_build_info: gauge("The pgrove that has measured; always 1.", ["version"]),
  pgrove_up: gauge("Whether a session could be opened in the database."),
  pgrove_worktrees: gauge("Worktrees of the repository, the main one included.", []),
  pgrove_orphaned_worktrees: gauge("Worktrees that are gone and have left data.", []),
  pgrove_database_size_bytes: gauge("Size of the database, or of the target's schema."),
  pgrove_connections: gauge("Client sessions in the database."),
  pgrove_connections_max: gauge("max_connections of the server."),
  pgrove_connections_used_ratio: gauge("Share of the server's max_connections that is in use."),
  pgrove_table_rows: gauge("Rows of the largest tables, as PostgreSQL estimates them.", TABLE),
  pgrove_table_dead_rows: gauge("Dead rows of the largest tables, as PostgreSQL counts them.", TABLE),
  pgrove_table_size_bytes: gauge("Size of the largest tables with their indexes.", TABLE),
  pgrove_dead_rows: gauge("Dead rows of all tables."),
  pgrove_cache_hit_ratio: gauge("Share of blocks that were found in shared buffers."),
  pgrove_pending_migrations: gauge("Migrations in the branch's files that were not applied."),
  pgrove_migrations_in_doubt: gauge("Migrations that have stopped half-way."),
  pgrove_longest_transaction_seconds: gauge("For how long the oldest transaction is open."),
  pgrove_longest_idle_in_transaction_seconds: gauge("For how long a session has left a transaction open."),
  pgrove_invalid_indexes: gauge("Indexes that PostgreSQL does not use."),
  pgrove_sequence_used_ratio: gauge("How far the fullest sequence is used up."),
  pgrove_slowest_statement_seconds: gauge("Mean time of the slowest statement, by pg_stat_statements."),
  pgrove_transaction_ids_used_ratio: gauge("Share of transaction ids up to wraparound that is used up."),
  pgrove_replication_slot_retained_bytes: gauge("WAL that the most backward replication slot holds."),
  pgrove_server_disk_free_bytes: gauge("Room on the disk of the server's data."),
  pgrove_store_disk_free_bytes: gauge("Room on the disk of the dumps' folder.", []),
  pgrove_dumps: gauge("Whole dumps of the target in the store."),
  pgrove_last_dump_timestamp_seconds: gauge("When the newest dump was made."),
  pgrove_last_dump_size_bytes: gauge("Size of the newest dump."),
  pgrove_last_dump_failed: gauge("Whether the last dump that was tried has failed."),
  pgrove_last_proved_dump_timestamp_seconds: gauge("When the newest dump was made that a test restore has proved."),
  pgrove_seeding_error_ratio: gauge("Share of the last week's seed runs that have failed.", []),
  pgrove_operations_total: {
    type: "counter",
    help: "Operations that have ended, by the journal.",
    labels: ["operation"],
  },
  pgrove_operation_failures_total: {
    ...{ type: "counter", help: "Operations that have failed, by the journal.", labels: ["operation"] },
  },
  pgrove_operation_duration_seconds: {
    ...{ type: "histogram", help: "How long operations have taken, by the journal.", labels: ["operation"] },
  },
} as const satisfies Readonly<Record<string, MetricAbout>>;

export type MetricName = keyof typeof METRICS;

/** One value of a metric. */
export interface Sample {
  metric: MetricName;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** What a figure is as a metric; a time that has passed becomes the moment from which it counts. */
export interface FigureMetric {
  metric: MetricName;
  as: "itself" | "seconds" | "moment" | "opposite";
}

/** The measures that are metrics. */
export const FIGURE_METRICS: Partial<Readonly<Record<Measure, FigureMetric>>> = {
  database_unreachable: { metric: "pgrove_up", as: "opposite" },
  database_size: { metric: "pgrove_database_size_bytes", as: "itself" },
  dumps: { metric: "pgrove_dumps", as: "itself" },
  last_dump_age: { metric: "pgrove_last_dump_timestamp_seconds", as: "moment" },
  last_proved_dump_age: { metric: "pgrove_last_proved_dump_timestamp_seconds", as: "moment" },
  last_dump_size: { metric: "pgrove_last_dump_size_bytes", as: "itself" },
  last_dump_failed: { metric: "pgrove_last_dump_failed", as: "itself" },
  pending_migrations: { metric: "pgrove_pending_migrations", as: "itself" },
  migrations_in_doubt: { metric: "pgrove_migrations_in_doubt", as: "itself" },
  longest_transaction: { metric: "pgrove_longest_transaction_seconds", as: "seconds" },
  longest_idle_in_transaction: { metric: "pgrove_longest_idle_in_transaction_seconds", as: "seconds" },
  invalid_indexes: { metric: "pgrove_invalid_indexes", as: "itself" },
  sequences_used: { metric: "pgrove_sequence_used_ratio", as: "itself" },
  dead_rows: { metric: "pgrove_dead_rows", as: "itself" },
  cache_hit_ratio: { metric: "pgrove_cache_hit_ratio", as: "itself" },
  slowest_statement: { metric: "pgrove_slowest_statement_seconds", as: "seconds" },
  connections_used: { metric: "pgrove_connections_used_ratio", as: "itself" },
  transaction_ids_used: { metric: "pgrove_transaction_ids_used_ratio", as: "itself" },
  slots_retained_wal: { metric: "pgrove_replication_slot_retained_bytes", as: "itself" },
  server_disk_free: { metric: "pgrove_server_disk_free_bytes", as: "itself" },
  store_disk_free: { metric: "pgrove_store_disk_free_bytes", as: "itself" },
  seeding_error_rate: { metric: "pgrove_seeding_error_ratio", as: "itself" },
  orphans: { metric: "pgrove_orphaned_worktrees", as: "itself" },
};
