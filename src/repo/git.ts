/** What git says about the folder that one stands in: which repository, which worktree, which commit. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXIT, failure, missingError, PgroveError, refusal, usageError } from "../errors.ts";
import type { Captured, Command, Limits, Runner } from "../sys/process.ts";
import { findMain, type MainPlace } from "./main-root.ts";

/** The worktree that one stands in, and the repository it belongs to. All paths are absolute. */
export interface Repository extends MainPlace {
  /** This worktree's folder. */
  root: string;
  /** This worktree's own git folder. */
  gitDir: string;
  /** The git folder that all worktrees share. */
  commonDir: string;
  /** Whether this is the main worktree. */
  isMain: boolean;
}

export interface Head {
  /** Undefined before the first commit. */
  commit?: string;
  /** Undefined when detached. */
  branch?: string;
}

const PATH_FORMAT = "--path-format=absolute";

/** Git in a folder. Its messages are read here, so they must be the English ones. */
export function gitCommand(cwd: string, args: readonly string[]): Command {
  return { file: "git", args, env: { LC_ALL: "C" }, secrets: [], cwd };
}

/** Git reads the folders of all worktrees, and ends over one whose files are not all written yet. */
const HALF_MADE = /^fatal: failed to read \S*worktrees\/.+\/commondir/m;
const TRIES = 100;
const AGAIN_MS = 20;

/**
 * Runs a git that looks at all worktrees, and resolves with whatever exit code: again, for 2 s, as long as it stumbles over a
 * worktree that another git is just making. What git may have done half by then is told by a command for each try.
 */
export async function captureBesideGits(
  runner: Runner,
  command: Command | (() => Promise<Command>),
  limits: Limits = {},
): Promise<Captured> {
  for (let tries = 1; ; tries++) {
    const next = typeof command === "function" ? await command() : command;
    const captured = await runner.capture(next, { ...limits, allowFailure: true });
    if (captured.exitCode === EXIT.ok || tries === TRIES || !HALF_MADE.test(captured.stderr)) return captured;
    await Bun.sleep(AGAIN_MS);
  }
}

/**
 * The repository that a folder is in; undefined outside git, and where git is not installed and not needed. One spawn.
 * Throws where git cannot be asked (exit 4) or will not say (exit 1), and in a bare repository (exit 2).
 */
export async function findRepository(cwd: string, runner: Runner): Promise<Repository | undefined> {
  if (!existsSync(cwd)) throw missingError("folder_missing", `there is no folder ${cwd}`);
  const question = [
    "rev-parse",
    PATH_FORMAT,
    "--is-bare-repository",
    "--git-dir",
    "--git-common-dir",
    "--show-toplevel",
  ];
  let answer: Captured;
  try {
    answer = await runner.capture(gitCommand(cwd, question), { allowFailure: true });
  } catch (error) {
    if (!(error instanceof PgroveError) || error.code !== "program_missing") throw error;
    if (!isBelowGitFolder(cwd)) return undefined;
    throw missingError("git_missing", "git is not installed, or not on PATH", "install git 2.31 or later");
  }
  return await readAnswer(answer, cwd);
}

function isBelowGitFolder(cwd: string): boolean {
  const folder = resolve(cwd);
  return existsSync(join(folder, ".git")) || (dirname(folder) !== folder && isBelowGitFolder(dirname(folder)));
}

async function readAnswer({ stdout, stderr, exitCode }: Captured, cwd: string): Promise<Repository | undefined> {
  const lines = stdout.split("\n").slice(0, -1);
  if (lines[0] === PATH_FORMAT) {
    throw missingError("git_too_old", "git is older than 2.31", "install git 2.31 or later");
  }
  const [bare, gitDir, commonDir, root] = lines;
  if (bare === "true")
    throw usageError(
      `${gitDir ?? cwd} is a bare repository, and no worktree on its default branch plays the part of main`,
      "git worktree add PATH DEFAULT-BRANCH        or go to one of its worktrees: git worktree list",
    );
  if (exitCode !== EXIT.ok) return explainSilence(stderr, cwd, gitDir);
  if (gitDir === undefined || commonDir === undefined || root === undefined || lines.length !== 4) {
    throw failure("git_answer", `git's answer about ${cwd} cannot be read: a path has a line break in it`);
  }
  const main = await findMain({ root, gitDir, commonDir });
  return { root, gitDir, commonDir, isMain: root === main.mainRoot, ...main };
}

function explainSilence(stderr: string, cwd: string, gitDir: string | undefined): undefined {
  const said = (stderr.split("\n").find((line) => line.startsWith("fatal:")) ?? stderr).replace(/^fatal: /, "");
  if (/not a git repository \(or any/.test(said)) return undefined;
  if (/must be run in a work tree/.test(said)) {
    throw usageError(`${cwd} is inside git's own folder ${gitDir ?? ""}`.trimEnd(), "go to the worktree itself");
  }
  if (/dubious ownership/.test(said)) {
    const hint = /^\s*(git config --global --add safe\.directory .*)$/m.exec(stderr)?.[1];
    throw refusal("git_ownership", `git does not trust ${cwd}: it belongs to somebody else`, hint);
  }
  if (/not a git repository: /.test(said)) {
    throw failure(
      "git_broken",
      `${cwd} was a worktree, but its repository has gone or moved: ${said}`,
      "git worktree repair",
    );
  }
  throw failure("git_failed", `git cannot tell which repository ${cwd} is in: ${said.trim() || "it said nothing"}`);
}

const BRANCH = "refs/heads/";

/** The commit and branch that a worktree is at. One spawn, two before the first commit. Throws when git fails (exit 1). */
export async function readHead(repository: Pick<Repository, "root">, runner: Runner): Promise<Head> {
  const ask = (args: readonly string[]) => runner.capture(gitCommand(repository.root, args), { allowFailure: true });
  const both = await ask(["rev-parse", "HEAD", "--symbolic-full-name", "HEAD", "--"]);
  const [commit = "", name = ""] = both.stdout.split("\n");
  if (both.exitCode === EXIT.ok && /^[0-9a-f]{40,64}$/.test(commit)) return { commit, ...branchOf(name) };
  const unborn = await ask(["symbolic-ref", "--quiet", "HEAD"]);
  if (unborn.exitCode === EXIT.ok) return branchOf(unborn.stdout.trimEnd());
  throw failure(
    "git_failed",
    `git cannot read HEAD in ${repository.root}: ${both.stderr.trim() || unborn.stderr.trim()}`,
  );
}

function branchOf(name: string): { branch?: string } {
  return name.startsWith(BRANCH) ? { branch: name.slice(BRANCH.length) } : {};
}
