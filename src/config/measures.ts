/** What can be measured of a target: the words that conditions in pgrove.yaml are made of. */

/** How a figure is written and told: a time in ms, a size in bytes, a share of 1, a number, or yes and no. */
export type MeasureKind = "duration" | "bytes" | "ratio" | "count" | "flag";

/** What it is of: a target's own database, the server that several targets share, the dumps' folder, or the repository. */
export type MeasureScope = "target" | "server" | "store" | "repository";

export interface MeasureAbout {
  kind: MeasureKind;
  scope: MeasureScope;
  about: string;
}

const measure = (kind: MeasureKind, scope: MeasureScope, about: string): MeasureAbout => ({ kind, scope, about });

/** Every measure, by its name. */
export const MEASURES = {
  database_unreachable: measure("flag", "target", "no session could be opened in the database"),
  database_size: measure("bytes", "target", "the size of the database, or of the target's schema"),
  dumps: measure("count", "target", "whole dumps of the target in the store"),
  proved_dumps: measure("count", "target", "those of them that a test restore has proved"),
  last_dump_age: measure("duration", "target", "since the newest dump was made; without end where there is none"),
  last_proved_dump_age: measure("duration", "target", "since the newest dump was made that a test restore has proved"),
  last_dump_size: measure("bytes", "target", "the size of the newest dump"),
  last_dump_failed: measure("flag", "target", "the last dump that was tried has failed"),
  dump_size_deviation: measure(
    "ratio",
    "target",
    "how far the newest dump's size is from the median of the ten before",
  ),
  pending_migrations: measure("count", "target", "migrations in the branch's files that were not applied"),
  migrations_in_doubt: measure("count", "target", "migrations that have stopped half-way"),
  longest_transaction: measure("duration", "target", "for how long the oldest transaction is open"),
  longest_idle_in_transaction: measure("duration", "target", "for how long a session has left a transaction open"),
  invalid_indexes: measure("count", "target", "indexes that PostgreSQL does not use: their making has failed"),
  sequences_used: measure("ratio", "target", "how far the fullest sequence, or its column's type, is used up"),
  dead_rows: measure("count", "target", "rows that are dead and not vacuumed yet"),
  dead_rows_share: measure("ratio", "target", "their share in the worst table that has 10,000 of them"),
  cache_hit_ratio: measure("ratio", "target", "the share of blocks that PostgreSQL had in memory"),
  slowest_statement: measure("duration", "target", "the slowest statement's mean time, by pg_stat_statements"),
  connections_used: measure("ratio", "server", "the share of max_connections that is in use"),
  transaction_ids_used: measure("ratio", "server", "the share of transaction ids up to wraparound that is used up"),
  slots_retained_wal: measure("bytes", "server", "the WAL that the most backward replication slot holds"),
  server_disk_free: measure("bytes", "server", "room on the disk of the server's data"),
  store_disk_free: measure("bytes", "store", "room on the disk of the dumps' folder"),
  seeding_error_rate: measure("ratio", "repository", "the share of the last week's seed runs that have failed"),
  orphans: measure("count", "repository", "worktrees that are gone and have left data"),
} as const satisfies Readonly<Record<string, MeasureAbout>>;

export type Measure = keyof typeof MEASURES;

/** Other words for the same. */
const ALIASES: Readonly<Record<string, Measure>> = {
  last_backup_age: "last_dump_age",
  last_proved_backup_age: "last_proved_dump_age",
  last_backup_failed: "last_dump_failed",
};

/** Every word that a condition may begin with. */
export const MEASURE_WORDS: readonly string[] = [...Object.keys(MEASURES), ...Object.keys(ALIASES)];

/** The measure of that name; undefined where there is none. */
export function findMeasure(word: string): Measure | undefined {
  if (isMeasure(word)) return word;
  return Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined;
}

/** Whether it is the name of one. */
export function isMeasure(word: string): word is Measure {
  return Object.hasOwn(MEASURES, word);
}
