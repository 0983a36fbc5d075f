/** What a plan may not pass over in silence: doubt, edited files, gaps in the order, no way back. Each is a refusal. */
import { configError, type PgroveError, refusal } from "../../errors.ts";
import { type Direction, describeMigration, type LedgerRow, type Migration } from "../migration.ts";

const MOST_SHOWN = 5;

/** Whether the file is no longer what was applied. Of one that another tool has applied nobody knows. */
export function isEdited(row: LedgerRow, migration: Migration): boolean {
  return row.upChecksum !== null && migration.up !== undefined && migration.up.checksum !== row.upChecksum;
}

/** Throws (exit 5) when the file of one of the applied migrations was edited since. */
export function requireUnedited(applied: readonly LedgerRow[], files: readonly Migration[]): void {
  const byVersion = new Map(files.map((migration) => [migration.version, migration]));
  const edited = applied.flatMap((row) => {
    const migration = byVersion.get(row.version);
    return migration !== undefined && isEdited(row, migration) ? [migration] : [];
  });
  const first = edited[0];
  if (first === undefined) return;
  const what = edited.length === 1 ? "an applied migration was edited" : "applied migrations were edited";
  const shown = edited.slice(0, MOST_SHOWN).map(({ up, digits }) => up?.file ?? digits);
  const more = edited.length > MOST_SHOWN ? [`and ${edited.length - MOST_SHOWN} more`] : [];
  throw refusal(
    "edited",
    `${what} since: ${[...shown, ...more].join(", ")}`,
    [
      "git checkout the file as it was, and put the change into a new migration; or, where that is no loss:",
      `pgrove migrate down    as often as needed takes it back by the script that was kept, then up applies the new one`,
    ].join("\n"),
  );
}

/** The newest applied migration that this branch has a file of: what is pending must not be older. */
export function findNewestHere(
  applied: readonly LedgerRow[],
  files: readonly Pick<Migration, "version">[],
): LedgerRow | undefined {
  const inFiles = new Set(files.map(({ version }) => version));
  return applied.findLast(({ version }) => inFiles.has(version));
}

/** Throws (exit 5) when a migration would be applied a second time, because its file has another number now. */
export function requireNotRenamed(
  ups: readonly Migration[],
  staying: readonly LedgerRow[],
  files: readonly Migration[],
): void {
  if (ups.length === 0) return;
  const inFiles = new Set(files.map(({ version }) => version));
  const foreign = staying.filter(({ version }) => !inFiles.has(version));
  for (const migration of ups) {
    const { name, up } = migration;
    const before = foreign.find(
      (row) => row.name === name && row.upChecksum !== null && row.upChecksum === up?.checksum,
    );
    if (before === undefined) continue;
    const isNewest = staying.every((row) => row === before || row.version < migration.version);
    throw refusal(
      "renamed",
      `${describeMigration(migration)} was applied as ${describeMigration(before)}: its file has another number now`,
      [
        `give the file its number back: ${before.digits}; or`,
        ...(isNewest ? [`pgrove migrate force ${migration.digits}    writes down that it is applied as that`] : []),
        "pgrove migrate up --allow-out-of-order    applies it a second time",
      ].join("\n"),
    );
  }
}

/** Throws (exit 5) when a migration would be applied behind a newer one of this branch. */
export function requireInOrder(
  ups: readonly Migration[],
  staying: readonly LedgerRow[],
  files: readonly Migration[],
): void {
  const last = ups.length === 0 ? undefined : findNewestHere(staying, files);
  if (last === undefined) return;
  const late = ups.filter(({ version }) => version < last.version);
  if (late.length === 0) return;
  const shown = late.slice(0, MOST_SHOWN).map(describeMigration);
  const more = late.length > MOST_SHOWN ? ` and ${late.length - MOST_SHOWN} more` : "";
  throw refusal(
    "out_of_order",
    `${shown.join(", ")}${more}: pending, and older than ${describeMigration(last)}, which is applied`,
    [
      "pgrove migrate renumber                 moves this branch's own migrations behind the others",
      "pgrove migrate up --allow-out-of-order  applies them all the same",
    ].join("\n"),
  );
}

/**
 * What of a migration in doubt is to be gone on with. Throws (exit 5) when the wish is another one: nothing else is done
 * before that is settled.
 */
export function requireNoDoubt(
  row: LedgerRow,
  direction: Direction,
  covered: boolean,
): { direction: Direction; statement: number } {
  const { failed } = row;
  if (failed !== null && failed.direction === direction && covered) return failed;
  const shown = describeMigration(row);
  const force = `pgrove migrate force ${row.digits}    once the schema is as it should be`;
  if (failed === null) throw refusal("in_doubt", `${shown} is in doubt: a part of it may have been done`, force);
  throw refusal(
    "in_doubt",
    `${shown} is in doubt: its ${failed.direction} stopped at statement ${failed.statement}${failed.error === "" ? "" : `: ${failed.error}`}`,
    [`pgrove migrate ${failed.direction}    goes on at that statement, once the cause is gone`, force].join("\n"),
  );
}

/** The refusal to take back what has no way back. */
export function noDownScript(row: LedgerRow): PgroveError {
  const shown = describeMigration(row);
  const why = row.origin === "run" ? "" : ", since another tool or a person has put it into the ledger";
  return refusal(
    "irreversible",
    `${shown} has no down script${why}; nothing was run`,
    `write the down script of ${shown}, or go to a version above it: pgrove migrate status`,
  );
}

/** The error (exit 3) of a migration that nothing here would apply. */
export function noUpScript(migration: Pick<Migration, "digits" | "name">): PgroveError {
  return configError(
    `${describeMigration(migration)} has no up script in this branch`,
    "go to the branch that has it; or pgrove migrate status",
  );
}
