/** Whether the migrations of a branch are fit to be merged: their files, their place among those of the base branch, lint. */
import type { Runner } from "../sys/process.ts";
import { compareWithBase, findHistoryEdits, findNumberingConflicts } from "./files/numbering.ts";
import type { MigrationFiles } from "./files/read-migrations.ts";
import type { Finding, Migration } from "./migration.ts";
import type { MigrationSettings } from "./settings.ts";

export interface CheckRequest {
  files: MigrationFiles;
  /** The branch that they are to be merged into; left out, the one that git knows as such. */
  base?: string;
  lint: MigrationSettings["lint"];
}

export interface CheckResult {
  findings: Finding[];
  /** The branch that they were compared with; undefined where git knows none. */
  base: string | undefined;
  /** This branch's own migrations; all of them where git knows no base branch. */
  own: readonly Migration[];
}

/** Checks what needs no server. Throws (exit 2) for a base branch that git does not know. */
export async function checkFiles({ files, base, lint }: CheckRequest, runner: Runner): Promise<CheckResult> {
  const comparison = await compareWithBase(files, base === undefined ? {} : { base }, runner);
  const own = comparison?.own ?? files.migrations;
  const findings = [...files.findings];
  if (comparison !== undefined) {
    findings.push(...findNumberingConflicts(comparison), ...(await findHistoryEdits(comparison, runner)));
  }
  if (lint.enabled && own.length > 0) {
    const { lintMigrations, toLintFiles } = await import("./lint/lint.ts");
    findings.push(...(await lintMigrations(toLintFiles(own, comparison?.own ?? []), lint, files.migrations)));
  }
  return { findings, base: comparison?.base.ref, own };
}
