/** What would be lost with the submodules of a worktree: their git folders lie in the worktree's own, and go with it. */
import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { isAbsence, pathExists, readTextIfExists } from "../sys/files.ts";
import type { Command, Runner } from "../sys/process.ts";
import { gitCommand } from "./git.ts";
import { readCore } from "./git-files.ts";
import type { GitWorktree } from "./worktree.ts";
import { readStatusPaths } from "./worktree-status.ts";

/** A submodule with something that is nowhere else. */
export interface SubmoduleChanges {
  /** Relative to the worktree; of one that is not checked out its name, which is mostly the same. */
  path: string;
  /** Paths in it with changes that are in no commit. */
  uncommitted: string[];
  /** How many of its commits no remote has: those of its branches, and of what is checked out. */
  unpushed: number;
  stashed: boolean;
}

/** A submodule's repository that goes with the worktree. */
interface Submodule {
  gitDir: string;
  name: string;
  /** Where it is checked out; undefined when it is not. */
  root: string | undefined;
}

/** The submodules, nested ones too, that have something nowhere else. Throws when git fails (exit 1). */
export async function readSubmoduleChanges(worktree: GitWorktree, runner: Runner): Promise<SubmoduleChanges[]> {
  const absorbed = await listGitFolders(join(worktree.gitDir, "modules"));
  const roots = [worktree.root, ...absorbed.flatMap(({ root }) => root ?? [])];
  const embedded = await listEmbedded(roots, runner);
  const changes: SubmoduleChanges[] = [];
  for (const submodule of [...absorbed, ...embedded]) {
    const [uncommitted, unpushed, stashed] = await Promise.all([
      readUncommitted(submodule, runner),
      countUnpushed(submodule, runner),
      hasStash(submodule, runner),
    ]);
    if (uncommitted.length === 0 && unpushed === 0 && !stashed) continue;
    const { root, name } = submodule;
    const path = root === undefined ? name : relative(worktree.root, root);
    changes.push({ path, uncommitted, unpushed, stashed });
  }
  return changes;
}

/** The git folders of submodules, also of what is not checked out now. A submodule's name may have slashes. */
async function listGitFolders(folder: string, within = ""): Promise<Submodule[]> {
  const entries = await readdir(folder).catch((error: unknown) => {
    if (isAbsence(error)) return [];
    throw error;
  });
  const found = await Promise.all(
    entries.map(async (entry): Promise<Submodule[]> => {
      const [gitDir, name] = [join(folder, entry), join(within, entry)];
      if (!(await pathExists(join(gitDir, "HEAD")))) return await listGitFolders(gitDir, name);
      const nested = await listGitFolders(join(gitDir, "modules"), name);
      return [{ gitDir, name, root: await findRoot(gitDir) }, ...nested];
    }),
  );
  return found.flat();
}

async function findRoot(gitDir: string): Promise<string | undefined> {
  const { worktree } = readCore((await readTextIfExists(join(gitDir, "config"))) ?? "");
  if (worktree === undefined) return undefined;
  const root = resolve(gitDir, worktree);
  return (await pathExists(join(root, ".git"))) ? root : undefined;
}

/** Repositories that were added with their own `.git` folder inside. */
async function listEmbedded(roots: readonly string[], runner: Runner): Promise<Submodule[]> {
  const found: Submodule[] = [];
  const waiting = [...roots];
  for (let root = waiting.shift(); root !== undefined; root = waiting.shift()) {
    for (const path of await listLinks(root, runner)) {
      const gitDir = join(root, path, ".git");
      if ((await stat(gitDir).catch(() => undefined))?.isDirectory() !== true) continue;
      const nested = await listGitFolders(join(gitDir, "modules"), path);
      found.push({ gitDir, name: path, root: join(root, path) }, ...nested);
      waiting.push(join(root, path), ...nested.flatMap((each) => each.root ?? []));
    }
  }
  return found;
}

/** The paths at which other repositories are recorded. */
async function listLinks(root: string, runner: Runner): Promise<string[]> {
  const { stdout } = await runner.capture(gitCommand(root, ["ls-files", "--stage", "-z"]));
  const entries = stdout.split("\0").filter((entry) => entry.startsWith("160000 "));
  return entries.map((entry) => entry.slice(entry.indexOf("\t") + 1));
}

async function readUncommitted({ root }: Submodule, runner: Runner): Promise<string[]> {
  if (root === undefined) return [];
  return await readStatusPaths(root, ["--ignore-submodules=none"], runner);
}

/** What came from a remote without a branch of it (a shallow clone, a commit fetched by its hash) is not counted. */
async function countUnpushed({ gitDir }: Submodule, runner: Runner): Promise<number> {
  const files = await Promise.all(["shallow", "FETCH_HEAD"].map((name) => readTextIfExists(join(gitDir, name))));
  const fetched = files.flatMap((text) => [...(text ?? "").matchAll(/^[0-9a-f]{40,64}\b/gm)].map(([hash]) => hash));
  const args = ["rev-list", "--count", "--ignore-missing", "HEAD", "--branches", "--not", "--remotes", "--stdin", "--"];
  const input = fetched.map((hash) => `^${hash}\n`).join("");
  return Number((await runner.capture(inGitFolder(gitDir, args), { input })).stdout);
}

async function hasStash({ gitDir }: Submodule, runner: Runner): Promise<boolean> {
  return (await runner.capture(inGitFolder(gitDir, ["for-each-ref", "refs/stash"]))).stdout !== "";
}

/** Git on a git folder; where the working tree is said to be, there may be none. */
function inGitFolder(gitDir: string, args: readonly string[]): Command {
  return gitCommand(gitDir, ["--git-dir=.", "--work-tree=.", ...args]);
}
