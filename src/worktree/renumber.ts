/** `migrate renumber`: the plan of the files, and the databases that are concerned; then both, done. */
import { missingError } from "../errors.ts";
import { requireOwnMigrations } from "../migrate/command-tool.ts";
import { compareWithBase } from "../migrate/files/numbering.ts";
import { type MigrationFiles, requireValid } from "../migrate/files/read-migrations.ts";
import { moveFiles, planRenumbering, type RenumberedMigration, requireFreeNames } from "../migrate/files/renumber.ts";
import { readRunFacts } from "../migrate/ledger/run-facts.ts";
import type { MigrateTools } from "../migrate/tools.ts";
import { locateMigrations } from "../migrate/worktree-migrations.ts";
import { type ConcernedLedger, findConcernedLedgers, renumberInLedger } from "./renumber-ledgers.ts";
import type { WorktreeTools } from "./tools.ts";

type RenumberTools = Pick<MigrateTools, "clock" | "config" | "folder" | "runner" | "targetPlace">;

export interface RenumberPlan {
  /** The branch that the migrations come behind. */
  base: string;
  files: MigrationFiles;
  moves: readonly RenumberedMigration[];
  ledgers: readonly ConcernedLedger[];
  /** Undefined without a pgrove.yaml, and so without worktrees' databases. */
  worktrees: WorktreeTools | undefined;
}

export interface RenumberRequest {
  base?: string;
  /** Asked only where worktrees may have databases. */
  worktreeTools(): Promise<WorktreeTools>;
}

/**
 * What would be renamed, and which databases would be told; changes nothing. Throws when git knows no base branch, or a
 * server does not run (exit 4), and when the files have other mistakes than numbers that are there twice (exit 3).
 */
export async function planRenumber(
  tools: RenumberTools,
  { worktreeTools, ...options }: RenumberRequest,
): Promise<RenumberPlan> {
  const migrations = await locateMigrations(tools);
  requireOwnMigrations(migrations.settings, "renumber");
  const files = await migrations.files();
  requireValid({ ...files, findings: files.findings.filter(({ rule }) => rule !== "duplicate_version") });
  const comparison = await compareWithBase(files, options, tools.runner);
  if (comparison === undefined) {
    throw missingError("no_base", "git knows no branch that this one will be merged into", "name it: --base REF");
  }
  const moves = planRenumbering(comparison, tools.clock.now());
  const isAlone = moves.length === 0 || migrations.loaded === undefined;
  const worktrees = isAlone ? undefined : await worktreeTools();
  const ledgers = worktrees === undefined ? [] : await findConcernedLedgers(worktrees, files, moves);
  return { base: comparison.base.ref, files, moves, ledgers, worktrees };
}

/**
 * Tells the databases, then renames the files: stopped in between, a second run finds the ledgers done and goes on with
 * the files.
 */
export async function runRenumber(tools: RenumberTools, plan: RenumberPlan): Promise<void> {
  const { files, moves, ledgers, worktrees } = plan;
  if (moves.length === 0) return;
  requireFreeNames(files.root, moves);
  const facts = ledgers.length === 0 ? undefined : await readRunFacts(tools, files.root);
  for (const ledger of ledgers) {
    if (worktrees !== undefined && facts !== undefined) await renumberInLedger(worktrees, files, ledger, facts);
  }
  await moveFiles(files.root, moves, tools.runner);
}
