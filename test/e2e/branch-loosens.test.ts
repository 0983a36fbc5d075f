/** A branch whose pgrove.yaml keeps, encrypts or protects less than the default branch's: it is asked about before that counts. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Outcome, TestRepo } from "./support.ts";

const HERE = "project: careful\nserver: {local: {}}\ndatabase: {name: app}\n";
const CARE = `${HERE}dumps:
  keep: {last: 9}
  encrypt: {recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}
environments: {live: {env_file: .env.live, protected: true}}
`;
const NONE = `${HERE}dumps: {keep: {last: 1}}\nprune: {after: 0s}\nsnapshots: {keep: 1}\nenvironments: {live: {env_file: .env.live}}\n`;

let repo: TestRepo;

async function ok(outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trim();
}

const git = (...args: string[]) => {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  return ok(repo.runProgram(["git", ...author, ...args]));
};
const inBranch = (...args: string[]) => repo.run(args, { cwd: "../strange" });
const stored = async () => {
  const document: unknown = JSON.parse(await ok(repo.run(["dumps", "list", "--json"])));
  const dumps: unknown = Reflect.get(Object(document), "dumps");
  return Array.isArray(dumps) ? dumps.map((each) => String(Reflect.get(each, "name"))).sort() : [];
};

beforeAll(async () => {
  repo = await TestRepo.create({ "pgrove.yaml": HERE });
  await chmod(join(repo.root, ".."), 0o711);
  await ok(repo.run(["up"]));
  await ok(repo.run(["dump", "-o", "../plain.dump"]));
  await repo.write("pgrove.yaml", CARE);
  await git("add", "-A");
  await git("commit", "-qm", "with care");
  await git("worktree", "add", "-q", "-b", "strange", "../strange");
  const branch = join(repo.root, "../strange");
  await writeFile(join(branch, "pgrove.yaml"), NONE);
  await git("-C", "../strange", "commit", "-qam", "without");
  await writeFile(join(branch, ".env.live"), `DATABASE_URL=${await ok(repo.run(["url"]))}\n`);
  await ok(repo.run(["trust", "--yes"])); // main's own reader
  await ok(repo.run(["new", "gone", "--empty"]));
  await rm(join(repo.root, "../repo-worktrees/gone"), { recursive: true });
  for (const note of ["first", "second"]) await ok(repo.run(["dump", "--note", note]));
});
afterAll(async () => {
  await repo.run(["down", "main"]);
  await repo.remove();
});

test("nothing is removed, written in plain or unprotected before that is approved; then it is, and not asked about again", async () => {
  const before = await stored();
  const pruned = await inBranch("dumps", "prune", "--yes");
  expect(pruned).toMatchObject({ code: 5, stderr: expect.stringContaining("last: 1  (the default branch: last: 9)") });
  expect(await inBranch("dumps", "prune", "--dry-run")).toMatchObject({ code: 0 });
  const dumped = await inBranch("dump", "main");
  expect(dumped).toMatchObject({ code: 5, stderr: expect.stringContaining("dumps would be plain") });
  expect(await stored()).toEqual(before);
  const restored = await inBranch("restore", "../plain.dump", "--to", "@live", "--yes");
  expect(restored.code).toBe(5);
  expect(restored.stderr).toMatch(/the default branch protects live.*live is protected/s);

  const replaced = await inBranch("restore", "../plain.dump", "--to", "main", "--yes");
  expect(replaced).toMatchObject({ code: 5, stderr: expect.stringContaining("main is the database of live") });

  await ok(inBranch("snapshot", "first", "main"));
  const saved = await inBranch("snapshot", "second", "main");
  expect(saved).toMatchObject({ code: 5, stderr: expect.stringContaining("last: 1  (the default branch: last: 5)") });

  const parked = await inBranch("prune", "--yes");
  expect(parked).toMatchObject({ code: 5, stderr: expect.stringContaining("the default branch: after: 168h") });

  await ok(inBranch("trust", "--yes"));
  await ok(inBranch("dump", "main"));
  await ok(inBranch("snapshot", "second", "main"));
  await ok(inBranch("dumps", "prune", "--yes"));
  expect((await stored()).filter((name) => before.includes(name))).toEqual([]);
  expect(await inBranch("status", "@live")).toMatchObject({ code: 0, stderr: expect.not.stringContaining("protects") });
});

test("what the default branch's user changes without a commit is asked about by nobody", async () => {
  await repo.write("pgrove.yaml", NONE);
  await ok(repo.run(["dump"]));
  await ok(repo.run(["dumps", "prune", "--yes"]));
  expect(await stored()).toHaveLength(1);
});
