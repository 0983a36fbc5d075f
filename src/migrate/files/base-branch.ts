/** The branch that this one will be merged into, and which migration files it has. */
import { join, posix } from "node:path";
import { missingError, usageError } from "../../errors.ts";
import { gitCommand } from "../../repo/git.ts";
import type { Runner } from "../../sys/process.ts";
import { folderOf, ignores, isInFolders, showFolders } from "./folder.ts";
import type { NumberedName } from "./layout.ts";
import { fileLayout, type MigrationFiles } from "./read-migrations.ts";

export interface Base {
  /** As people write it: "origin/main". */
  ref: string;
  /** The commit that it is at. */
  tip: string;
  /** The last commit that this branch has in common with it. */
  fork: string;
}

/** A migration's file in a commit. */
export interface CommittedFile extends NumberedName {
  /** Relative to the worktree's root, with slashes. */
  path: string;
  version: bigint;
}

/** What the branches of a repository are usually merged into, the likeliest first. */
const USUAL_BASES = [
  ...["refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master"],
  ...["refs/remotes/origin/main", "refs/remotes/origin/master"], // all that there is where a service has checked out
];

/**
 * The branch that is named, else origin's default branch, else main or master, else in a linked worktree the one that the
 * main worktree is on. Undefined outside git, before the first commit, and where there is none of those. Throws when the
 * named one is not known (exit 2), or has no commit in common with this one (exit 4), as after a shallow clone.
 */
export async function findBase(root: string, wanted: string | undefined, runner: Runner): Promise<Base | undefined> {
  const ask = (args: readonly string[]) => runner.capture(gitCommand(root, args), { allowFailure: true });
  const ref = wanted ?? (await findUsualBase(ask));
  if (ref === undefined) return undefined;
  const { stdout, exitCode } = await ask(["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
  if (exitCode !== 0) {
    if (wanted === undefined) return undefined;
    throw usageError(`git knows no branch or commit ${wanted}`, "git branch --all        lists what there is");
  }
  const tip = stdout.trim();
  const common = await ask(["merge-base", tip, "HEAD"]);
  if (common.exitCode === 0) return { ref, tip, fork: common.stdout.trim() };
  if ((await ask(["rev-parse", "--verify", "--quiet", "HEAD"])).exitCode !== 0) return undefined;
  throw missingError(
    "no_merge_base",
    `this branch has no commit in common with ${ref}, so its own migrations cannot be told from those`,
    "git fetch --unshallow        where the clone is shallow; or name another branch: --base REF",
  );
}

type AskGit = (args: readonly string[]) => Promise<{ stdout: string }>;

async function findUsualBase(ask: AskGit): Promise<string | undefined> {
  const { stdout } = await ask(["for-each-ref", "--format=%(refname) %(symref:short)", ...USUAL_BASES]);
  const found = new Map(stdout.split("\n").map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]));
  const name = USUAL_BASES.find((each) => found.has(each));
  if (name === undefined) return await findMainBranch(ask);
  return found.get(name) || name.replace(/^refs\/(?:heads|remotes)\//, "");
}

/** In a linked worktree the main one's: the shared git folder's HEAD, which of a bare repository is the default branch. */
async function findMainBranch(ask: AskGit): Promise<string | undefined> {
  const { stdout } = await ask(["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"]);
  const [own = "", shared = ""] = stdout.split("\n");
  if (own === shared) return undefined; // the main worktree has no other branch beside it
  return (await ask(["-C", shared, "symbolic-ref", "--quiet", "--short", "HEAD"])).stdout.trim() || undefined;
}

/** The configured folders as git takes them; none, which is everything, when the root is one of them. */
export function pathsOf({ dirs, root }: Pick<MigrationFiles, "dirs" | "root">): string[] {
  const folders = showFolders(dirs, root);
  return folders.some(({ shown }) => shown === ".") ? [] : folders.map(({ shown }) => `${shown}/`);
}

/** All that a commit has in the folders that are configured, and below. One spawn. */
export async function listPaths(files: MigrationFiles, commit: string, runner: Runner): Promise<string[]> {
  const question = ["ls-tree", "-r", "-z", "--name-only", commit, "--", ...pathsOf(files)];
  const { stdout } = await runner.capture(gitCommand(files.root, question));
  return stdout.split("\0").filter((path) => path !== "");
}

/** The migrations' files in a commit. One spawn. */
export async function listCommitted(files: MigrationFiles, commit: string, runner: Runner): Promise<CommittedFile[]> {
  return pickMigrations(files, await listPaths(files, commit, runner));
}

/** Those of the paths that are migrations' files. */
export function pickMigrations(files: MigrationFiles, paths: readonly string[]): CommittedFile[] {
  const { root, dirs, layout } = files;
  const folders = showFolders(dirs, root);
  const rules = fileLayout(layout);
  return paths.flatMap((path) => {
    // A folder that is a migration is what has to lie in them, and what has the name.
    const place = rules.inFolders === true ? posix.dirname(path) : path;
    if (!isInFolders(folders, place) || isIgnored(files, path)) return [];
    const name = rules.readName(path.slice(place.length - posix.basename(place).length));
    return name === undefined ? [] : [{ path, ...name, version: BigInt(name.digits) }];
  });
}

function isIgnored({ dirs, root, ignore = [] }: MigrationFiles, path: string): boolean {
  return ignore.length > 0 && dirs.some((dir) => ignores(ignore, folderOf(dir).folder)(join(root, path)));
}
