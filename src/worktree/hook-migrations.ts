/** How the migrations of two commits differ, for whoever has switched from one to the other. */
import { EXIT } from "../errors.ts";
import { isInFolders, showFolders } from "../migrate/files/folder.ts";
import { gitCommand } from "../repo/git.ts";
import type { Runner } from "../sys/process.ts";

/** A migration that only one of two commits has. */
export interface MigrationChange {
  /** Relative to the worktree. */
  path: string;
  /** Whether it is the second commit that has it. */
  added: boolean;
}

/** In whatever folder: which one holds the migrations is worth asking only when there are any of these. */
const NUMBERED_SQL = ":(glob)**/[0-9]*.sql";

/**
 * Compares two commits by the names of files that may be migrations. One spawn. Nothing when git has one of the commits
 * no more, as after a shallow fetch.
 */
export async function listMigrationChanges(
  { from, to }: { from: string; to: string },
  root: string,
  runner: Runner,
): Promise<MigrationChange[]> {
  const options = ["--no-renames", "--no-ext-diff", "--name-status", "--diff-filter=AD", "-z"];
  const question = ["diff", ...options, from, to, "--", NUMBERED_SQL];
  const { stdout, exitCode } = await runner.capture(gitCommand(root, question), { allowFailure: true });
  if (exitCode !== EXIT.ok) return [];
  const words = stdout.split("\0").slice(0, -1); // a letter, a path, a letter, a path
  return words.flatMap((path, place) => {
    const ofPath = place % 2 === 1 && !path.endsWith(".down.sql"); // which belongs to another one, counted already
    return ofPath ? [{ path, added: words[place - 1] === "A" }] : [];
  });
}

/** How many of the changes lie in the folders of the migrations: those that came, and those that went. */
export function countChanges(
  changes: readonly MigrationChange[],
  { root, dirs }: { root: string; dirs: readonly string[] },
): { more: number; fewer: number } {
  const folders = showFolders(dirs, root);
  const within = changes.filter(({ path }) => isInFolders(folders, path));
  const more = within.filter(({ added }) => added).length;
  return { more, fewer: within.length - more };
}
