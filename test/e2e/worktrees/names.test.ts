/** Whatever a branch is called: readable names, valid everywhere, and never two of the same. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { basename } from "node:path";
import { sharedServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let grove: Grove;

beforeAll(async () => {
  grove = await Grove.create(await sharedServer(18));
});
afterAll(() => grove[Symbol.asyncDispose]());

const long = `feature/${"very-".repeat(37)}long`;

/** The branches, and what their worktrees are called; `#` stands for a hash. */
const branches: [string, string][] = [
  ["feature/x", "feature-x"],
  ["feature-x", "feature-x-#"],
  ["Feature/X", "Feature-X-#"],
  ["Grüße/früh", "Grusse-fruh"],
  ["功能", "worktree-#"],
  ["分支", "worktree-#"],
  ['it\'s-$HOME;"quoted"', "it-s-HOME-quoted"],
  ["2fa", "2fa"],
  ["main2", "main2"],
  ["HEAD-x", "HEAD-x"],
  [`${long}-one`, "feature-very-very-very-very-very-very-very-very-very-v-#"],
  [`${long}-two`, "feature-very-very-very-very-very-very-very-very-very-v-#"],
];

/** How many of them are told apart by their order. */
const TWINS = 3;

/** Makes the worktree, and uses it by its name and by its folder. */
async function expectUsable([branch, expected]: [string, string]): Promise<void> {
  const { name, database, path } = await grove.make(branch, "--empty");
  expect(name.replace(/-[0-9a-f]{8}$/, "-#")).toBe(expected);
  expect(basename(path)).toBe(name);
  expect(name.length).toBeLessThanOrEqual(63);
  expect(database).toMatch(/^[a-z_][a-z0-9_]{0,62}$/);
  expect(database).toStartWith(`${grove.project}_`);
  expect(await grove.variable(path, "DATABASE_URL")).toEndWith(`/${database}`);
  expect(await grove.ok(["sql", name, "-c", "select current_database()", "--format", "csv"])).toEndWith(database);
}

test("branches with slashes, accents, quotes, 200 characters, twins of each other", async () => {
  expect(long.length).toBeGreaterThan(190);
  for (const twin of branches.slice(0, TWINS)) await expectUsable(twin); // the first one gets the plain name
  await Promise.all(branches.slice(TWINS).map(expectUsable));
  const made = (await grove.list()).slice(1);
  for (const field of ["database", "path", "branch"] as const) {
    expect(new Set(made.map((each) => each[field])).size).toBe(branches.length);
  }
  expect(new Set(made.map(({ name }) => name.toLowerCase())).size).toBe(branches.length); // for disks that take X for x
});

test("names that git or pgrove cannot have are refused, and nothing is made", async () => {
  const before = await grove.remains();
  for (const branch of ["-x", "a..b", "a b", "x.lock", "@{-1}", ""]) await grove.fails(2, ["new", "--", branch]);
  for (const name of ["main", "Main", "../out", "a/b", "x".repeat(64), "ü", ""]) {
    expect(await grove.fails(2, ["new", "fine", "--name", name])).toContain("cannot be a worktree's name");
  }
  expect(await grove.fails(5, ["new", "fine", "--name", "feature-x"])).toContain("there is a worktree named feature-x");
  expect(await grove.remains()).toEqual(before);
  expect(await grove.git(["branch", "--list", "fine"])).toBe("");
});
