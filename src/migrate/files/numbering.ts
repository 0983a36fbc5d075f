/** This branch's own migrations against those of the branch that it will be merged into. */
import type { Runner } from "../../sys/process.ts";
import { describeMigration, type Finding, type Migration } from "../migration.ts";
import { type Base, type CommittedFile, findBase, listPaths, pickMigrations } from "./base-branch.ts";
import { fileFinding } from "./layout.ts";
import { fileOf, type MigrationFiles } from "./read-migrations.ts";
import { findNewest } from "./version-digits.ts";

export { findHistoryEdits } from "./history-edits.ts";

export interface Comparison {
  base: Base;
  files: MigrationFiles;
  /** The migrations that the base branch does not have, uncommitted ones among them; rising by version. */
  own: readonly Migration[];
  /** The files of the base branch as it is now. */
  baseFiles: readonly CommittedFile[];
  /** All that lies in the folders of the base branch, or did when this one left it. */
  basePaths: ReadonlySet<string>;
}

/**
 * Compares the files with those of the base branch: `base`, else origin's default branch, else main or master. Undefined
 * where git knows none. Throws as findBase does. Four spawns.
 */
export async function compareWithBase(
  files: MigrationFiles,
  options: { base?: string },
  runner: Runner,
): Promise<Comparison | undefined> {
  const base = await findBase(files.root, options.base, runner);
  if (base === undefined) return undefined;
  const [tip, fork] = await Promise.all([listPaths(files, base.tip, runner), listPaths(files, base.fork, runner)]);
  const basePaths = new Set([...tip, ...fork]);
  const own = files.migrations.filter((migration) => !basePaths.has(fileOf(migration)));
  return { base, files, own, baseFiles: pickMigrations(files, tip), basePaths };
}

/** What is wrong with the files, without what is only doubtful in those that the base branch has. */
export function ownFindings({ files, basePaths }: Comparison): Finding[] {
  return files.findings.filter(({ level, file }) => level === "error" || !basePaths.has(file));
}

/**
 * The own migrations whose number the base branch has given to another one, and those that would come before the newest
 * there: merged, they would be out of order in every database that has that one.
 */
export function findNumberingConflicts({ base, own, baseFiles }: Comparison): Finding[] {
  const newest = findNewest(baseFiles);
  if (newest === undefined) return [];
  return own.flatMap((migration) => {
    const file = fileOf(migration);
    const hint = `pgrove migrate renumber        moves it behind ${newest.digits}`;
    const taken = baseFiles.find(({ version }) => version === migration.version);
    if (taken !== undefined) {
      const message = `${base.ref} has another migration ${taken.digits}: ${taken.path}`;
      return [fileFinding("error", { rule: "number_taken", file, message, hint })];
    }
    if (migration.version > newest.version) return [];
    const message = `${describeMigration(migration)} comes before ${describeMigration(newest)}, which ${base.ref} has already: it would be out of order`;
    return [fileFinding("error", { rule: "behind_base", file, message, hint })];
  });
}
