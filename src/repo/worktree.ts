/** The worktrees of a repository as git knows them, and the identity that pgrove gives each of them. */
import { randomUUID } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { EXIT, failure, refusal } from "../errors.ts";
import { errorCode, publishFile, readTextIfExists, temporaryPathFor } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { captureBesideGits, gitCommand, type Head, type Repository, readHead } from "./git.ts";
import { IDENTITY, readIdentity, readPointer, realPath } from "./git-files.ts";

/** A worktree in git's books. */
export interface GitWorktree extends Head {
  root: string;
  /** Its own git folder. */
  gitDir: string;
  isMain: boolean;
  /** `git worktree lock`: its folder may be on a disk that is not there now. */
  locked: boolean;
  /** pgrove was making it, and has not come as far as to give it an identity. */
  unfinished: boolean;
  /** Its folder is not there. */
  missing: boolean;
  /** Its folder belongs to another repository: this one was moved without it, or is a copy of that one. */
  strayed: boolean;
  /** The identity that pgrove has given it. */
  id?: string;
}

/** With what reason a worktree is locked while pgrove makes it: so it is known as pgrove's from its first moment. */
export const UNFINISHED_REASON = "pgrove is making it";

const USUAL = { locked: false, unfinished: false, missing: false, strayed: false };

/**
 * All worktrees, the main one first where there is one. One spawn, and another one where git does not know where main's
 * files are. Throws when git fails (exit 1).
 */
export async function listWorktrees(repository: Repository, runner: Runner): Promise<GitWorktree[]> {
  const [heads, linked] = await Promise.all([readHeads(repository, runner), listLinked(repository.commonDir)]);
  const { mainRoot, commonDir } = repository;
  // Of a bare repository one of the linked ones is main.
  const isMain = ({ root }: { root: string }) => root === mainRoot;
  const found = linked.find(isMain);
  const own = mainRoot === undefined ? [] : [{ root: mainRoot, gitDir: commonDir, ...USUAL }];
  const main = (found === undefined ? own : [found]).map((each) => ({ ...each, isMain: true }));
  return await Promise.all(
    [...main, ...linked.filter((each) => each !== found)].map(async (worktree) => {
      const known = heads.get(worktree.root) ?? heads.get(await realPath(worktree.root));
      const head = known ?? (worktree.isMain ? await readHead(worktree, runner) : {});
      const id = await readIdentity(worktree.gitDir);
      return { ...worktree, ...head, ...(id === undefined ? {} : { id }) };
    }),
  );
}

/** Branch and commit by folder. */
async function readHeads(repository: Repository, runner: Runner): Promise<Map<string, Head>> {
  const command = gitCommand(repository.commonDir, ["worktree", "list", "--porcelain"]);
  const { stdout, stderr, exitCode } = await captureBesideGits(runner, command);
  if (exitCode !== EXIT.ok) throw failure("git_failed", `git could not list the worktrees: ${stderr.trim()}`);
  const heads = new Map<string, Head>();
  for (const record of stdout.split("\n\n")) {
    const field = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(record)?.[1];
    const [root, commit, branch] = [field("worktree"), field("HEAD"), field("branch")];
    if (root === undefined) continue;
    const unborn = commit === undefined || /^0+$/.test(commit);
    heads.set(root, {
      ...(unborn ? {} : { commit }),
      ...(branch === undefined ? {} : { branch: branch.replace(/^refs\/heads\//, "") }),
    });
  }
  return heads;
}

async function listLinked(commonDir: string): Promise<Omit<GitWorktree, "id">[]> {
  const folder = join(commonDir, "worktrees");
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  const found = await Promise.all(
    names.sort().map(async (name) => {
      const gitDir = join(folder, name);
      const pointer = await readTextIfExists(join(gitDir, "gitdir")).catch(() => undefined);
      if (pointer === undefined) return []; // something else, or a worktree that is being made
      const dotGit = resolve(gitDir, pointer.trimEnd());
      const [reason, back] = await Promise.all([readTextIfExists(join(gitDir, "locked")), readPointer(dotGit)]);
      const unfinished = reason?.trim() === UNFINISHED_REASON;
      const lock = { locked: reason !== undefined && !unfinished, unfinished };
      const place = { missing: back === undefined, strayed: back !== undefined && back !== (await realPath(gitDir)) };
      return [{ root: dirname(dotGit), gitDir, isMain: false, ...lock, ...place }];
    }),
  );
  return found.flat();
}

/** The identity of the linked worktree that has the branch checked out, as git's own files say; git is not asked. */
export async function findIdentityOnBranch(commonDir: string, branch: string): Promise<string | undefined> {
  const worktrees = await listLinked(commonDir);
  for (const { gitDir, strayed } of worktrees) {
    const head = await readTextIfExists(join(gitDir, "HEAD"));
    if (!strayed && head?.trimEnd() === `ref: refs/heads/${branch}`) return await readIdentity(gitDir);
  }
  return undefined;
}

/**
 * The identity of a worktree, given to it when it has none. It stands in the worktree's own git folder, which survives
 * `git worktree move`; git uses the folder's name again after a prune, but not what was in it.
 */
export async function ensureIdentity(gitDir: string): Promise<string> {
  const known = await readIdentity(gitDir);
  if (known !== undefined) return known;
  return await publishIdentity(gitDir, randomUUID());
}

/** Gives a worktree that has no identity the one of another that is gone: what that has left is its own from then on. */
export async function adoptIdentity(gitDir: string, id: string): Promise<void> {
  if ((await publishIdentity(gitDir, id)) === id) return;
  throw refusal("identity_taken", `${gitDir} has an identity already`, "pgrove list");
}

async function publishIdentity(gitDir: string, id: string): Promise<string> {
  const file = join(gitDir, IDENTITY);
  const temporary = temporaryPathFor(file);
  await writeFile(temporary, `${id}\n`);
  if (!(await publishFile(temporary, file))) await rm(temporary); // another run was first, and its identity counts
  const made = await readIdentity(gitDir);
  if (made === undefined) throw failure("identity", `${file} does not hold an identity`, `remove it: rm ${file}`);
  return made;
}
