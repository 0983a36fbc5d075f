import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, realpath, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gitCommand } from "../../../src/repo/git.ts";
import { findWorktreeFolders } from "../../../src/repo/worktree-folders.ts";
import { systemRunner } from "../../../src/sys/process.ts";

let base = "";
beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgrove-folders-")));
});
afterAll(() => rm(base, { recursive: true }));

async function git(cwd: string, ...args: string[]): Promise<void> {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
  await systemRunner.capture(gitCommand(cwd, [...author, ...args]));
}

test("linked worktrees are found where they are, as deep as they usually lie, and nothing else", async () => {
  const [root, trees] = [join(base, "repo"), join(base, "trees")];
  await mkdir(root);
  await git(root, "init", "-q");
  await git(root, "commit", "-q", "--allow-empty", "-m", "first");
  for (const name of ["here", "moved", "deep"]) await git(root, "worktree", "add", "-q", join(trees, name));
  await rename(join(trees, "moved"), join(trees, "elsewhere"));
  await mkdir(join(trees, "a/b/c"), { recursive: true });
  await rename(join(trees, "deep"), join(trees, "a/b/deep"));
  await cp(join(trees, "here"), join(trees, "a/b/c/too-deep"), { recursive: true });
  await mkdir(join(trees, "own"));
  await git(join(trees, "own"), "init", "-q"); // a repository of its own, in which nothing is looked for
  await cp(join(trees, "here"), join(trees, "own/inner"), { recursive: true });
  await symlink(join(trees, "here"), join(trees, "link"));
  const commonDir = join(root, ".git");
  const found = async () => (await findWorktreeFolders([trees, join(base, "nowhere")])).sort(byRoot);
  const byRoot = (a: { root: string }, b: { root: string }) => (a.root < b.root ? -1 : 1);
  const expected = [
    { root: join(trees, "a/b/deep"), gitName: "deep", commonDir, isOrphan: false },
    { root: join(trees, "elsewhere"), gitName: "moved", commonDir, isOrphan: false },
    { root: join(trees, "here"), gitName: "here", commonDir, isOrphan: false },
  ];
  expect(await found()).toEqual(expected);
  await git(root, "worktree", "prune"); // git has forgotten what it does not find
  expect(await found()).toEqual(expected);
  await rename(root, join(base, "moved-repo"));
  expect(await found()).toEqual(expected.map((each) => ({ ...each, isOrphan: true })));
});
