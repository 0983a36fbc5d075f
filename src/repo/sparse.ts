/** Worktrees that git has checked out in part only. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** Whether `git sparse-checkout` leaves parts of this worktree out; read from git's files, without asking it. */
export function isSparse(root: string): boolean {
  const git = join(root, ".git");
  const found = statSync(git, { throwIfNoEntry: false });
  if (found === undefined) return false;
  const own = found.isDirectory()
    ? git
    : resolve(root, /^gitdir:\s*(.+?)\s*$/m.exec(readFileSync(git, "utf8"))?.[1] ?? "");
  return existsSync(join(own, "info/sparse-checkout")) && /^\s*sparseCheckout\s*=\s*true\s*$/im.test(readConfigOf(own));
}

/** `config.worktree` lies with the worktree's own files, where extensions.worktreeConfig is set, else all is in `config`. */
function readConfigOf(own: string): string {
  return [join(own, "config.worktree"), join(own, "config")]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}
