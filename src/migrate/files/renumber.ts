/** Moves this branch's own migrations behind those of the base branch: what each becomes, and the files' new names. */
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join, posix } from "node:path";
import { refusal } from "../../errors.ts";
import { gitCommand } from "../../repo/git.ts";
import type { Runner } from "../../sys/process.ts";
import type { Renumbering } from "../ledger/ledger-renumber.ts";
import type { LedgerRow, Migration } from "../migration.ts";
import { dashed } from "./layout-diesel.ts";
import type { Comparison } from "./numbering.ts";
import { findNewest, isTimestamp, sequentialBehind, timestampBehind } from "./version-digits.ts";

/** A migration's new number. */
export interface RenumberedMigration {
  migration: Migration;
  to: bigint;
  /** The new version as the files' names write it. */
  digits: string;
  /** Relative to the worktree's root. */
  files: readonly { from: string; to: string }[];
}

/**
 * The own migrations that have to move, rising; none when all are behind the base branch's newest. Their order stays, and
 * so does the width of a sequence; times are the next free ones from `now` on.
 */
export function planRenumbering(
  { own, baseFiles }: Pick<Comparison, "own" | "baseFiles">,
  now: Date,
): RenumberedMigration[] {
  const newest = findNewest(baseFiles);
  if (newest === undefined) return [];
  const plan: RenumberedMigration[] = [];
  let last = newest.version;
  for (const migration of own) {
    if (migration.version <= last) {
      const byTime = isTimestamp(newest.digits) || isTimestamp(migration.digits);
      const digits = byTime ? timestampBehind(last, now) : sequentialBehind(last, migration.digits.length);
      plan.push({ migration, to: BigInt(digits), digits, files: renameFiles(migration, digits) });
    }
    last = plan.at(-1)?.migration === migration ? (plan.at(-1)?.to ?? last) : migration.version;
  }
  return plan;
}

function renameFiles({ up, down }: Migration, digits: string): RenumberedMigration["files"] {
  const files = new Set([up?.file, down?.file].filter((file) => file !== undefined));
  // A folder that is a migration is moved as a whole.
  const moved = new Set([...files].map((file) => (/\/(?:up|down)\.sql$/.test(file) ? posix.dirname(file) : file)));
  return [...moved].map((from) => {
    const { dir, base } = posix.parse(from);
    const to = files.has(from) ? base.replace(/^\d+/, digits) : base.replace(/^\d[\d-]*/, dashed(digits));
    return { from, to: posix.join(dir, to) };
  });
}

/**
 * What the plan means for a ledger: of the migrations in it, the rows that are applied with the same text; where only the
 * name is known, with the same name. Throws (exit 5) when a new number is another migration's there.
 */
export function matchRows(
  rows: readonly LedgerRow[],
  plan: readonly RenumberedMigration[],
  label: string,
): Renumbering[] {
  const changes = plan.flatMap(({ migration, to, digits }) => {
    const row = findRow(rows, migration);
    return row === undefined || row.version === to ? [] : [{ from: row.version, to, digits }];
  });
  const leaving = new Set(changes.map(({ from }) => from));
  const taken = changes.find(({ to }) => rows.some(({ version }) => version === to && !leaving.has(version)));
  if (taken === undefined) return changes;
  throw refusal(
    "number_taken",
    `the database of ${label} has another migration ${taken.digits} applied, so ${taken.from} cannot become that one there`,
    `pgrove migrate status ${label}        shows which; take it back first: pgrove migrate down`,
  );
}

/** By number and text; else by name and text: a run that was stopped half-way has told this ledger already. */
function findRow(rows: readonly LedgerRow[], { version, name, up }: Migration): LedgerRow | undefined {
  const isSame = (row: LedgerRow) =>
    row.upChecksum === null ? row.version === version && row.name === name : row.upChecksum === up?.checksum;
  return (
    rows.find((row) => row.version === version && isSame(row)) ?? rows.find((row) => row.name === name && isSame(row))
  );
}

/** The old and new names; the last first, since its old name may be the new one of another. */
function listMoves(plan: readonly RenumberedMigration[]): { from: string; to: string }[] {
  return plan.flatMap(({ files }) => files).reverse();
}

/** Throws (exit 5) when a new name is that of a file which does not move. */
export function requireFreeNames(root: string, plan: readonly RenumberedMigration[]): void {
  const moves = listMoves(plan);
  const blocked = moves.find(({ to }) => !moves.some(({ from }) => from === to) && existsSync(join(root, to)));
  if (blocked === undefined) return;
  throw refusal("file_exists", `${blocked.to} is there already, so ${blocked.from} cannot be renamed to it`);
}

/** Renames the files, by git where it knows them. What was renamed is named back when one of them fails. */
export async function moveFiles(root: string, plan: readonly RenumberedMigration[], runner: Runner): Promise<void> {
  const moves = listMoves(plan);
  const known = await listTracked(
    root,
    moves.map(({ from }) => from),
    runner,
  );
  const done: typeof moves = [];
  try {
    for (const move of moves) {
      await moveFile(root, move, known.has(move.from), runner);
      done.push(move);
    }
  } catch (error) {
    for (const { from, to } of done.reverse()) await moveFile(root, { from: to, to: from }, known.has(from), runner);
    throw error;
  }
}

async function listTracked(root: string, paths: readonly string[], runner: Runner): Promise<Set<string>> {
  const question = ["--literal-pathspecs", "ls-files", "-z", "--", ...paths];
  const { stdout } = await runner.capture(gitCommand(root, question));
  return new Set(stdout.split("\0"));
}

async function moveFile(
  root: string,
  { from, to }: { from: string; to: string },
  isTracked: boolean,
  runner: Runner,
): Promise<void> {
  if (isTracked) await runner.capture(gitCommand(root, ["mv", "--", from, to]));
  else await rename(join(root, from), join(root, to));
}
