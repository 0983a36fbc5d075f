/** What findings say: figures in words, a sentence for each measure, and the next command. */
import { MEASURES, type Measure, type MeasureKind } from "../../config/measures.ts";
import { renderTemplate } from "../../config/text-template.ts";
import { formatBytes, formatCount, formatDuration } from "../../sys/amounts.ts";
import { quoteWord } from "../../sys/shell-word.ts";

/** What a sentence is about. */
export interface Said {
  rule: string;
  target: string;
  measure: Measure;
  value: number;
  limit: number;
  subject: string | undefined;
}

const FORMATS: Readonly<Record<MeasureKind, (value: number) => string>> = {
  duration: formatDuration,
  bytes: formatBytes,
  ratio: (value) => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`,
  count: formatCount,
  flag: (value) => (value === 1 ? "yes" : "no"),
};

/** A figure in words: "2 h 5 min", "83 %", "never". */
export function formatFigure(measure: Measure, value: number): string {
  return Number.isFinite(value) ? FORMATS[MEASURES[measure].kind](value) : "never";
}

/** The sentence of pgrove.yaml with its figures, or pgrove's own. */
export function sayFinding(said: Said, message: string | undefined): string {
  const { rule, target, subject = "", measure } = said;
  const values = { value: formatFigure(measure, said.value), limit: formatFigure(measure, said.limit) };
  if (message !== undefined) return renderTemplate(message, { rule, target, subject, ...values }, `checks.${rule}`);
  return SENTENCES[measure]({ ...values, target, subject, isNever: !Number.isFinite(said.value) });
}

/** The next command for what that measure has shown, of the dump, table or session that it is about. */
export function hintFor(measure: Measure, target: string, subject: string | undefined): string {
  return HINTS[measure](quoteWord(target), subject);
}

interface Words {
  target: string;
  value: string;
  limit: string;
  subject: string;
  isNever: boolean;
}

const of = ({ subject }: Words) => (subject === "" ? "" : ` (${subject})`);

/** "1 pending migration", "2 pending migrations": of a count in words. */
const many = (value: string, one: string, more = `${one}s`) => `${value} ${value === "1" ? one : more}`;

const SENTENCES: Readonly<Record<Measure, (words: Words) => string>> = {
  database_unreachable: (each) => `the database of ${each.target} cannot be reached${of(each)}`,
  database_size: ({ target, value, limit }) => `the database of ${target} has ${value}; the bound is ${limit}`,
  dumps: ({ target, value }) =>
    value === "0"
      ? `there is no dump of ${target}`
      : `there ${value === "1" ? "is" : "are"} ${many(value, "dump")} of ${target}`,
  proved_dumps: ({ target, value }) =>
    `${many(value, "dump")} of ${target} ${value === "1" ? "was" : "were"} proved by a test restore`,
  last_dump_age: ({ target, value, limit, isNever }) =>
    isNever ? `${target} was never dumped` : `the last dump of ${target} is ${value} old; the bound is ${limit}`,
  last_proved_dump_age: ({ target, value, limit, isNever }) =>
    isNever
      ? `no dump of ${target} was proved by a test restore`
      : `the last dump of ${target} that a test restore has proved is ${value} old; the bound is ${limit}`,
  last_dump_size: ({ target, value, limit }) => `the last dump of ${target} has ${value}; the bound is ${limit}`,
  last_dump_failed: (each) => `the last dump of ${each.target} has failed${of(each)}`,
  dump_size_deviation: (each) =>
    `the last dump of ${each.target} differs by ${each.value} from the median size of those before${of(each)}`,
  pending_migrations: (each) => `${many(each.value, "pending migration")} at ${each.target}${of(each)}`,
  migrations_in_doubt: (each) =>
    `${many(each.value, "migration")} of ${each.target} ${each.value === "1" ? "has" : "have"} stopped half-way${of(each)}`,
  longest_transaction: (each) => `a transaction is open for ${each.value} in ${each.target}${of(each)}`,
  longest_idle_in_transaction: (each) =>
    `a session has left a transaction open for ${each.value} in ${each.target}${of(each)}`,
  invalid_indexes: (each) => `${many(each.value, "invalid index", "invalid indexes")} in ${each.target}${of(each)}`,
  sequences_used: (each) => `a sequence of ${each.target} is used up by ${each.value}${of(each)}`,
  dead_rows: (each) => `${many(each.value, "dead row")} in ${each.target}; the bound is ${each.limit}`,
  dead_rows_share: (each) => `${each.value} of a table's rows are dead in ${each.target}${of(each)}`,
  cache_hit_ratio: ({ target, value, limit }) =>
    `${value} of what ${target} reads is found in memory; the bound is ${limit}`,
  slowest_statement: (each) => `a statement takes ${each.value} on average in ${each.target}${of(each)}`,
  connections_used: (each) => `${each.value} of the connections of ${each.target}'s server are in use${of(each)}`,
  transaction_ids_used: (each) =>
    `${each.value} of the transaction ids up to wraparound are used up on ${each.target}'s server${of(each)}`,
  slots_retained_wal: (each) => `a replication slot of ${each.target}'s server holds ${each.value} of WAL${of(each)}`,
  server_disk_free: ({ target, value, limit }) =>
    `${value} are free on the disk of ${target}'s server; the bound is ${limit}`,
  store_disk_free: ({ value, limit }) => `${value} are free on the disk of the dumps' folder; the bound is ${limit}`,
  seeding_error_rate: (each) => `${each.value} of the last week's seed runs have failed${of(each)}`,
  orphans: (each) =>
    `${many(each.value, "worktree is gone and has", "worktrees are gone and have")} left data${of(each)}`,
};

const LOOK_AT_SESSIONS = "select pid, usename, state, xact_start from pg_stat_activity order by xact_start";

const dump = (target: string) => `pgrove dump ${target}`;
const stats = (target: string) => `pgrove stats ${target}`;
const sql = (text: string) => (target: string) => `pgrove sql ${target} -c ${quoteWord(text)}`;
const sessions = sql(LOOK_AT_SESSIONS);

/** The store may hold newer dumps of others, so that `--latest` would prove one of those. */
const prove = (_target: string, newest: string | undefined) =>
  newest === undefined ? "pgrove dumps list" : `pgrove dumps verify --restore ${quoteWord(newest)}`;

const HINTS: Readonly<Record<Measure, (target: string, subject: string | undefined) => string>> = {
  database_unreachable: (target) =>
    `pgrove status ${target}        says more; pgrove up ${target} starts it where it is stopped`,
  database_size: stats,
  ...{ dumps: dump, last_dump_age: dump, last_dump_failed: dump },
  ...{ proved_dumps: prove, last_proved_dump_age: prove },
  last_dump_size: () => "pgrove dumps list",
  dump_size_deviation: () => "pgrove dumps list",
  pending_migrations: (target) => `pgrove migrate up --target ${target}`,
  migrations_in_doubt: (target) => `pgrove migrate status ${target}`,
  ...{ longest_transaction: sessions, longest_idle_in_transaction: sessions, connections_used: sessions },
  invalid_indexes: sql("select indexrelid::regclass from pg_index where not indisvalid"),
  ...{ sequences_used: stats, dead_rows: stats, dead_rows_share: stats },
  cache_hit_ratio: sql("show shared_buffers"),
  slowest_statement: sql(
    "select query, calls, mean_exec_time from pg_stat_statements order by mean_exec_time desc limit 5",
  ),
  transaction_ids_used: sql("select datname, age(datfrozenxid) from pg_database order by 2 desc"),
  slots_retained_wal: sql("select slot_name, active, restart_lsn from pg_replication_slots"),
  server_disk_free: () => "pgrove snapshots list        shows what could go; or make room on the server",
  store_disk_free: () => "pgrove dumps prune --dry-run        shows what could go",
  seeding_error_rate: () => "pgrove history --failed",
  orphans: () => "pgrove prune",
};
