import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRepository, gitCommand, type Repository } from "../../../src/repo/git.ts";
import { ensureIdentity, type GitWorktree, listWorktrees, UNFINISHED_REASON } from "../../../src/repo/worktree.ts";
import { type Runner, systemRunner } from "../../../src/sys/process.ts";

let base = "";
beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgrove-worktree-")));
});
afterAll(() => rm(base, { recursive: true }));

async function git(cwd: string, ...args: string[]): Promise<string> {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
  return (await systemRunner.capture(gitCommand(cwd, [...author, ...args]))).stdout.trim();
}

let count = 0;

async function makeRepository(...init: string[]): Promise<Repository> {
  const root = join(base, `r${count++}`);
  await mkdir(root);
  await git(root, "init", "-q", ...init);
  await git(root, "commit", "-q", "--allow-empty", "-m", "first");
  const repository = await findRepository(root, systemRunner);
  if (repository === undefined) throw new Error(`no repository at ${root}`);
  return repository;
}

const list = (repository: Repository) => listWorktrees(repository, systemRunner);
const linkedOf = async (repository: Repository): Promise<GitWorktree[]> => (await list(repository)).slice(1);

describe("listWorktrees", () => {
  test("main first, then the linked ones with branch, commit and git folder", async () => {
    const repository = await makeRepository();
    const commit = await git(repository.root, "rev-parse", "HEAD");
    const folder = join(base, "x with space & ünïcode");
    await git(repository.root, "worktree", "add", "-q", "-b", "feature/x", folder);
    await git(repository.root, "worktree", "add", "-q", "--detach", join(base, "detached"));
    const usual = { locked: false, unfinished: false, missing: false, strayed: false, commit };
    const gitDirs = join(repository.commonDir, "worktrees");
    expect(await list(repository)).toEqual([
      { root: repository.root, gitDir: repository.commonDir, isMain: true, branch: "main", ...usual },
      { root: join(base, "detached"), gitDir: join(gitDirs, "detached"), isMain: false, ...usual },
      {
        root: folder,
        gitDir: expect.stringContaining(join(gitDirs, "x")),
        isMain: false,
        branch: "feature/x",
        ...usual,
      },
    ]);
  });

  test("waits for one that another git is just making, over which git ends", async () => {
    const repository = await makeRepository();
    const folder = join(base, "half-made");
    await git(repository.root, "worktree", "add", "-q", folder);
    const file = join(repository.commonDir, "worktrees/half-made/commondir");
    const whole = await readFile(file);
    await writeFile(file, "");
    const ends: number[] = [];
    const runner: Runner = {
      ...systemRunner,
      capture: async (command, limits) => {
        const captured = await systemRunner.capture(command, limits);
        if (command.args.includes("list")) ends.push(captured.exitCode);
        if (ends.length === 2) await writeFile(file, whole);
        return captured;
      },
    };
    expect((await listWorktrees(repository, runner)).map(({ root }) => root)).toEqual([repository.root, folder]);
    expect(ends).toEqual([128, 128, 0]);
  });

  test("locked, missing, and one that pgrove was making", async () => {
    const repository = await makeRepository();
    const add = (name: string, ...args: string[]) =>
      git(repository.root, "worktree", "add", "-q", ...args, join(base, name));
    await add("a-locked", "--lock", "--reason", "on a disk");
    await add("b-missing");
    await add("c-making", "--lock", "--reason", UNFINISHED_REASON);
    await rm(join(base, "b-missing"), { recursive: true });
    const [locked, missing, making] = await linkedOf(repository);
    expect(locked).toMatchObject({ locked: true, unfinished: false, missing: false });
    expect(missing).toMatchObject({ locked: false, unfinished: false, missing: true, branch: "b-missing" });
    expect(making).toMatchObject({ locked: false, unfinished: true, missing: false });
  });

  test("a folder reached through a link has its branch", async () => {
    const repository = await makeRepository();
    await mkdir(join(base, "real"));
    await symlink(join(base, "real"), join(base, "link"));
    await git(repository.root, "worktree", "add", "-q", join(base, "link/linked"));
    expect((await linkedOf(repository))[0]).toMatchObject({ branch: "linked", missing: false });
  });

  test("a folder that belongs to another repository: this one was moved, or copied", async () => {
    const repository = await makeRepository();
    await git(repository.root, "worktree", "add", "-q", join(base, "strayed"));
    const copy = `${repository.root}-copy`;
    await cp(repository.root, copy, { recursive: true });
    const copied = { ...repository, root: copy, mainRoot: copy, commonDir: join(copy, ".git") };
    expect((await linkedOf(copied))[0]).toMatchObject({ strayed: true, missing: false });
    expect((await linkedOf(repository))[0]).toMatchObject({ strayed: false });
    await rm(repository.root, { recursive: true });
    expect((await linkedOf(copied))[0]).toMatchObject({ strayed: true });
    await git(copy, "worktree", "repair");
    expect((await linkedOf(copied))[0]).toMatchObject({ strayed: false });
  });

  test("a folder in whose place another repository is", async () => {
    const repository = await makeRepository();
    const folder = join(base, "replaced");
    await git(repository.root, "worktree", "add", "-q", folder);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await git(folder, "init", "-q");
    expect((await linkedOf(repository))[0]).toMatchObject({ strayed: true, missing: false });
  });

  test("a branch without a commit, and what else lies among git's folders", async () => {
    const repository = await makeRepository();
    await git(repository.root, "checkout", "-q", "--orphan", "unborn");
    await mkdir(join(repository.commonDir, "worktrees/not-one"), { recursive: true });
    const [main, ...others] = await list(repository);
    expect(main).toMatchObject({ branch: "unborn" });
    expect(main).not.toHaveProperty("commit");
    expect(others).toEqual([]);
  });
});

describe("the identity of a worktree", () => {
  test("is made once, also by several at once, and stays through move, rename and a switch of branches", async () => {
    const repository = await makeRepository();
    const [from, to] = [join(base, "before"), join(base, "after")];
    await git(repository.root, "worktree", "add", "-q", from);
    const gitDir = join(repository.commonDir, "worktrees/before");
    const ids = await Promise.all(Array.from({ length: 8 }, () => ensureIdentity(gitDir)));
    const [id = ""] = ids;
    expect(new Set(ids)).toEqual(new Set([id]));
    expect(id).toMatch(/^[0-9a-f]{8}-/);
    expect((await readdir(gitDir)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await git(repository.root, "worktree", "move", from, to);
    await git(to, "switch", "-q", "-c", "another");
    expect((await linkedOf(repository))[0]).toMatchObject({ id, root: to, branch: "another" });
    await rename(to, from);
    await git(from, "worktree", "repair");
    expect((await linkedOf(repository))[0]).toMatchObject({ id, root: from });
  });

  test("is not that of an earlier worktree in the same place", async () => {
    const repository = await makeRepository();
    const folder = join(base, "again");
    const gitDir = join(repository.commonDir, "worktrees/again");
    await git(repository.root, "worktree", "add", "-q", folder);
    const first = await ensureIdentity(gitDir);
    await rm(folder, { recursive: true });
    await git(repository.root, "worktree", "prune");
    await git(repository.root, "worktree", "add", "-q", folder);
    expect((await linkedOf(repository))[0]).not.toHaveProperty("id");
    expect(await ensureIdentity(gitDir)).not.toBe(first);
  });

  test("what is no UUID is neither believed nor overwritten", async () => {
    const { commonDir } = await makeRepository();
    const file = join(commonDir, "pgrove-id");
    await writeFile(file, "x\n");
    await expect(ensureIdentity(commonDir)).rejects.toMatchObject({ exit: 1, hint: `remove it: rm ${file}` });
    expect(await readFile(file, "utf8")).toBe("x\n");
  });
});
