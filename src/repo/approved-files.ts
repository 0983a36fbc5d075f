/** Files that would act: known by their content, and approved where the default branch had them in an approved state. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Runner } from "../sys/process.ts";
import { gitCommand, type Repository } from "./git.ts";

/** The hash of a file's content, or of all files in a folder with their names. Throws when it cannot be read. */
export async function hashContent(path: string): Promise<string> {
  const hash = createHash("sha256");
  if (!(await stat(path)).isDirectory()) {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
    return hash.digest("hex");
  }
  for (const name of (await readdir(path)).sort()) {
    hash.update(JSON.stringify([name, await hashContent(join(path, name))]));
  }
  return hash.digest("hex");
}

/** The same of a text. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether a file of the worktree is, byte for byte, the one that one of these commits has at the same place. */
export async function isInCommits(
  { root, file, commits }: { root: string; file: string; commits: readonly string[] },
  runner: Runner,
): Promise<boolean> {
  const path = pathInGit(root, file);
  if (path === undefined || commits.length === 0) return false;
  const ask = (args: readonly string[]) => runner.capture(gitCommand(root, args), { allowFailure: true });
  const hashed = await ask(["hash-object", "--no-filters", "--", file]);
  if (hashed.exitCode !== 0) return false;
  for (const commit of commits) {
    const { stdout, exitCode } = await ask(["rev-parse", "--verify", "--quiet", `${commit}:${path}`]);
    if (exitCode === 0 && stdout === hashed.stdout) return true;
  }
  return false;
}

/** Those of the files and folders below a worktree's root that a branch brings: git tracks them, or something in them. */
export async function keepTracked(
  { root, files }: { root: string; files: readonly string[] },
  runner: Runner,
): Promise<string[]> {
  const paths = files.map((file) => pathInGit(root, file) ?? ".");
  if (paths.length === 0) return [];
  const { stdout } = await runner.capture(gitCommand(root, ["--literal-pathspecs", "ls-files", "-z", "--", ...paths]));
  const tracked = stdout.split("\0").slice(0, -1);
  // Of what lies in a submodule git names the submodule.
  const isBrought = (path: string) =>
    path === "." || tracked.some((each) => each === path || each.startsWith(`${path}/`) || path.startsWith(`${each}/`));
  return files.filter((_, at) => isBrought(paths[at] ?? ""));
}

/** What the commit has at the place of that file; undefined where it has none. */
export async function readCommitted(
  { root, file, commit }: { root: string; file: string; commit: string },
  runner: Runner,
): Promise<string | undefined> {
  const path = pathInGit(root, file);
  if (path === undefined) return undefined;
  const command = gitCommand(root, ["cat-file", "blob", `${commit}:${path}`]);
  const { stdout, exitCode } = await runner.capture(command, { allowFailure: true });
  return exitCode === 0 ? stdout : undefined;
}

function pathInGit(root: string, file: string): string | undefined {
  const path = relative(root, file).split(sep).join("/");
  return path === "" || path === ".." || path.startsWith("../") ? undefined : path;
}

/**
 * The commit that the default branch is at here: the local branch that origin's HEAD is called, else main or master, else
 * what the main worktree has checked out. Undefined before the first commit.
 */
export async function findDefaultCommit(
  { root, mainRoot }: Pick<Repository, "root" | "mainRoot">,
  runner: Runner,
): Promise<string | undefined> {
  const ask = (args: readonly string[]) => runner.capture(gitCommand(mainRoot ?? root, args), { allowFailure: true });
  const head = (await ask(["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"])).stdout.trim();
  const named = head.replace(/^refs\/remotes\/origin\//, "");
  const branches = [named, "main", "master"].filter((name) => name !== "").map((name) => `refs/heads/${name}`);
  for (const ref of [...branches, "HEAD"]) {
    const { stdout, exitCode } = await ask(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]);
    if (exitCode === 0) return stdout.trim();
  }
  return undefined;
}
