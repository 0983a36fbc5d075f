import { describe, expect, test } from "bun:test";
import { chooseDatabaseName, chooseProjectName, chooseWorktreeName, repositoryName } from "../../../src/repo/names.ts";

const free = () => false;
const taken =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name);

describe("a repository's name", () => {
  test.each([
    ["/code/shop", "/code/shop/.git", false, "shop"],
    ["/code/shop", "/gits/elsewhere.git", false, "shop"],
    ["/code/shop/trunk", "/code/shop/.bare", true, "shop"],
    ["/code/shop/main", "/code/shop/.git", true, "shop"],
    ["/code/shop.git/main", "/code/shop.git", true, "shop"],
    [undefined, "/code/shop.git", true, "shop"],
    [undefined, "/gits/shop/.git", false, "shop"],
  ])("with main in %s and git's folder %s it is no worktree's", (mainRoot, commonDir, bare, name) => {
    expect(repositoryName({ mainRoot, commonDir, ...(bare ? { bare } : {}) })).toBe(name);
  });
});

describe("a worktree's name", () => {
  test.each([
    ["feature/auth", "feature-auth"],
    ["fix.1_a", "fix.1_a"],
    ["--leading", "leading"],
    ["trailing.", "trailing"],
    ["Großes/Café", "Grosses-Cafe"],
    ["a$b;c'd\"e", "a-b-c-d-e"],
    ["mainline", "mainline"],
    ["HEAD-x", "HEAD-x"],
  ])("of %s is %s", (branch, name) => {
    expect(chooseWorktreeName(branch, free)).toBe(name);
  });

  test.each([["main"], ["MAIN"], ["head"], ["-main-"], ["功能"], ["功能/x"]])("of %s has a hash", (branch) => {
    expect(chooseWorktreeName(branch, free)).toMatch(/^[A-Za-z-]+-[0-9a-f]{8}$/);
  });

  test("letters that have to be left out keep their branches apart", () => {
    expect(chooseWorktreeName("功能", free)).not.toBe(chooseWorktreeName("分支", free));
  });

  test("the same branch gets the same name, and another one as long as that is taken", () => {
    const plain = "feature-x";
    const second = chooseWorktreeName("feature-x", taken(plain));
    expect(second).toMatch(/^feature-x-[0-9a-f]{8}$/);
    expect(chooseWorktreeName("feature-x", taken(plain))).toBe(second);
    expect(chooseWorktreeName("feature/x", taken(plain))).not.toBe(second);
    const third = chooseWorktreeName("feature-x", taken(plain, second));
    expect(third).toMatch(/^feature-x-[0-9a-f]{8}$/);
    expect(third).not.toBe(second);
  });

  test("200 characters are cut, and two of the same beginning stay apart", () => {
    const [one, two] = ["1", "2"].map((end) => chooseWorktreeName("x".repeat(199) + end, free));
    expect([one?.length, two?.length]).toEqual([63, 63]);
    expect(one).not.toBe(two);
    expect(chooseWorktreeName("x".repeat(63), free)).toBe("x".repeat(63));
    expect(chooseWorktreeName(`${"x".repeat(53)}-${"y".repeat(100)}`, free)).toMatch(/^x{53}-[0-9a-f]{8}$/);
  });
});

describe("a database's name", () => {
  test.each([
    ["onyx", "feature-auth", "onyx_feature_auth"],
    ["My.App", "Fix.1", "my_app_fix_1"],
    ["2048", "x", "db_2048_x"],
  ])("of %s and %s is %s", (project, worktree, name) => {
    expect(chooseDatabaseName(project, worktree, free)).toBe(name);
  });

  test("worktrees whose names differ only in what a database's cannot have stay apart", () => {
    const first = chooseDatabaseName("p", "a-b", free);
    const second = chooseDatabaseName("p", "a.b", taken(first));
    expect(second).toMatch(/^p_a_b_[0-9a-f]{8}$/);
    expect(chooseDatabaseName("p", "A-b", taken(first, second))).not.toBe(second);
  });

  test("is never longer than PostgreSQL keeps, and needs no quotes", () => {
    const names = ["1", "2"].map((end) => chooseDatabaseName("p".repeat(63), `${"w".repeat(62)}${end}`, free));
    for (const name of names) expect(name).toMatch(/^[a-z_][a-z0-9_]{62}$/);
    expect(names[0]).not.toBe(names[1]);
  });
});

test("a compose project's name is one that compose allows", () => {
  expect(chooseProjectName("My.App", "Feature_X.1", free)).toBe("my-app-feature_x-1");
  expect(chooseProjectName("p".repeat(63), "x", free)).toMatch(/^[a-z0-9][a-z0-9_-]{0,62}$/);
});
