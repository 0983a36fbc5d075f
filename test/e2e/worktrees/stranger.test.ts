/** A database under a worktree's name that does not carry its mark is somebody else's: a yes does not replace it. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { sharedServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let grove: Grove;
let database: string;
let dump: string;
let mark: string;

beforeAll(async () => {
  grove = await Grove.create(await sharedServer(17), { yaml: "snapshots: {keep: 9}\n" });
  ({ database } = await grove.make("mine"));
  mark = await markOfMine();
  dump = (await grove.ok(["dump", "main"])).trim();
  await grove.ok(["snapshot", "saved", "mine"]);
});
afterAll(() => grove[Symbol.asyncDispose]());

/** Somebody has dropped the worktree's database, and made another of its name. */
beforeEach(() => makeStranger(null));

async function makeStranger(comment: string | null): Promise<void> {
  await grove.sql.unsafe(`drop database if exists "${database}" with (force)`);
  await grove.sql.unsafe(`create database "${database}"`);
  if (comment !== null) await grove.sql.unsafe(`comment on database "${database}" is '${comment}'`);
  await grove.ask(database, "create table precious as select 42 as answer");
}

async function markOfMine(): Promise<string> {
  return (await grove.databases()).find(({ name }) => name === database)?.comment ?? "";
}

const precious = () => grove.ask(database, "select to_regclass('precious') is not null");

const withDump = (words: readonly string[]) => words.map((word) => (word === "DUMP" ? dump : word));

const REPLACING: readonly (readonly [string, readonly string[]])[] = [
  ["restore", ["restore", "DUMP", "--to", "mine"]],
  ["restore without keeping it", ["restore", "DUMP", "--to", "mine", "--discard-previous"]],
  ["copy", ["copy", "main", "--to", "mine"]],
  ["reset", ["reset", "mine"]],
  ["rewind", ["rewind", "saved", "mine"]],
  ["seed --reset", ["seed", "--reset", "--target", "mine"]],
  ["seed --reset-force", ["seed", "--reset-force", "--target", "mine"]],
];

test("with --yes alone nothing replaces it; what it is, and what to type, is said", async () => {
  for (const [, words] of REPLACING) {
    const said = await grove.fails(5, [...withDump(words), "--yes"]);
    expect(said).toContain(`the database ${database} is not the one that pgrove made for mine: it lacks its mark`);
    expect(said).toContain("--confirm mine");
    expect(await precious()).toBe(true);
  }
  expect(await grove.json(["restore", dump, "--to", "mine", "--dry-run"])).toMatchObject({
    replaces: { stranger: expect.stringContaining("it lacks its mark") },
  });
});

test("the mark of another worktree is named", async () => {
  await makeStranger(mark.replace(/"worktree":"[^"]+","name":"mine"/, '"worktree":"other","name":"theirs"'));
  expect(await grove.fails(5, ["reset", "mine", "--yes"])).toContain("it has the mark of the worktree theirs");
  expect(await precious()).toBe(true);
});

test.each(REPLACING.filter(([what]) => ["restore", "rewind", "seed --reset"].includes(what)))(
  "%s: once its name is typed it is replaced, by one that is the worktree's",
  async (what, words) => {
    const { code } = await grove.repo.run([...withDump(words), "--confirm", "mine"]);
    if (what !== "seed --reset") expect(code).toBe(0); // there are no seeds: that one ends behind the reset
    expect(await precious()).toBe(false);
    expect(await markOfMine()).toBe(mark);
  },
);

test("what is made where the worktree's own was dropped is its own", async () => {
  await grove.sql.unsafe(`drop database "${database}"`);
  const args = ["restore", dump, "--to", "mine", "--yes"];
  await grove.ok(args);
  expect(await markOfMine()).toBe(mark);
  await grove.ok(args);
});

test("a database beside, made from within a worktree, is no worktree's", async () => {
  await grove.make("other");
  const side = `${grove.project}_side`;
  await grove.ok(["restore", dump, "--into-new", side, "--yes"], { cwd: grove.at("other") });
  expect((await grove.databases()).find(({ name }) => name === side)).toMatchObject({ comment: null });
  await grove.ok(["remove", "other", "--yes", "--delete-branch"]);
  expect(await grove.oid(side)).toBeGreaterThan(0);
  await grove.sql.unsafe(`drop database "${side}"`);
});
