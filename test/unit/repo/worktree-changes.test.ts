import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRepository, gitCommand } from "../../../src/repo/git.ts";
import { listWorktrees } from "../../../src/repo/worktree.ts";
import { readChanges } from "../../../src/repo/worktree-changes.ts";
import { systemRunner } from "../../../src/sys/process.ts";

let base = "";
beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgrove-changes-")));
});
afterAll(() => rm(base, { recursive: true }));

async function git(cwd: string, ...args: string[]): Promise<void> {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
  await systemRunner.capture(gitCommand(cwd, [...author, ...args]));
}

let count = 0;

/** A repository with a linked worktree on that branch, and what would be lost with it. */
async function makeLinked(branch = "work") {
  const [root, linked] = [join(base, `r${count}`), join(base, `linked${count++}`)];
  await mkdir(root);
  await git(root, "init", "-q");
  await writeFile(join(root, "tracked"), "a\nb\nc\n");
  await git(root, "add", "-A");
  await git(root, "commit", "-qm", "first");
  await git(root, "worktree", "add", "-q", "-b", branch, linked);
  const read = async () => {
    const repository = await findRepository(root, systemRunner);
    if (repository === undefined) throw new Error("no repository");
    const worktree = (await listWorktrees(repository, systemRunner)).find((each) => each.root === linked);
    if (worktree === undefined) throw new Error("no worktree");
    return await readChanges(worktree, systemRunner);
  };
  return { root, linked, read };
}

describe("what is in no commit", () => {
  test("nothing, then changed, staged, renamed, untracked with odd names, but not what is ignored", async () => {
    const { linked, read } = await makeLinked();
    expect(await read()).toEqual({ uncommitted: [], unpushed: 0 });
    await writeFile(join(linked, ".gitignore"), "ignored\n");
    await git(linked, "add", ".gitignore");
    await git(linked, "mv", "tracked", "renamed");
    await writeFile(join(linked, "ignored"), "");
    await writeFile(join(linked, 'line\nbreak "quoted" ü'), "");
    await mkdir(join(linked, "folder"));
    await writeFile(join(linked, "folder/file"), "");
    const { uncommitted } = await read();
    expect(uncommitted.sort()).toEqual([".gitignore", "folder/", 'line\nbreak "quoted" ü', "renamed"]);
  });
});

describe("commits that are nowhere else", () => {
  test("are counted until another branch or a remote has them; a tag does not keep them from it", async () => {
    const { root, linked, read } = await makeLinked();
    for (const name of ["one", "two"]) await git(linked, "commit", "-q", "--allow-empty", "-m", name);
    await git(linked, "tag", "a-tag");
    expect((await read()).unpushed).toBe(2);
    await git(root, "branch", "other", "work~1");
    expect((await read()).unpushed).toBe(1);
    await git(root, "init", "-q", "--bare", join(root, "origin.git"));
    await git(root, "remote", "add", "origin", join(root, "origin.git"));
    await git(linked, "push", "-q", "origin", "work");
    expect((await read()).unpushed).toBe(0);
  });

  test("of a detached HEAD, and of a branch whose name is the beginning of another's", async () => {
    const detached = await makeLinked();
    await git(detached.linked, "switch", "-q", "--detach");
    await git(detached.linked, "commit", "-q", "--allow-empty", "-m", "lost otherwise");
    expect((await detached.read()).unpushed).toBe(1);
    const { root, linked, read } = await makeLinked("feature/x");
    await git(linked, "commit", "-q", "--allow-empty", "-m", "one");
    await git(root, "branch", "feature/x-2", "feature/x");
    expect((await read()).unpushed).toBe(0);
  });

  test("before the first commit there are none", async () => {
    const { linked, read } = await makeLinked();
    await git(linked, "checkout", "-q", "--orphan", "unborn");
    expect(await read()).toMatchObject({ unpushed: 0 });
  });
});
