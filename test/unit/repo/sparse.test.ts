import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSparse } from "../../../src/repo/sparse.ts";
import { runOk } from "../../support/engine/run.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function makeRepository(): Promise<{ root: string; git(...args: string[]): Promise<string> }> {
  const base = await mkdtemp(join(tmpdir(), "pgrove-sparse-"));
  folders.push(base);
  const root = join(base, "repo");
  const git = (...args: string[]) =>
    runOk("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args]);
  await mkdir(join(root, "app"), { recursive: true });
  await mkdir(join(root, "migrations"));
  await writeFile(join(root, "app/a"), "");
  await writeFile(join(root, "migrations/001_a.up.sql"), "select 1;");
  await runOk("git", ["init", "-q", "-b", "main", root]);
  await git("add", "-A");
  await git("commit", "-qm", "first");
  return { root, git };
}

test("a checkout is sparse from `git sparse-checkout set` to `disable`, and so are its worktrees", async () => {
  const { root, git } = await makeRepository();
  expect(isSparse(root)).toBe(false);
  await git("sparse-checkout", "set", "app");
  const linked = `${root}-linked`;
  await git("worktree", "add", "-q", linked);
  expect(isSparse(root)).toBe(true);
  expect(isSparse(linked)).toBe(true);
  await git("sparse-checkout", "disable");
  expect(isSparse(root)).toBe(false);
});
