/** From files, ledger and wish to the steps, in their order. Nothing is asked and nothing is run. */

import type { Script } from "../../sql/script.ts";
import type { MigrationFiles } from "../files/read-migrations.ts";
import { describeMigration, type LedgerRow, listMigrations, type Migration, type Step } from "../migration.ts";
import {
  isEdited,
  noDownScript,
  noUpScript,
  requireInOrder,
  requireNoDoubt,
  requireNotRenamed,
  requireUnedited,
} from "./plan-checks.ts";
import { findNamed, type HowFar } from "./target-words.ts";

export interface Plan {
  steps: readonly Step[];
  /** The newest applied version before and after; null where there is none. */
  from: bigint | null;
  to: bigint | null;
  /** What whoever asked for it should know, a line each. */
  notes: readonly string[];
}

export interface PlanOptions {
  allowOutOfOrder: boolean;
}

/** What is there, and what is meant. All lists rise by version. */
interface Books {
  files: readonly Migration[];
  rows: readonly LedgerRow[];
  applied: readonly LedgerRow[];
  pending: readonly Migration[];
}

/** What a wish comes to: what is taken back, newest first, then what is applied. */
interface Goal {
  downs: readonly LedgerRow[];
  ups: readonly Migration[];
  notes: readonly string[];
}

/**
 * The steps that fulfil a wish. Throws (exit 5) when an applied file was edited, a pending one is older than an applied
 * one, one that is to be taken back has no down script, or a migration is in doubt and the wish does not go on with it;
 * and (exit 2) when it names no migration. For going down, `rows` need their down scripts.
 */
export function planSteps(files: MigrationFiles, rows: readonly LedgerRow[], wish: HowFar, options: PlanOptions): Plan {
  const books = openBooks(files.migrations, rows);
  const continued = continueDoubtful(books, wish);
  const goal = readGoal(books, wish, continued === undefined ? 0 : 1);
  const goesUp = !isDownward(wish);
  const staying = books.applied.filter((row) => !goal.downs.includes(row));
  if (goesUp) requireUnedited(staying, books.files);
  if (!options.allowOutOfOrder) {
    requireNotRenamed(goal.ups, staying, books.files);
    requireInOrder(goal.ups, staying, books.files);
  }
  const notes = [...goal.notes, ...(goesUp ? noteForeign(staying, books.files) : [])];
  const downs = goal.downs.map((row) => stepDown(row, books.files, notes));
  const ups = goal.ups.map((migration) => stepUp(migration));
  const steps = [...(continued === undefined ? [] : [continued]), ...downs, ...ups];
  return { steps, notes, from: newest(books.applied), to: newestAfter(books.applied, steps) };
}

function openBooks(files: readonly Migration[], unsorted: readonly LedgerRow[]): Books {
  const rows = [...unsorted].sort((a, b) => compare(a.version, b.version));
  const known = new Set(rows.map(({ version }) => version));
  return {
    files,
    rows,
    applied: rows.filter(({ success }) => success),
    pending: files.filter(({ version }) => !known.has(version)),
  };
}

/** Whether a wish can only take migrations back. */
function isDownward(wish: HowFar): boolean {
  if (wish.kind === "nothing") return true;
  return (wish.kind === "steps" || wish.kind === "version") && wish.direction === "down";
}

/** The migration in doubt, to be gone on with where it failed; undefined when none is in doubt. Throws (exit 5). */
function continueDoubtful(books: Books, wish: HowFar): Step | undefined {
  const doubtful = books.rows.find(({ success }) => !success);
  if (doubtful === undefined) return undefined;
  const covers = wish.kind !== "version" || coversVersion(books, wish, doubtful.version);
  const failed = requireNoDoubt(doubtful, isDownward(wish) ? "down" : "up", covers);
  const migration = books.files.find(({ version }) => version === doubtful.version);
  const script = failed.direction === "up" ? migration?.up : downScriptOf(doubtful, migration, []);
  if (script === undefined) throw noUpScript(doubtful);
  const step =
    failed.direction === "up" && migration !== undefined ? stepUp(migration) : stepOf("down", doubtful, script);
  return { ...step, fromStatement: failed.statement, again: true };
}

function coversVersion(books: Books, wish: Extract<HowFar, { kind: "version" }>, doubtful: bigint): boolean {
  if (wish.direction === undefined) return false; // to go back and forth over a half-done migration is nobody's wish
  const { version } = resolveVersion(books, wish.word);
  return wish.direction === "up" ? version >= doubtful : version < doubtful;
}

/** `begun`: how many steps of the wish are taken by a migration that is gone on with. */
function readGoal(books: Books, wish: HowFar, begun: number): Goal {
  const newestFirst = books.applied.toReversed();
  switch (wish.kind) {
    case "head":
      return { downs: [], ups: books.pending, notes: [] };
    case "nothing":
      return { downs: newestFirst, ups: [], notes: [] };
    case "steps": {
      const { count, direction } = wish;
      const [downs, ups] =
        direction === "up" ? [[], books.pending.slice(0, count - begun)] : [newestFirst.slice(0, count - begun), []];
      const found = downs.length + ups.length + begun;
      const what = direction === "up" ? "pending" : "applied";
      return { downs, ups, notes: found < count ? [`${found} of ${count}: no more are ${what}`] : [] };
    }
    case "version":
      return goalOfVersion(books, wish);
  }
}

function goalOfVersion(books: Books, { direction, word }: Extract<HowFar, { kind: "version" }>): Goal {
  const named = resolveVersion(books, word);
  const { version } = named;
  const downs = direction === "up" ? [] : books.applied.filter((row) => row.version > version).toReversed();
  const ups = direction === "down" ? [] : books.pending.filter((migration) => migration.version <= version);
  const there = books.applied.some((row) => row.version === version);
  if (direction === "up" && ups.length === 0 && there)
    return { downs, ups, notes: [`${describeMigration(named)} is applied already`] };
  if (direction === "down" && !there)
    return { downs, ups, notes: [`${describeMigration(named)} is not applied: what is newer is taken back`] };
  return { downs, ups, notes: [] };
}

function resolveVersion({ files, rows }: Books, word: string) {
  const newestFile = files.at(-1);
  if (word === "head" && newestFile !== undefined) return newestFile;
  const inFiles = new Set(files.map(({ version }) => version));
  const foreign = rows.filter(({ version }) => !inFiles.has(version));
  return findNamed(
    word,
    [...files, ...foreign].sort((a, b) => compare(a.version, b.version)),
  );
}

function stepUp(migration: Migration): Step {
  const { up, down, version, name, digits } = migration;
  if (up === undefined) throw noUpScript(migration);
  const kept = down === undefined ? {} : { down };
  return { direction: "up", version, name, digits, script: up, ...kept, fromStatement: 1 };
}

function stepDown(row: LedgerRow, files: readonly Migration[], notes: string[]): Step {
  const migration = files.find(({ version }) => version === row.version);
  const script = downScriptOf(row, migration, notes);
  if (script === undefined) throw noDownScript(row);
  return stepOf("down", migration ?? row, script);
}

function stepOf(
  direction: "down",
  { version, name, digits }: Pick<Step, "version" | "name" | "digits">,
  script: Script,
) {
  return { direction, version, name, digits, script, fromStatement: 1 };
}

/**
 * The way back of an applied migration: the file's, as long as it belongs to what was applied; else what the ledger kept,
 * which is also how the migrations of another branch, and edited ones, are taken back.
 */
function downScriptOf(row: LedgerRow, migration: Migration | undefined, notes: string[]): Script | undefined {
  const own = migration?.down;
  const shown = describeMigration(row);
  const edited = migration !== undefined && isEdited(row, migration);
  if (own !== undefined && !edited) {
    if (row.downChecksum !== null && row.downChecksum !== own.checksum)
      notes.push(`the down script of ${shown} was changed since it was applied; the one in ${own.file} is run`);
    return own;
  }
  if (row.downScript === null) return own;
  const why = edited ? "its file was edited since" : "it is not in this branch";
  notes.push(`${shown} is taken back by the down script that the ledger has kept: ${why}`);
  const { downScript: sql, downTransaction: transaction, downChecksum } = row;
  return { file: `the ledger (${shown})`, sql, line: 1, transaction, checksum: downChecksum ?? "" };
}

function noteForeign(staying: readonly LedgerRow[], files: readonly Migration[]): string[] {
  const inFiles = new Set(files.map(({ version }) => version));
  const foreign = staying.filter(({ version }) => !inFiles.has(version));
  if (foreign.length === 0) return [];
  return [`applied, not in this branch: ${listMigrations(foreign)}`];
}

function newest(rows: readonly { version: bigint }[]): bigint | null {
  return rows.at(-1)?.version ?? null;
}

function newestAfter(applied: readonly LedgerRow[], steps: readonly Step[]): bigint | null {
  const versions = new Set(applied.map(({ version }) => version));
  for (const { direction, version } of steps) {
    if (direction === "up") versions.add(version);
    else versions.delete(version);
  }
  return [...versions].sort(compare).at(-1) ?? null;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
