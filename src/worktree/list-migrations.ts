/** How far a worktree's database has come with the worktree's migrations, in numbers. */
import { pathInWorktree } from "../config/load-config.ts";
import { PgroveError } from "../errors.ts";
import { type MigrationFiles, readMigrations } from "../migrate/files/read-migrations.ts";
import { currentRows, findForeignChanges } from "../migrate/ledger/foreign-changes.ts";
import { readLedger } from "../migrate/ledger/ledger.ts";
import type { LedgerRow } from "../migrate/migration.ts";
import { readMigrationVersion } from "../postgres/catalog.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { WorktreeTools } from "./tools.ts";

export interface Migrations {
  /** What the database says it is at; undefined when it knows of none. */
  version?: string;
  files: number;
  pending: number;
  /** Applied, but not in this worktree's files. */
  foreign: number;
}

/** The migrations of one worktree's folder; undefined when it has none. */
export async function readWorktreeMigrations(
  { loaded }: Pick<WorktreeTools, "loaded">,
  root: string,
): Promise<MigrationFiles | undefined> {
  const { dirs, layout, ignore } = loaded.config.migrations;
  const files = await readMigrations({
    ...{ dirs: dirs.map((dir) => pathInWorktree(loaded, dir, root)), root, ignore },
    ...(layout === undefined ? {} : { layout }),
  });
  return files.migrations.length === 0 ? undefined : files;
}

/** Compares the files with the database that one is connected to. */
export async function countMigrations(
  { loaded }: Pick<WorktreeTools, "loaded">,
  files: MigrationFiles,
  sql: Sql,
  schema: string | undefined,
): Promise<Migrations> {
  const { table } = loaded.config.migrations;
  try {
    const ledger = await readLedger(sql, { layout: files.layout, schema, table });
    if (ledger.exists || ledger.companion !== undefined) {
      return countByRows(files, currentRows(ledger, findForeignChanges(ledger, files)));
    }
  } catch (error) {
    if (!(error instanceof PgroveError)) throw error; // else the tables are another tool's
  }
  return countByVersion(files, await readMigrationVersion(sql));
}

/** By what is applied, one by one. */
export function countByRows({ migrations }: MigrationFiles, rows: readonly LedgerRow[]): Migrations {
  const applied = new Set(rows.flatMap(({ version, success }) => (success ? [version] : [])));
  const known = new Set(migrations.map(({ version }) => version));
  const newest = [...applied].reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
  return {
    ...(newest === undefined ? {} : { version: String(newest) }),
    files: known.size,
    pending: [...known].filter((version) => !applied.has(version)).length,
    foreign: [...applied].filter((version) => !known.has(version)).length,
  };
}

/** By the one version that another tool's table holds: everything up to there counts as applied. */
export function countByVersion({ migrations }: MigrationFiles, version: string | undefined): Migrations {
  const at = /^\d+/.exec(version ?? "")?.[0];
  const versions = [...new Set(migrations.map((each) => each.version))];
  const pending = versions.filter((each) => at === undefined || each > BigInt(at)).length;
  return { files: versions.length, pending, foreign: 0, ...(version === undefined ? {} : { version }) };
}
