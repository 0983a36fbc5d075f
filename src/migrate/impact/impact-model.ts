/** What a migration does to the data that is there, as plain data. */
import type { Step } from "../migration.ts";

/**
 * PostgreSQL's table locks, the weakest first.
 * https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
 */
export const LOCK_MODES = [
  "AccessShare",
  "RowShare",
  "RowExclusive",
  "ShareUpdateExclusive",
  "Share",
  "ShareRowExclusive",
  "Exclusive",
  "AccessExclusive",
] as const;

export type LockMode = (typeof LOCK_MODES)[number];

/** What is done with a table's rows, the least first: looked at, an index built over them, written anew. */
const WORKS = ["none", "scan", "index", "rewrite"] as const;

export type Work = (typeof WORKS)[number];

export interface TableImpact {
  table: string;
  lock: LockMode;
  work: Work;
  /** By the last ANALYZE. */
  rows: number;
  /** With its indexes. */
  sizeBytes: number;
}

/** What cannot be brought back without a backup. */
export interface Loss {
  verb: "drops" | "empties" | "deletes" | "narrows";
  /** "column users.legacy_id", "table users" */
  what: string;
  /** How much of it there is; undefined when nobody can tell before. */
  count: number | undefined;
  unit: "values" | "rows";
  /** False of an estimate. */
  exact: boolean;
}

export interface StatementImpact {
  sql: string;
  /** "adds the column age to users" */
  summary: string;
  /** The tables that were there before, the strongest lock first. */
  tables: readonly TableImpact[];
  losses: readonly Loss[];
  destructive: boolean;
  /** It runs code, of which only what stands there as SQL is known. */
  runsCode: boolean;
}

export interface StepImpact {
  step: Step;
  /** Of a psql script only what is plain SQL is known. */
  runner: "sql" | "psql";
  statements: readonly StatementImpact[];
  destructive: boolean;
}

/** The stronger of two locks. */
export function strongerLock(one: LockMode, other: LockMode): LockMode {
  return LOCK_MODES.indexOf(one) >= LOCK_MODES.indexOf(other) ? one : other;
}

/** The greater of two works. */
export function greaterWork(one: Work, other: Work): Work {
  return WORKS.indexOf(one) >= WORKS.indexOf(other) ? one : other;
}
