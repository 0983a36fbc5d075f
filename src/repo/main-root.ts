/**
 * Where the main worktree of a repository is. In the usual layout its git folder lies in it. Of a bare repository it is the
 * worktree on the default branch; of one with `--separate-git-dir` git itself does not know, so it is remembered.
 */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isInside, pathExists, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { readBranch, readCore, readIdentity, readPointer, realPath } from "./git-files.ts";

/** The folders that git tells of a worktree. */
export interface WorktreePlace {
  root: string;
  gitDir: string;
  commonDir: string;
}

/** The file in the shared git folder that holds the main worktree's, where that cannot be told from the git folder. */
const REMEMBERED = "pgrove-main";

export interface MainPlace {
  /** The main worktree's folder; undefined when it cannot be found. */
  mainRoot: string | undefined;
  /** The repository is bare: all of its worktrees are linked ones. */
  bare?: true;
}

/** The main worktree, seen from one of the worktrees. */
export async function findMain(place: WorktreePlace): Promise<MainPlace> {
  const { root, gitDir, commonDir } = place;
  if (gitDir === commonDir) {
    if (commonDir !== join(root, ".git")) await remember(commonDir, root);
    return { mainRoot: root };
  }
  const core = await readCores(commonDir);
  if (core.some(({ bare }) => bare)) return { mainRoot: await findDefault(commonDir), bare: true };
  const worktree = core.find((each) => each.worktree !== undefined)?.worktree;
  if (worktree !== undefined) return { mainRoot: resolve(commonDir, worktree) };
  if (await isUsual(commonDir)) return { mainRoot: dirname(commonDir) };
  return { mainRoot: (await recall(commonDir, (pointer) => pointer === commonDir)) ?? (await findBeside(place)) };
}

/** What counts first stands first. */
async function readCores(commonDir: string): Promise<ReturnType<typeof readCore>[]> {
  const files = await Promise.all(["config.worktree", "config"].map((name) => readTextIfExists(join(commonDir, name))));
  return files.map((text) => readCore(text ?? ""));
}

/**
 * The main worktree, where a folder is no worktree's but a bare repository's: its git folder, what lies in it, or the folder
 * around `.bare` or `.git`. Undefined anywhere else, and where no worktree is main. Git is not asked.
 */
export async function findMainOfBare(folder: string): Promise<string | undefined> {
  const start = await realPath(resolve(folder));
  for (let at = start; ; at = dirname(at)) {
    const commonDir = await findGitFolder(at);
    if (commonDir !== undefined) {
      return (await readCores(commonDir)).some(({ bare }) => bare) ? await findDefault(commonDir) : undefined;
    }
    if (at === dirname(at)) return undefined;
  }
}

/** The git folder that git would find in a folder: what `.git` is or names, else the folder itself. */
async function findGitFolder(folder: string): Promise<string | undefined> {
  const dotGit = join(folder, ".git");
  const kind = await stat(dotGit).catch(() => undefined);
  if (kind !== undefined) return kind.isDirectory() ? dotGit : await readPointer(dotGit);
  const parts = await Promise.all(["HEAD", "objects", "refs"].map((name) => pathExists(join(folder, name))));
  return parts.every(Boolean) ? folder : undefined;
}

/** Whether the folder around a `.git` has its files: one with nothing else in it, though git knows of some, has not. */
async function isUsual(commonDir: string): Promise<boolean> {
  if (basename(commonDir) !== ".git") return false;
  const names = await readdir(dirname(commonDir)).catch((): string[] => []);
  return names.length > 1 || !(await hasFiles(commonDir));
}

/** Whether git's index has entries: their number stands behind its mark and version. */
async function hasFiles(gitDir: string): Promise<boolean> {
  const head = await Bun.file(join(gitDir, "index"))
    .slice(0, 12)
    .arrayBuffer()
    .catch(() => new ArrayBuffer(0));
  return head.byteLength === 12 && new DataView(head).getUint32(8) > 0;
}

/** The worktree on the default branch, remembered: it stays main when another branch is checked out in it. */
async function findDefault(commonDir: string): Promise<string | undefined> {
  const worktrees = join(await realPath(commonDir), "worktrees");
  const known = await recall(commonDir, (pointer) => dirname(pointer) === worktrees);
  if (known !== undefined) return known;
  for (const file of ["HEAD", "refs/remotes/origin/HEAD"]) {
    const branch = await readBranch(join(commonDir, file));
    const found = branch === undefined ? undefined : await findOnBranch(worktrees, branch);
    if (found === undefined) continue;
    await remember(commonDir, found);
    return found;
  }
  return undefined;
}

/** One with an identity has data of its own, and so is not main. */
async function findOnBranch(worktrees: string, branch: string): Promise<string | undefined> {
  for (const name of (await readdir(worktrees).catch((): string[] => [])).sort()) {
    const gitDir = join(worktrees, name);
    if ((await readBranch(join(gitDir, "HEAD"))) !== branch) continue;
    const dotGit = (await readTextIfExists(join(gitDir, "gitdir")))?.trimEnd();
    if (dotGit === undefined || (await readIdentity(gitDir)) !== undefined) continue;
    if ((await readPointer(dotGit)) === gitDir) return dirname(dotGit);
  }
  return undefined;
}

/** What was remembered, if that folder's `.git` still leads here. */
async function recall(commonDir: string, leadsHere: (pointer: string) => boolean): Promise<string | undefined> {
  const root = (await readTextIfExists(join(commonDir, REMEMBERED)))?.trimEnd();
  const pointer = root === undefined ? undefined : await readPointer(join(root, ".git"));
  return pointer !== undefined && leadsHere(pointer) ? root : undefined;
}

/** Of a git folder that only may be read nothing is remembered; it is looked for each time. */
async function remember(commonDir: string, root: string): Promise<void> {
  const file = join(commonDir, REMEMBERED);
  if ((await readTextIfExists(file))?.trimEnd() === root) return;
  await writeFileAtomic(file, `${root}\n`).catch(() => undefined);
}

/** Worktrees mostly lie side by side: the one there whose `.git` names the shared git folder itself. */
async function findBeside({ root, commonDir }: WorktreePlace): Promise<string | undefined> {
  const parent = dirname(root);
  const entries = await readdir(parent, { withFileTypes: true }).catch((): Dirent[] => []);
  for (const entry of entries) {
    if (!entry.isDirectory() || (await isInside(join(parent, entry.name), commonDir))) continue;
    if ((await readPointer(join(parent, entry.name, ".git"))) === commonDir) return join(parent, entry.name);
  }
  return undefined;
}
