/** Whatever a branch is called: readable names, valid everywhere, and never two of the same. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { basename } from "node:path";
import { sharedServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let grove: Grove;

beforeAll(async () => {
  grove = await Grove.create(await sharedServer(18));
}, 60_000);
afterAll(() => grove[Symbol.asyncDispose]());

const long = `feature/${"very-".repeat(37)}long`;

/** The branches, and what their worktrees are called; `#` stands for a hash. */
const branches: [string, string][] = [
  ["feature/x", "feature-x"],
  ["feature-x", "feature-x-#"],
  ["Feature/X", "Feature-X"],
  ["Grüße/früh", "Grusse-fruh"],
  ["功能", "worktree-#"],
  ["分支", "worktree-#"],
  ["it's-$HOME;\"quoted\"", "it-s-HOME-quoted"],
  ["100%", "100"],
  ["2fa", "2fa"],
  ["main2", "main2"],
  ["HEAD-x", "HEAD-x"],
  ["a/main", "a-main"],
  ["main/b".replace("main/", "Main/"), "Main-b"],
  [`${long}-one`, `${`feature-${"very-".repeat(10)}`.slice(0, 54).replace(/-$/, "")}-#`],
  [`${long}-two`, `${`feature-${"very-".repeat(10)}`.slice(0, 54).replace(/-$/, "")}-#`],
];

test("branches with slashes, accents, quotes, 200 characters, twins of each other", async () => {
  expect(long.length).toBeGreaterThan(190);
  for (const [branch, expected] of branches) {
    const { name, database, path } = await grove.make(branch, "--empty");
    expect(name.replace(/-[0-9a-f]{8}$/, "-#")).toBe(expected);
    expect(basename(path)).toBe(name);
    expect(name.length).toBeLessThanOrEqual(63);
    expect(database).toMatch(/^[a-z_][a-z0-9_]{0,62}$/);
    expect(database).toStartWith(`${grove.project}_`);
    expect(await grove.ok(["url"], { cwd: path })).toEndWith(`/${database}`);
    expect(await grove.ok(["sql", "-t", branch, "-c", "select current_database()", "--format", "csv"])).toEndWith(database);
  }
  const made = (await grove.list()).slice(1);
  for (const field of ["name", "database", "path", "branch"] as const) {
    expect(new Set(made.map((each) => each[field])).size).toBe(branches.length);
  }
  const lower = made.map(({ name }) => name.toLowerCase());
  expect(lower.filter((name) => name === "feature-x").length).toBe(2); // where folders tell upper from lower case
}, 60_000);

test("names that git or pgrove cannot have are refused, and nothing is made", async () => {
  const before = await grove.remains();
  for (const branch of ["-x", "a..b", "a b", "x.lock", "@{-1}", ""]) await grove.fails(2, ["new", "--", branch]);
  for (const name of ["main", "Main", "../out", "a/b", "x".repeat(64), "ü", ""]) {
    expect(await grove.fails(2, ["new", "fine", "--name", name])).toContain("cannot be a worktree's name");
  }
  expect(await grove.fails(5, ["new", "fine", "--name", "feature-x"])).toContain("there is a worktree named feature-x");
  expect(await grove.remains()).toEqual(before);
  expect(await grove.git(["branch", "--list", "fine"])).toBe("");
}, 60_000);
