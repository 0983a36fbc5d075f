/** Where the git hooks of a repository are to be edited: git's own folder, core.hooksPath, or those of a hook manager. */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isInside, pathExists, readTextIfExists } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { gitCommand, type Repository } from "./git.ts";

export type HookManager = "git" | "husky" | "lefthook" | "pre-commit" | "simple-git-hooks";

export interface HookPlace {
  /** Where the files are that are edited. */
  folder: string;
  /** What starts them, or writes them anew. husky runs the user's file whether or not it is executable. */
  manager: HookManager;
  /** Where git looks for them is no folder: hooks are switched off, as by `core.hooksPath=/dev/null`. How to switch them on. */
  off?: string;
  /** The folder is part of a worktree: what is written there is committed, and read on other machines. */
  shared: boolean;
  /** The folder lies outside the repository, and serves others, too. */
  outside: boolean;
  /** Folders that a hook may lie in when it is a link. */
  roots: readonly string[];
}

/** The files by which a manager's use of a repository is known. */
const MANAGER_FILES: readonly (readonly [HookManager, readonly string[]])[] = [
  ["lefthook", ["yml", "yaml", "toml", "json"].flatMap((end) => [`lefthook.${end}`, `.lefthook.${end}`])],
  ["pre-commit", [".pre-commit-config.yaml", ".pre-commit-config.yml"]],
  [
    "simple-git-hooks",
    ["cjs", "js", "mjs", "json"].flatMap((end) => [`.simple-git-hooks.${end}`, `simple-git-hooks.${end}`]),
  ],
];

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
  const found = await stat(folder).catch(() => undefined);
  const off = found === undefined || found.isDirectory() ? undefined : await findSwitch(repository, folder, runner);
  return {
    folder,
    manager: husky !== undefined ? "husky" : await findManager(root),
    ...(off === undefined ? {} : { off }),
    shared: !inGit && within.includes(true),
    outside: !inGit && !within.includes(true),
    roots: [folder, ...worktrees],
  };
}

async function findManager(root: string): Promise<HookManager> {
  for (const [manager, names] of MANAGER_FILES) {
    if ((await Promise.all(names.map((name) => pathExists(join(root, name))))).includes(true)) return manager;
  }
  const written = await readTextIfExists(join(root, "package.json")).catch(() => undefined);
  return /"simple-git-hooks"\s*:\s*\{/.test(written ?? "") ? "simple-git-hooks" : "git";
}

/** The command that takes the setting away by which git's hooks are switched off. */
async function findSwitch({ root }: Repository, folder: string, runner: Runner): Promise<string> {
  const question = ["config", "--show-scope", "--get", "core.hooksPath"];
  const { stdout } = await runner.capture(gitCommand(root, question), { allowFailure: true });
  const scope = /^(local|global|system|worktree)\t/.exec(stdout)?.[1];
  return scope === undefined ? `rm '${folder}'` : `git config --${scope} --unset core.hooksPath`;
}

/** husky 9 lets git run what it generates in a folder `_`, which runs the user's file beside that folder. */
async function findHuskyFolder(configured: string): Promise<string | undefined> {
  if (basename(configured) !== "_") return undefined;
  const isHusky = basename(dirname(configured)) === ".husky" || (await pathExists(join(configured, "h")));
  return isHusky ? dirname(configured) : undefined;
}
