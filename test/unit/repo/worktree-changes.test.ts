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
  author.push("-c", "protocol.file.allow=always");
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
    expect(await read()).toEqual({ uncommitted: [], unpushed: 0, submodules: [] });
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
  test("are none on a branch, which stays; stashes are the repository's", async () => {
    const { linked, read } = await makeLinked();
    await git(linked, "commit", "-q", "--allow-empty", "-m", "one");
    await writeFile(join(linked, "tracked"), "changed\n");
    await git(linked, "stash", "-q");
    expect(await read()).toEqual({ uncommitted: [], unpushed: 0, submodules: [] });
  });

  test("of a detached HEAD are counted until a branch, a tag or a remote has them", async () => {
    const { root, linked, read } = await makeLinked();
    await git(linked, "switch", "-q", "--detach");
    for (const name of ["one", "two", "three"]) await git(linked, "commit", "-q", "--allow-empty", "-m", name);
    expect((await read()).unpushed).toBe(3);
    await git(linked, "branch", "other", "HEAD~2");
    expect((await read()).unpushed).toBe(2);
    await git(linked, "tag", "a-tag", "HEAD~1");
    expect((await read()).unpushed).toBe(1);
    await git(root, "init", "-q", "--bare", join(root, "origin.git"));
    await git(root, "remote", "add", "origin", join(root, "origin.git"));
    await git(linked, "push", "-q", "origin", "HEAD:refs/heads/pushed");
    expect((await read()).unpushed).toBe(0);
  });

  test("before the first commit there are none", async () => {
    const { linked, read } = await makeLinked();
    await git(linked, "checkout", "-q", "--orphan", "unborn");
    expect(await read()).toMatchObject({ unpushed: 0 });
  });
});

describe("submodules", () => {
  /** A repository whose submodule lib has a submodule deep, checked out in a linked worktree. */
  async function makeWithSubmodules() {
    const made = await makeLinked();
    const [deep, lib] = [join(made.root, "../deep"), join(made.root, "../lib")].map((path) => `${path}${count}`);
    for (const repository of [deep ?? "", lib ?? ""]) {
      await mkdir(repository);
      await git(repository, "init", "-q");
      await writeFile(join(repository, "f"), "1\n");
      if (repository === lib) await git(lib, "submodule", "--quiet", "add", deep ?? "", "deep");
      await git(repository, "add", "-A");
      await git(repository, "commit", "-qm", "first");
    }
    await git(made.linked, "submodule", "--quiet", "add", lib ?? "", "vendor/lib");
    await git(made.linked, "commit", "-qm", "lib");
    await git(made.linked, "submodule", "--quiet", "update", "--init", "--recursive");
    const at = (path: string) => join(made.linked, path);
    const changes = async () => (await made.read()).submodules;
    return { ...made, lib: lib ?? "", at, changes };
  }

  const nothing = { uncommitted: [], unpushed: 0, stashed: false };

  test("are clean as they come; what is in no commit counts, whatever git is told to overlook, and nested", async () => {
    const { linked, at, changes } = await makeWithSubmodules();
    expect(await changes()).toEqual([]);
    await git(linked, "config", "submodule.vendor/lib.ignore", "all");
    await git(at("vendor/lib"), "config", "submodule.deep.ignore", "all");
    await git(at("vendor/lib/deep"), "config", "status.showUntrackedFiles", "no");
    await writeFile(at("vendor/lib/f"), "2\n");
    await writeFile(at("vendor/lib/deep/untracked"), "");
    expect(await changes()).toEqual([
      { ...nothing, path: "vendor/lib", uncommitted: ["f"] },
      { ...nothing, path: "vendor/lib/deep", uncommitted: ["untracked"] },
    ]);
  });

  test("commits of any branch and of what is checked out count until they are pushed; a stash counts, too", async () => {
    const { at, changes, linked, lib } = await makeWithSubmodules();
    const here = at("vendor/lib");
    await git(here, "switch", "-qc", "fix");
    await git(here, "commit", "-q", "--allow-empty", "-m", "on a branch");
    await git(here, "switch", "-q", "--detach", "origin/main");
    expect(await changes()).toEqual([{ ...nothing, path: "vendor/lib", unpushed: 1 }]);
    await git(here, "commit", "-q", "--allow-empty", "-m", "on none");
    await git(linked, "commit", "-qam", "moved on");
    expect(await changes()).toEqual([{ ...nothing, path: "vendor/lib", unpushed: 2 }]);
    await git(here, "push", "-q", "origin", "fix", "HEAD:refs/heads/other");
    expect(await changes()).toEqual([]);
    await writeFile(at("vendor/lib/deep/f"), "2\n");
    await git(at("vendor/lib/deep"), "stash", "-q");
    expect(await changes()).toEqual([{ ...nothing, path: "vendor/lib/deep", stashed: true }]);
    // What is not checked out any more goes with the worktree all the same.
    await git(linked, "submodule", "--quiet", "deinit", "-f", "vendor/lib");
    expect(await changes()).toEqual([{ ...nothing, path: "vendor/lib/deep", stashed: true }]);
    await git(lib, "branch", "-q", "-D", "fix");
  });

  test("a commit that came from the remote without a branch is not taken for work", async () => {
    const { at, changes, lib } = await makeWithSubmodules();
    await git(lib, "config", "uploadpack.allowAnySHA1InWant", "true");
    await git(lib, "switch", "-q", "--detach");
    for (const name of ["one", "two"]) await git(lib, "commit", "-q", "--allow-empty", "-m", name);
    const { stdout } = await systemRunner.capture(gitCommand(lib, ["rev-parse", "HEAD", "HEAD~1"]));
    const [second = "", first = ""] = stdout.split("\n");
    const here = at("vendor/lib");
    for (const depth of [[], ["--depth", "1"]]) {
      for (const hash of [first, second]) {
        await git(here, "fetch", "-q", ...depth, "origin", hash);
        await git(here, "switch", "-q", "--detach", hash);
        expect(await changes()).toEqual([]);
      }
    }
    await git(here, "commit", "-q", "--allow-empty", "-m", "work on it");
    expect(await changes()).toEqual([{ ...nothing, path: "vendor/lib", unpushed: 1 }]);
  });

  test("a repository that was added with its .git folder inside", async () => {
    const { linked, at, changes } = await makeWithSubmodules();
    await mkdir(at("inside"));
    await git(at("inside"), "init", "-q");
    await git(at("inside"), "commit", "-q", "--allow-empty", "-m", "nowhere else");
    await git(linked, "-c", "advice.addEmbeddedRepo=false", "add", "inside");
    await git(linked, "commit", "-qm", "inside");
    expect(await changes()).toEqual([{ ...nothing, path: "inside", unpushed: 1 }]);
  });
});
