/** Whether the migrations of a branch are fit to be merged: their files, their place among those of the base branch, lint. */
import type { Runner } from "../sys/process.ts";
import { compareWithBase, findHistoryEdits, findNumberingConflicts, ownFindings } from "./files/numbering.ts";
import type { MigrationFiles } from "./files/read-migrations.ts";
import type { Finding, Migration } from "./migration.ts";
import type { MigrationSettings } from "./settings.ts";

export interface CheckRequest {
  files: MigrationFiles;
  /** The branch that they are to be merged into; left out, the one that git knows as such. */
  base?: string;
  lint: MigrationSettings["lint"];
  /** Also what the base branch has already. */
  all?: boolean;
}

export interface CheckResult {
  findings: Finding[];
  /** The branch that they were compared with; undefined where git knows none. */
  base: string | undefined;
  /** This branch's own migrations; all of them where git knows no base branch. */
  own: readonly Migration[];
}

/** Checks what needs no server. Throws (exit 2) for a base branch that git does not know. */
export async function checkFiles(
  { files, base, lint, all = false }: CheckRequest,
  runner: Runner,
): Promise<CheckResult> {
  const comparison = await compareWithBase(files, base === undefined ? {} : { base }, runner);
  const own = comparison?.own ?? files.migrations;
  const found = all || comparison === undefined ? [...files.findings] : ownFindings(comparison);
  if (comparison !== undefined) {
    found.push(...findNumberingConflicts(comparison), ...(await findHistoryEdits(comparison, runner)));
  }
  const findings = await settle(found, files, lint);
  const judged = all ? files.migrations : own;
  if (lint.enabled && judged.length > 0) {
    const { lintMigrations, toLintFiles } = await import("./lint/lint.ts");
    findings.push(...(await lintMigrations(toLintFiles(judged, comparison?.own ?? []), lint, files.migrations)));
  }
  return { findings, base: comparison?.base.ref, own };
}

/** What settings and comments leave of them. */
export async function settle(
  findings: readonly Finding[],
  { migrations }: Pick<MigrationFiles, "migrations">,
  lint: CheckRequest["lint"],
): Promise<Finding[]> {
  if (findings.length === 0) return [];
  const { settleFindings } = await import("./lint/settle.ts");
  return settleFindings(findings, migrations, lint);
}
