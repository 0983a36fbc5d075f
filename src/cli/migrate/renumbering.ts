/** `migrate renumber` as the command line asks for it: the plan of the files, and the databases that are concerned. */
import { missingError } from "../../errors.ts";
import type { MigrationFiles } from "../../migrate/files/files.ts";
import type { RenumberedMigration } from "../../migrate/files/renumber.ts";
import type { ConcernedLedger } from "../../worktree/renumber-ledgers.ts";
import type { WorktreeTools } from "../../worktree/tools.ts";
import type { Context } from "../context.ts";
import { locateMigrations } from "./migrations.ts";

export interface RenumberPlan {
  /** The branch that the migrations come behind. */
  base: string;
  files: MigrationFiles;
  moves: readonly RenumberedMigration[];
  ledgers: readonly ConcernedLedger[];
  /** Undefined without a pgrove.yaml, and so without worktrees' databases. */
  tools: WorktreeTools | undefined;
}

/**
 * What would be renamed, and which databases would be told; changes nothing. Throws when git knows no base branch, or a
 * server does not run (exit 4), and when the files have other mistakes than numbers that are there twice (exit 3).
 */
export async function planRenumber(context: Context, options: { base?: string }): Promise<RenumberPlan> {
  const [{ requireValid }, { compareWithBase }, { planRenumbering }, { requireOwnMigrations }] = await Promise.all([
    import("../../migrate/files/files.ts"),
    import("../../migrate/files/numbering.ts"),
    import("../../migrate/files/renumber.ts"),
    import("../../migrate/command-tool.ts"),
  ]);
  const place = await locateMigrations(context);
  requireOwnMigrations(place.settings, "renumber");
  const files = await place.files();
  requireValid({ ...files, findings: files.findings.filter(({ rule }) => rule !== "duplicate_version") });
  const comparison = await compareWithBase(files, options, context.runner);
  if (comparison === undefined) {
    throw missingError("no_base", "git knows no branch that this one will be merged into", "name it: --base REF");
  }
  const moves = planRenumbering(comparison, context.clock.now());
  const isAlone = moves.length === 0 || place.loaded === undefined;
  const tools = isAlone ? undefined : await (await import("../worktree-tools.ts")).requireWorktreeTools(context);
  const { findConcernedLedgers } = await import("../../worktree/renumber-ledgers.ts");
  const ledgers = tools === undefined ? [] : await findConcernedLedgers(tools, files, moves);
  return { base: comparison.base.ref, files, moves, ledgers, tools };
}

/**
 * Tells the databases, then renames the files: stopped in between, a second run finds the ledgers done and goes on with
 * the files.
 */
export async function runRenumber(context: Context, plan: RenumberPlan): Promise<void> {
  const { files, moves, ledgers, tools } = plan;
  if (moves.length === 0) return;
  const [{ requireFreeNames, moveFiles }, { renumberInLedger }, { readRunFacts }] = await Promise.all([
    import("../../migrate/files/renumber.ts"),
    import("../../worktree/renumber-ledgers.ts"),
    import("./run-facts.ts"),
  ]);
  requireFreeNames(files.root, moves);
  const facts = ledgers.length === 0 ? undefined : await readRunFacts(context, files);
  for (const ledger of ledgers) {
    if (tools !== undefined && facts !== undefined) await renumberInLedger(tools, files, ledger, facts);
  }
  await moveFiles(files.root, moves, context.runner);
}
