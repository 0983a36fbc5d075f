/** The folders on the disk that say of themselves that they are somebody's linked worktree, wherever git believes them to be. */
import type { Dirent } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathExists } from "../sys/files.ts";
import { readPointer } from "./git-files.ts";

/** A folder whose `.git` file names a git folder of a linked worktree. */
export interface WorktreeFolder {
  root: string;
  /** What git calls that worktree. */
  gitName: string;
  /** The git folder that all worktrees of its repository share. */
  commonDir: string;
  /** That one is not there: the repository was moved, or its disk is away. */
  isOrphan: boolean;
}

/** How far below a folder its worktrees are looked for. */
const DEPTH = 3;
/** What is no disk: folders of the kernel's, with links into everything. */
const KERNELS = new Set(["/proc", "/sys", "/dev"]);

/** All of them at or below the folders, as deep as worktrees usually lie. What may not be read is passed over. */
export async function findWorktreeFolders(parents: Iterable<string>): Promise<WorktreeFolder[]> {
  const found = new Map<string, WorktreeFolder>();
  for (const parent of new Set(parents)) await lookInto(parent, DEPTH, found);
  return [...found.values()];
}

async function lookInto(parent: string, depth: number, found: Map<string, WorktreeFolder>): Promise<void> {
  const entries = await readdir(parent, { withFileTypes: true }).catch((): Dirent[] => []);
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  const deeper = await Promise.all(
    folders.map(async (entry) => {
      const root = join(parent, entry.name);
      if (KERNELS.has(root)) return undefined;
      const gitDir = await readPointer(join(root, ".git"));
      if (gitDir === undefined) return entry.isDirectory() ? root : undefined;
      const folder = await readFolder(root, gitDir);
      if (folder !== undefined) found.set(folder.root, folder);
      return undefined; // what lies in a working tree is its own affair
    }),
  );
  if (depth <= 1) return;
  for (const folder of deeper) if (folder !== undefined) await lookInto(folder, depth - 1, found);
}

async function readFolder(root: string, gitDir: string): Promise<WorktreeFolder | undefined> {
  if (basename(dirname(gitDir)) !== "worktrees") return undefined; // a repository of its own, or a submodule
  const commonDir = dirname(dirname(gitDir));
  const real = await realpath(root).catch(() => root);
  return { root: real, gitName: basename(gitDir), commonDir, isOrphan: !(await pathExists(commonDir)) };
}
