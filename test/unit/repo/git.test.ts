import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EXIT, missingError } from "../../../src/errors.ts";
import { findRepository, readHead } from "../../../src/repo/git.ts";
import { findMainOfBare } from "../../../src/repo/main-root.ts";
import { ensureIdentity, listWorktrees } from "../../../src/repo/worktree.ts";
import { type Captured, type Command, type Runner, systemRunner } from "../../../src/sys/process.ts";

let base = "";

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgrove-git-")));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

async function git(cwd: string, ...args: string[]): Promise<string> {
  const settings = ["user.name=t", "user.email=t@example.org", "init.defaultBranch=main", "protocol.file.allow=always"];
  const all = [...settings.flatMap((setting) => ["-c", setting]), ...args];
  return (await systemRunner.capture({ file: "git", args: all, env: {}, secrets: [], cwd })).stdout.trim();
}

let count = 0;

function fail(): never {
  throw new Error("no repository is found");
}

/** A repository with one commit. */
async function makeRepository(name = `r${count++}`): Promise<string> {
  const root = join(base, name);
  await mkdir(root, { recursive: true });
  await git(root, "init", "--quiet");
  await git(root, "commit", "--quiet", "--allow-empty", "-m", "first");
  return root;
}

/** A runner that gives one answer, or fails, and remembers what it was asked. */
function fakeRunner(answer: Partial<Captured> | Error): { runner: Runner; asked: Command[] } {
  const asked: Command[] = [];
  const capture = async (command: Command) => {
    asked.push(command);
    if (answer instanceof Error) throw answer;
    return { stdout: "", stderr: "", exitCode: 0, ...answer };
  };
  return { runner: { ...systemRunner, capture }, asked };
}

describe("findRepository", () => {
  test("the main worktree, from its root and from a subfolder, with one spawn", async () => {
    const root = await makeRepository("with space & ünïcode");
    await mkdir(join(root, "a/b"), { recursive: true });
    let spawns = 0;
    const counting: Runner = {
      ...systemRunner,
      capture: (command, limits) => {
        spawns++;
        return systemRunner.capture(command, limits);
      },
    };
    const gitDir = join(root, ".git");
    const expected = { root, gitDir, commonDir: gitDir, isMain: true, mainRoot: root };
    expect(await findRepository(join(root, "a/b"), counting)).toEqual(expected);
    expect(await findRepository(root, counting)).toEqual(expected);
    expect(spawns).toBe(2);
  });

  test("a linked worktree knows the main one", async () => {
    const root = await makeRepository();
    const linked = `${root}-linked`;
    await git(root, "worktree", "add", "--quiet", "-b", "feature/x", linked);
    expect(await findRepository(linked, systemRunner)).toEqual({
      root: linked,
      gitDir: join(root, ".git/worktrees", `${root}-linked`.slice(base.length + 1)),
      commonDir: join(root, ".git"),
      isMain: false,
      mainRoot: root,
    });
  });

  test("a bare repository is refused; of its worktrees the one on the default branch is main", async () => {
    const root = await makeRepository();
    const bare = `${root}.git`;
    await git(base, "clone", "--quiet", "--bare", root, bare);
    await expect(findRepository(bare, systemRunner)).rejects.toMatchObject({
      exit: EXIT.usage,
      message: `${bare} is a bare repository, and no worktree on its default branch plays the part of main`,
    });
    expect(await findMainOfBare(bare)).toBe(undefined);
    const [linked, trunk] = [`${root}-w`, `${root}-trunk`];
    await git(bare, "worktree", "add", "--quiet", linked);
    expect(await findRepository(linked, systemRunner)).toMatchObject({
      isMain: false,
      mainRoot: undefined,
      bare: true,
    });
    await git(bare, "worktree", "add", "--quiet", trunk, "main");
    expect(await findRepository(linked, systemRunner)).toMatchObject({ isMain: false, mainRoot: trunk, bare: true });
    await git(trunk, "switch", "--quiet", "--create", "other");
    expect(await findMainOfBare(bare)).toBe(trunk);
    expect(await findMainOfBare(join(bare, "refs"))).toBe(trunk);
    for (const elsewhere of [linked, trunk, root, base]) expect(await findMainOfBare(elsewhere)).toBe(undefined);
    const main = { root: trunk, isMain: true, mainRoot: trunk };
    expect(await findRepository(trunk, systemRunner)).toMatchObject(main);
    expect(await findRepository(linked, systemRunner)).toMatchObject({ isMain: false, mainRoot: trunk });
    const listed = await listWorktrees((await findRepository(linked, systemRunner)) ?? fail(), systemRunner);
    expect(listed.map((each) => [each.root, each.isMain, each.branch])).toEqual([
      [trunk, true, "other"],
      [linked, false, linked.slice(base.length + 1)],
    ]);
  });

  test("of a bare repository made empty and fetched into, the remote's default branch decides", async () => {
    const root = await makeRepository();
    await git(root, "branch", "--move", "trunk");
    const bare = `${root}.bare`;
    await git(base, "init", "--quiet", "--bare", bare);
    await git(bare, "remote", "add", "origin", root);
    await git(bare, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
    await git(bare, "fetch", "--quiet");
    await git(bare, "remote", "set-head", "origin", "--auto");
    await git(bare, "worktree", "add", "--quiet", `${root}-t`, "trunk");
    expect(await findRepository(`${root}-t`, systemRunner)).toMatchObject({ isMain: true, mainRoot: `${root}-t` });
  });

  test("a worktree with data of its own is not main, whatever branch is checked out in it", async () => {
    const root = await makeRepository();
    const bare = `${root}.git`;
    await git(base, "clone", "--quiet", "--bare", root, bare);
    await git(bare, "worktree", "add", "--quiet", `${root}-m`, "main");
    await ensureIdentity(join(bare, "worktrees", `${root}-m`.slice(base.length + 1)));
    expect(await findRepository(`${root}-m`, systemRunner)).toMatchObject({ isMain: false, mainRoot: undefined });
  });

  for (const place of ["apart", "apart/.git"]) {
    test(`a git folder put apart from its files (${place}): main is remembered, or found beside a worktree`, async () => {
      const folder = join(base, `separate${count++}`);
      const [root, gitDir] = [join(folder, "code/shop"), join(folder, place)];
      await mkdir(join(folder, "code"), { recursive: true });
      await mkdir(dirname(gitDir), { recursive: true });
      await git(folder, "init", "--quiet", "--separate-git-dir", gitDir, root);
      await writeFile(join(root, "file"), "");
      await git(root, "add", ".");
      await git(root, "commit", "--quiet", "-m", "first");
      const [beside, far] = [join(folder, "code/beside"), join(folder, "far/off")];
      for (const each of [beside, far]) await git(root, "worktree", "add", "--quiet", "--detach", each);
      const linked = { isMain: false, commonDir: gitDir };
      expect(await findRepository(far, systemRunner)).toMatchObject({ ...linked, mainRoot: undefined });
      expect(await findRepository(beside, systemRunner)).toMatchObject({ ...linked, mainRoot: root });
      expect(await findRepository(root, systemRunner)).toMatchObject({ isMain: true, mainRoot: root });
      const seen = await findRepository(far, systemRunner);
      expect(seen).toMatchObject({ ...linked, mainRoot: root });
      const [main] = await listWorktrees(seen ?? fail(), systemRunner);
      expect(main).toMatchObject({ root, isMain: true, branch: "main" });
    });
  }

  test("a bare repository called .git beside its worktrees", async () => {
    const root = await makeRepository();
    const home = join(base, "home");
    await mkdir(home);
    await git(base, "clone", "--quiet", "--bare", root, join(home, ".git"));
    await git(join(home, ".git"), "worktree", "add", "--quiet", join(home, "w"));
    expect(await findRepository(join(home, "w"), systemRunner)).toMatchObject({ mainRoot: undefined, bare: true });
  });

  test("a submodule's worktree: git's folder is elsewhere", async () => {
    const [inner, outer] = [await makeRepository(), await makeRepository()];
    await git(outer, "submodule", "--quiet", "add", inner, "sub");
    const root = join(outer, "sub");
    expect(await findRepository(root, systemRunner)).toMatchObject({ root, isMain: true, mainRoot: root });
    await git(root, "worktree", "add", "--quiet", `${outer}-sub-w`);
    expect(await findRepository(`${outer}-sub-w`, systemRunner)).toMatchObject({ isMain: false, mainRoot: root });
  });

  test("outside git there is none; inside git's own folder is a mistake", async () => {
    expect(await findRepository(base, systemRunner)).toBeUndefined();
    const root = await makeRepository();
    await expect(findRepository(join(root, ".git"), systemRunner)).rejects.toMatchObject({ exit: EXIT.usage });
    await expect(findRepository(join(base, "none"), systemRunner)).rejects.toMatchObject({ exit: EXIT.missing });
  });

  test("a worktree whose repository has moved is said to be broken, not taken for none", async () => {
    const root = await makeRepository();
    await git(root, "worktree", "add", "--quiet", `${root}-w`);
    await rename(root, `${root}-moved`);
    await expect(findRepository(`${root}-w`, systemRunner)).rejects.toMatchObject({ code: "git_broken" });
  });

  test("a variable that binds git to another repository counts for nothing", async () => {
    const [here, there] = [await makeRepository(), await makeRepository()];
    const before = process.env.GIT_DIR;
    process.env.GIT_DIR = join(there, ".git");
    try {
      expect(await findRepository(here, systemRunner)).toMatchObject({ root: here });
    } finally {
      if (before === undefined) delete process.env.GIT_DIR;
      else process.env.GIT_DIR = before;
    }
  });

  test("without git: nothing outside a repository, exit 4 inside one", async () => {
    const { runner } = fakeRunner(missingError("program_missing", "git is not installed"));
    const folder = join(base, "gitless/sub");
    await mkdir(folder, { recursive: true });
    expect(await findRepository(folder, runner)).toBeUndefined();
    await writeFile(join(base, "gitless/.git"), "gitdir: elsewhere\n");
    await expect(findRepository(folder, runner)).rejects.toMatchObject({ code: "git_missing", exit: EXIT.missing });
  });

  test("git's messages are asked for in English", async () => {
    const { runner, asked } = fakeRunner({
      exitCode: 128,
      stderr: "fatal: not a git repository (or any parent up to /)",
    });
    expect(await findRepository(base, runner)).toBeUndefined();
    expect(asked[0]?.env).toMatchObject({ LC_ALL: "C" });
  });

  test.each([
    [{ stdout: "--path-format=absolute\nfalse\n.git\n.git\n/x\n" }, "git_too_old", EXIT.missing],
    [
      {
        exitCode: 128,
        stderr:
          "fatal: detected dubious ownership in repository at '/x'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /x",
      },
      "git_ownership",
      EXIT.refused,
    ],
    [{ stdout: "false\n/a\nb/.git\n/a\nb/.git\n/a\nb\n" }, "git_answer", EXIT.failed],
    [{ exitCode: 128, stderr: "fatal: something new" }, "git_failed", EXIT.failed],
  ] as [Partial<Captured>, string, number][])("%j", async (answer, code, exit) => {
    await expect(findRepository(base, fakeRunner(answer).runner)).rejects.toMatchObject({ code, exit });
  });
});

describe("readHead", () => {
  test("branch and commit, detached, and before the first commit", async () => {
    const root = await makeRepository();
    const commit = await git(root, "rev-parse", "HEAD");
    await writeFile(join(root, "HEAD"), "a file of that name does not confuse it either");
    expect(await readHead({ root }, systemRunner)).toEqual({ commit, branch: "main" });
    await git(root, "tag", "feature/x");
    await git(root, "switch", "--quiet", "-c", "feature/x"); // a tag of the same name does not confuse it
    expect(await readHead({ root }, systemRunner)).toEqual({ commit, branch: "feature/x" });
    await git(root, "switch", "--quiet", "--detach");
    expect(await readHead({ root }, systemRunner)).toEqual({ commit });
    await git(root, "switch", "--quiet", "--orphan", "fresh");
    expect(await readHead({ root }, systemRunner)).toEqual({ branch: "fresh" });
  });

  test("a folder that is no repository fails", async () => {
    await expect(readHead({ root: base }, systemRunner)).rejects.toMatchObject({ exit: EXIT.failed });
  });
});
