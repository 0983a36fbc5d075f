import { afterAll, beforeEach, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRegistry, updateRegistry, type WorktreeRow } from "../../../src/repo/registry.ts";
import { ensureRepositoryIdentity } from "../../../src/repo/repository-identity.ts";

const row: WorktreeRow = {
  ...{ id: "0b4f4a3e-0000-4000-8000-000000000001", name: "x", path: "/x", index: 1, isolation: "database" },
  ...{ database: "shop_x", ports: {}, data: { kind: "empty" }, state: "ready", setup: "done", createdAt: "" },
};

let base = "";
let original = "";
let id = "";
const identify = (git: string) => ensureRepositoryIdentity(git, join(git, "pgrove"));
const rowsOf = async (git: string) => (await readRegistry(join(git, "pgrove"))).rows;

beforeEach(async () => {
  await rm(base, { recursive: true, force: true });
  base = await mkdtemp(join(tmpdir(), "pgrove-identity-"));
  original = join(base, "original.git");
  await mkdir(original);
  id = await identify(original);
  await updateRegistry(join(original, "pgrove"), (rows) => {
    rows.push(row);
  });
});
afterAll(() => rm(base, { recursive: true, force: true }));

test("stays the same, and goes with a repository that is moved", async () => {
  expect(await identify(original)).toBe(id);
  const moved = join(base, "moved.git");
  await rename(original, moved);
  expect(await identify(moved)).toBe(id);
  expect(await rowsOf(moved)).toEqual([row]);
});

test("a copy gets its own, and does not go on with the other's worktrees", async () => {
  const copy = join(base, "copy.git");
  await cp(original, copy, { recursive: true });
  const own = await identify(copy);
  expect(own).not.toBe(id);
  expect(await rowsOf(copy)).toEqual([]);
  expect(await readdir(join(copy, "pgrove"))).toContain("registry.json.copied");
  expect(await identify(copy)).toBe(own);
  expect(await identify(original)).toBe(id);
  expect(await rowsOf(original)).toEqual([row]);
});

test("one folder that is reached by two paths is no copy", async () => {
  const link = join(base, "link.git");
  await symlink(original, link);
  expect(await identify(link)).toBe(id);
  expect(await identify(original)).toBe(id);
  expect(await rowsOf(original)).toEqual([row]);
});
