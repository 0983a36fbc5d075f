import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  findDefaultCommit,
  findInCommits,
  hashContent,
  hashTracked,
  keepTracked,
  listTracked,
  readCommitted,
} from "../../../src/repo/approved-files.ts";
import { gitCommand } from "../../../src/repo/git.ts";
import { systemRunner } from "../../../src/sys/process.ts";

let root = "";

async function git(...args: string[]): Promise<string> {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  return (await systemRunner.capture(gitCommand(root, [...author, ...args]))).stdout.trim();
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-approved-"));
  await git("init", "-q", "-b", "main");
  await mkdir(join(root, "deploy"));
  await writeFile(join(root, "deploy/compose.yml"), "services: {}\n");
  await git("add", ".");
  await git("commit", "-qm", "first");
});
afterAll(async () => {
  await rm(root, { recursive: true });
});

test("a file is approved where the default branch's commit has the very same at its place", async () => {
  const commit = (await findDefaultCommit({ root, mainRoot: root }, systemRunner)) ?? "";
  expect(commit).toBe(await git("rev-parse", "main"));
  await git("switch", "-qc", "feature");
  const file = join(root, "deploy/compose.yml");
  const isIn = async (path: string, commits = [commit]) =>
    (await findInCommits({ root, files: [path, root], commits }, systemRunner)).has(path);
  expect(await isIn(file)).toBe(true);
  expect(await isIn(file, [])).toBe(false);
  await writeFile(join(root, "other.yml"), "services: {}\n");
  expect(await isIn(join(root, "other.yml"))).toBe(false);
  expect(await isIn(join(root, "absent.yml"))).toBe(false);
  await writeFile(file, "services: {evil: {}}\n");
  expect(await isIn(file)).toBe(false);
  expect(await readCommitted({ root, file, commit }, systemRunner)).toBe("services: {}\n");
  // What the branch says of how its files are to be read changes nothing.
  await writeFile(join(root, ".gitattributes"), "*.yml ident text eol=crlf\n");
  await writeFile(file, "services: {}\r\n");
  expect(await isIn(file)).toBe(false);
});

test("the default branch is the one that origin's HEAD is called, where it is here", async () => {
  await git("branch", "trunk");
  await git("update-ref", "refs/remotes/origin/trunk", "HEAD");
  await git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk");
  await git("commit", "-q", "--allow-empty", "-m", "more");
  expect(await findDefaultCommit({ root, mainRoot: root }, systemRunner)).toBe(await git("rev-parse", "trunk"));
});

test("what lies behind a link to a folder is what the branch has where the link leads", async () => {
  await mkdir(join(root, "second/init"), { recursive: true });
  await writeFile(join(root, "second/init/a.sql"), "select 1;\n");
  await symlink("second", join(root, "conf"));
  await symlink("second/init/a.sql", join(root, "a.sql"));
  await symlink(tmpdir(), join(root, "away"));
  await git("add", "second", "conf", "a.sql", "away");
  await git("commit", "-qm", "links");
  const commit = await git("rev-parse", "HEAD");
  const file = join(root, "conf/init/a.sql");
  expect(await keepTracked({ root, files: [file] }, systemRunner)).toEqual([file]);
  const hashed = await hashTracked({ root, paths: [join(root, "conf/init")] }, systemRunner);
  expect(hashed).toEqual([{ file: join(root, "second/init/a.sql"), content: await hashContent(file) }]);
  expect(await findInCommits({ root, files: [file], commits: [commit] }, systemRunner)).toEqual(new Set([file]));
  for (const path of [file, join(root, "a.sql")]) {
    expect(await readCommitted({ root, file: path, commit }, systemRunner)).toBe("select 1;\n");
  }
  expect(await readCommitted({ root, file: join(root, "away"), commit }, systemRunner)).toBe(tmpdir());
});

test("what a branch has linked to a device has no hash, in a folder neither", async () => {
  const folder = join(root, "endless");
  await mkdir(folder);
  await symlink("/dev/zero", join(folder, "seed.sql"));
  for (const path of [folder, join(folder, "seed.sql")]) {
    await expect(hashContent(path)).rejects.toThrow("is not a regular file");
  }
});

test("a folder's hash is that of all its files and their names", async () => {
  const folder = join(root, "dump");
  await mkdir(folder);
  await writeFile(join(folder, "toc.dat"), "a");
  const first = await hashContent(folder);
  await writeFile(join(folder, "1.dat"), "b");
  const second = await hashContent(folder);
  await rm(join(folder, "1.dat"));
  expect(second).not.toBe(first);
  expect(await hashContent(folder)).toBe(first);
});

test("what a branch brings is what git tracks, or something of it", async () => {
  await writeFile(join(root, "own.env"), "");
  const files = ["deploy/compose.yml", "deploy", "own.env", "absent"].map((name) => join(root, name));
  expect(await keepTracked({ root, files }, systemRunner)).toEqual(files.slice(0, 2));
  expect(await keepTracked({ root, files: [root] }, systemRunner)).toEqual([root]);
  expect(await keepTracked({ root, files: [] }, systemRunner)).toEqual([]);
  const paths = [join(root, "deploy"), join(root, "..")];
  expect(await listTracked({ root, paths }, systemRunner)).toEqual(files.slice(0, 1));
});

test("what a branch brings of a folder is known file by file, of very many as one", async () => {
  const folder = join(root, "context");
  await mkdir(folder);
  for (let at = 0; at < 100; at++) await writeFile(join(folder, `${at}.js`), String(at));
  await writeFile(join(folder, "untracked"), "");
  await git("add", "--", ...Array.from({ length: 100 }, (_, at) => `context/${at}.js`));
  const listed = async () => await hashTracked({ root, paths: [folder, join(root, "absent")] }, systemRunner);
  expect((await listed()).map(({ file }) => file).sort()).toEqual(
    Array.from({ length: 100 }, (_, at) => join(folder, `${at}.js`)).sort(),
  );
  await writeFile(join(folder, "more.js"), "");
  await git("add", "context/more.js");
  const before = await listed();
  expect(before.map(({ file }) => file)).toEqual([folder]);
  await writeFile(join(folder, "untracked"), "changed");
  expect(await listed()).toEqual(before);
  await writeFile(join(folder, "7.js"), "changed");
  expect(await listed()).not.toEqual(before);
});
