/** Files that would act: known by their content, and approved where the default branch had them in an approved state. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { pathExists, requireEndingFile } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { gitCommand, type Repository } from "./git.ts";
import { readBranch, readGitFolders } from "./git-files.ts";

/** The hash of a file's content, or of all files in a folder with their names. Throws when it cannot be read, or may never end. */
export async function hashContent(path: string): Promise<string> {
  const found = await requireEndingFile(path); // a branch may have linked it to anything
  const hash = createHash("sha256");
  if (!found.isDirectory()) {
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

/** Those files of the worktree that are, byte for byte, what one of these commits has at the same place. */
export async function findInCommits(
  { root, files, commits }: { root: string; files: readonly string[]; commits: readonly string[] },
  runner: Runner,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const asked = await listComparable(root, files);
  if (asked.length === 0 || commits.length === 0) return found;
  // One process for all of them, each being a line of its input.
  const ask = async (args: readonly string[], lines: readonly string[]) => {
    const limits = { input: `${lines.join("\n")}\n`, allowFailure: true };
    const { stdout, exitCode } = await runner.capture(gitCommand(root, args), limits);
    return exitCode === 0 ? stdout.split("\n") : [];
  };
  const hashes = await ask(
    ["hash-object", "--no-filters", "--stdin-paths"],
    asked.map(({ file }) => file),
  );
  for (const commit of commits) {
    const objects = await ask(
      ["cat-file", "--batch-check=%(objectname)"],
      asked.map(({ path }) => `${commit}:${path}`),
    );
    for (const [at, { file }] of asked.entries()) {
      if (hashes[at] !== undefined && objects[at] === hashes[at]) found.add(file);
    }
  }
  return found;
}

/** Files that git can be asked about, and how it calls them. */
async function listComparable(root: string, files: readonly string[]): Promise<{ file: string; path: string }[]> {
  const asked = await Promise.all(
    files.map(async (file) => {
      const path = await placeInGit(root, file);
      const isFile = await stat(file).then(
        (found) => found.isFile(),
        () => false,
      );
      return path !== undefined && isFile && !file.includes("\n") ? [{ file, path }] : [];
    }),
  );
  return asked.flat();
}

/** Those of the files and folders below a worktree's root that a branch brings: git tracks them, or something in them. */
export async function keepTracked(
  { root, files }: { root: string; files: readonly string[] },
  runner: Runner,
): Promise<string[]> {
  const paths = await Promise.all(files.map(async (file) => (await placeInGit(root, file)) ?? "."));
  if (paths.length === 0) return [];
  const tracked = await askTracked(root, paths, runner);
  // Of what lies in a submodule git names the submodule.
  const isBrought = (path: string) =>
    path === "." || tracked.some((each) => each === path || each.startsWith(`${path}/`) || path.startsWith(`${each}/`));
  return files.filter((_, at) => isBrought(paths[at] ?? ""));
}

/** Of a larger folder the whole is one thing that changes; of a smaller one each file is known by itself. */
const MOST_FILES = 100;

/**
 * What a branch brings of these files and folders below a worktree's root, each with the hash of its content: file by
 * file, or a folder of very many as one. What git does not track is none of it.
 */
export async function hashTracked(
  { root, paths }: { root: string; paths: readonly string[] },
  runner: Runner,
): Promise<{ file: string; content: string }[]> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const tracked = (await listTracked({ root, paths: [path] }, runner)).sort();
    const there = (await Promise.all(tracked.map(async (file) => ((await pathExists(file)) ? [file] : [])))).flat();
    const hashed = await Promise.all(there.map(async (file) => ({ file, content: await hashContent(file) })));
    if (hashed.length <= MOST_FILES) {
      for (const { file, content } of hashed) found.set(file, content);
      continue;
    }
    const whole = hashed.map(({ file, content }) => [relative(path, file), content]);
    found.set(path, hashText(JSON.stringify(whole)));
  }
  return [...found].map(([file, content]) => ({ file, content }));
}

/** The files that git tracks at these places, which are within the worktree: absolute. */
export async function listTracked(
  { root, paths }: { root: string; paths: readonly string[] },
  runner: Runner,
): Promise<string[]> {
  const places = paths.map(async (path) => (path === root ? ["."] : ((await placeInGit(root, path)) ?? [])));
  const inside = (await Promise.all(places)).flat();
  if (inside.length === 0) return [];
  return (await askTracked(root, inside, runner)).map((path) => join(root, path));
}

async function askTracked(root: string, paths: readonly string[], runner: Runner): Promise<string[]> {
  const { stdout } = await runner.capture(gitCommand(root, ["--literal-pathspecs", "ls-files", "-z", "--", ...paths]));
  return stdout.split("\0").slice(0, -1);
}

/**
 * What the commit has at the place of that file, links followed as the commit has them; of one that leads out of it its own
 * text. Undefined where there is nothing.
 */
export async function readCommitted(
  { root, file, commit }: { root: string; file: string; commit: string },
  runner: Runner,
): Promise<string | undefined> {
  const path = pathInGit(root, file);
  if (path === undefined || path.includes("\n")) return undefined;
  const object = `${commit}:${path}`;
  const ask = (args: readonly string[], input?: string) =>
    runner.capture(gitCommand(root, ["cat-file", ...args]), { ...(input && { input }), allowFailure: true });
  const { stdout } = await ask(["--batch", "--follow-symlinks"], `${object}\n`);
  const head = /^[0-9a-f]+ blob \d+\n/.exec(stdout)?.[0];
  if (head !== undefined) return stdout.slice(head.length, -1);
  if (stdout.endsWith(" missing\n")) return undefined;
  const own = await ask(["blob", object]);
  return own.exitCode === 0 ? own.stdout : undefined;
}

/** A file as people see it: relative to the worktree, where it is in it. */
export function showPath(path: string, root: string): string {
  const way = relative(root, path);
  return way.startsWith("..") ? path : way;
}

/** Where git has what lies at that path: it knows nothing of what a path leads to through a link to a folder. */
async function placeInGit(root: string, path: string): Promise<string | undefined> {
  const [realRoot, folder] = await Promise.all([root, dirname(path)].map((each) => realpath(each).catch(() => each)));
  return pathInGit(realRoot ?? root, join(folder ?? dirname(path), basename(path)));
}

function pathInGit(root: string, file: string): string | undefined {
  const path = relative(root, file).split(sep).join("/");
  return path === "" || path === ".." || path.startsWith("../") ? undefined : path;
}

/** Whether the default branch is checked out in a worktree, as far as files say it: git is not asked. */
export async function isOnDefaultBranch(root: string): Promise<boolean> {
  const folders = await readGitFolders(root);
  if (folders === undefined) return false;
  const files = [join(folders.gitDir, "HEAD"), join(folders.commonDir, "refs/remotes/origin/HEAD")];
  const [own, origins = "main"] = await Promise.all(files.map(readBranch));
  return own === origins;
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
  const listed = (await ask(["for-each-ref", "--format=%(refname) %(objectname)", ...branches])).stdout.split("\n");
  const found = branches.flatMap((ref) => listed.filter((line) => line.startsWith(`${ref} `)));
  if (found[0] !== undefined) return found[0].split(" ")[1];
  const { stdout, exitCode } = await ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
  return exitCode === 0 ? stdout.trim() : undefined;
}
