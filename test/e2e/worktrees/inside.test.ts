/** Worktrees that lie within the main one: what git does not ignore is said with the line that ends it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { sharedServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let grove: Grove;

beforeAll(async () => {
  grove = await Grove.create(await sharedServer(17), { yaml: "worktrees: {dir: '.my trees/{name}'}\n" });
});
afterAll(() => grove[Symbol.asyncDispose]());

test("git would take them up: said, with the line for .gitignore, until it is there", async () => {
  const told = await grove.fails(0, ["new", "one", "--empty"]);
  expect(told).toContain("git does not ignore .my trees");
  const [, line = ""] = /next: echo '(.+)' >> \.gitignore/.exec(told) ?? [];
  expect(told).toContain("next: cd '.my trees/one'"); // to be typed as it stands
  expect(await grove.git(["status", "--porcelain"])).toContain("my trees/");
  await appendFile(join(grove.repo.folder, ".gitignore"), `${line}\n`);
  expect(await grove.git(["status", "--porcelain"])).not.toContain("trees");
  expect(await grove.fails(0, ["new", "two", "--empty"])).not.toContain("does not ignore");
});
