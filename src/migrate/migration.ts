/** What migrations are, as plain data: files, the ledger's rows, and what is to be done. */

import type { Script } from "../sql/script.ts";

export type Direction = "up" | "down";

/** One migration of this branch. */
export interface Migration {
  version: bigint;
  /** The version as the file's name writes it: "007". */
  digits: string;
  /** "add_users"; empty where the file names nothing but the version. */
  name: string;
  up?: Script;
  down?: Script;
}

/** What the ledger knows of a migration that was applied, or is in doubt. */
export interface LedgerRow {
  version: bigint;
  /** The version as the file's name wrote it. */
  digits: string;
  name: string;
  /** Null of one that another tool applied, or that `baseline` or `force` has put there. */
  upChecksum: string | null;
  downChecksum: string | null;
  downScript: string | null;
  downTransaction: boolean;
  appliedAt: Date;
  appliedBy: string;
  durationMs: number | null;
  gitCommit: string | null;
  /** How it came into the ledger: run by pgrove, or only recorded. */
  origin: "run" | "adopted" | "baseline" | "forced";
  /** False while it is in doubt: a part of it has been done, outside of any transaction. */
  success: boolean;
  /** Of one in doubt: what was being run, its failing statement from 1, and what PostgreSQL said. */
  failed: { direction: Direction; statement: number; error: string } | null;
}

/** One migration to run, in its place of the order. */
export interface Step {
  direction: Direction;
  version: bigint;
  name: string;
  digits: string;
  script: Script;
  /** The ledger's row after an `up` keeps the down script. */
  down?: Script;
  /** Continue behind a statement that failed before: from 1. Only of one in doubt. */
  fromStatement: number;
  /** It is in doubt, and gone on with. */
  again?: true;
}

/** A mistake or a doubtful thing in the files, at its place. */
export interface Finding {
  /** A rule's or check's name: "duplicate_version", "ban-drop-column". */
  rule: string;
  level: "error" | "warning";
  file: string;
  /** From 1. */
  line: number;
  column: number;
  message: string;
  /** What to do instead, where that can be said. */
  hint?: string;
}

/** "7 add_users", "7" without a name. */
export function describeMigration({ digits, name }: Pick<Migration, "digits" | "name">): string {
  return name === "" ? digits : `${digits} ${name}`;
}

const MOST_LISTED = 5;
const LAST = 3;

/** "1 a, 2 b"; of many the count and the last three: "181, the last of them 179 x, 180 y, 181 z". */
export function listMigrations(migrations: readonly Pick<Migration, "digits" | "name">[]): string {
  if (migrations.length <= MOST_LISTED) return migrations.map(describeMigration).join(", ");
  return `${migrations.length}, the last of them ${migrations.slice(-LAST).map(describeMigration).join(", ")}`;
}
