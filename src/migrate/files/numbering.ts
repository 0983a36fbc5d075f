/** This branch's own migrations against those of the branch that it will be merged into. */
import type { Runner } from "../../sys/process.ts";
import { describeMigration, type Finding, type Migration } from "../migration.ts";
import { type Base, type CommittedFile, findBase, listCommitted } from "./base-branch.ts";
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
  const [baseFiles, forkFiles] = await Promise.all([
    listCommitted(files, base.tip, runner),
    listCommitted(files, base.fork, runner),
  ]);
  const known = new Set([...baseFiles, ...forkFiles].map(({ path }) => path));
  const own = files.migrations.filter((migration) => !known.has(fileOf(migration)));
  return { base, files, own, baseFiles };
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
