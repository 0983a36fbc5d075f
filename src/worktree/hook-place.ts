/** Where the git hooks of a repository are to be edited: git's own folder, core.hooksPath, or those of a hook manager. */
import { basename, dirname, join } from "node:path";
import { gitCommand, type Repository } from "../repo/git.ts";
import { isInside, pathExists } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";

export interface HookPlace {
  /** Where the files are that are edited. */
  folder: string;
  /** What starts them. husky runs the user's file whether or not it is executable. */
  manager: "git" | "husky" | "lefthook";
  /** The folder is part of a worktree: what is written there is committed, and read on other machines. */
  shared: boolean;
  /** The folder lies outside the repository, and serves others, too. */
  outside: boolean;
  /** Folders that a hook may lie in when it is a link. */
  roots: readonly string[];
}

const LEFTHOOK_FILES = ["lefthook.yml", ".lefthook.yml", "lefthook.yaml", "lefthook.toml", "lefthook.json"];

/** The place of a repository's hooks, as seen from one of its worktrees. One spawn. Throws when git fails (exit 1). */
export async function findHookPlace(repository: Repository, runner: Runner): Promise<HookPlace> {
  const { root, commonDir, mainRoot } = repository;
  const question = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
  const configured = (await runner.capture(gitCommand(root, question))).stdout.replace(/\n$/, "");
  const husky = await findHuskyFolder(configured);
  const folder = husky ?? configured;
  const worktrees = [root, ...(mainRoot === undefined ? [] : [mainRoot])];
  const inGit = await isInside(commonDir, folder);
  const within = await Promise.all(worktrees.map((each) => isInside(each, folder)));
  const lefthook = await Promise.all(LEFTHOOK_FILES.map((name) => pathExists(join(root, name))));
  return {
    folder,
    manager: husky !== undefined ? "husky" : lefthook.includes(true) ? "lefthook" : "git",
    shared: !inGit && within.includes(true),
    outside: !inGit && !within.includes(true),
    roots: [folder, ...worktrees],
  };
}

/** husky 9 lets git run what it generates in a folder `_`, which runs the user's file beside that folder. */
async function findHuskyFolder(configured: string): Promise<string | undefined> {
  if (basename(configured) !== "_") return undefined;
  const isHusky = basename(dirname(configured)) === ".husky" || (await pathExists(join(configured, "h")));
  return isHusky ? dirname(configured) : undefined;
}
