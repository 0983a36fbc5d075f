/** This branch's migrations against the base branch's, asked of a real git. */
import { describe, expect, test } from "bun:test";
import { rename, rm } from "node:fs/promises";
import { EXIT } from "../../../src/errors.ts";
import {
  compareWithBase,
  findHistoryEdits,
  findNumberingConflicts,
  ownFindings,
} from "../../../src/migrate/files/numbering.ts";
import { readMigrations } from "../../../src/migrate/files/read-migrations.ts";
import { moveFiles, planRenumbering, requireFreeNames } from "../../../src/migrate/files/renumber.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { runOk } from "../../support/engine/run.ts";
import { MigrationFolder } from "../../support/migration-folder.ts";

const SQL = "create table t ();\nselect 1;\nselect 2;\n";

/** A repository with two migrations on main, and a branch `feature` that is checked out. */
class Branches implements AsyncDisposable {
  private constructor(readonly folder: MigrationFolder) {}

  static async create(): Promise<Branches> {
    const branches = new Branches(await MigrationFolder.create({ "1_a.up.sql": SQL, "1_a.down.sql": SQL }));
    await branches.git("init", "-q", "-b", "main");
    await branches.commit({ "2_b.up.sql": SQL });
    await branches.git("switch", "-q", "-c", "feature");
    return branches;
  }

  async git(...args: string[]): Promise<string> {
    const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    return (await runOk("git", [...author, "-C", this.folder.root, ...args])).trim();
  }

  async commit(files: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const [path, text] of Object.entries(files)) await this.folder.write(path, text);
    await this.git("add", "-A");
    await this.git("commit", "-qm", "more");
  }

  /** Commits the files to main, and comes back. */
  async commitToMain(files: Readonly<Record<string, string>>): Promise<void> {
    await this.git("switch", "-q", "main");
    await this.commit(files);
    await this.git("switch", "-q", "feature");
  }

  async compare(base?: string) {
    const files = await this.folder.read();
    return await compareWithBase(files, base === undefined ? {} : { base }, systemRunner);
  }

  async require(base?: string) {
    const comparison = await this.compare(base);
    if (comparison === undefined) throw new Error("there is nothing to compare with");
    return comparison;
  }

  async conflicts(): Promise<string[]> {
    return findNumberingConflicts(await this.require()).map(({ rule, file }) => `${rule} ${file}`);
  }

  async edits(): Promise<string[]> {
    const found = await findHistoryEdits(await this.require(), systemRunner);
    return found.map(({ level, file, line, message }) => `${level} ${file}:${line} ${message.split(" since ")[0]}`);
  }

  async own(base?: string): Promise<string[]> {
    return (await this.require(base)).own.map(({ digits, name }) => `${digits}_${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

describe("this branch's own", () => {
  test("committed, staged and new files; not what came by a merge or has been merged by squashing", async () => {
    await using branches = await Branches.create();
    expect(await branches.own()).toEqual([]);
    await branches.commit({ "3_c.up.sql": SQL, "3_c.down.sql": SQL });
    await branches.folder.write("4_d.up.sql", SQL);
    await branches.git("add", "-A");
    await branches.folder.write("5_e.up.sql", SQL);
    expect(await branches.own()).toEqual(["3_c", "4_d", "5_e"]);
    await branches.git("stash", "-qu");
    await branches.commitToMain({ "9_m.up.sql": SQL, "3_c.up.sql": SQL, "3_c.down.sql": SQL });
    await branches.git("merge", "-q", "-m", "merge", "main");
    expect(await branches.own()).toEqual([]);
    await branches.git("stash", "pop", "-q");
    expect(await branches.own()).toEqual(["4_d", "5_e"]);
  });

  test("the base is origin's default branch before main, and what is named before both", async () => {
    await using branches = await Branches.create();
    await branches.commit({ "3_c.up.sql": SQL });
    await branches.git("branch", "develop");
    expect((await branches.compare())?.base.ref).toBe("main");
    expect(await branches.own("develop")).toEqual([]);
    await branches.git("update-ref", "refs/remotes/origin/trunk", "feature");
    await branches.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk");
    expect((await branches.compare())?.base.ref).toBe("origin/trunk");
    expect(await branches.own()).toEqual([]);
  });

  test("without any of these it is what the main worktree is on, seen from another one", async () => {
    await using branches = await Branches.create();
    await branches.git("branch", "-q", "-m", "main", "trunk");
    await branches.git("switch", "-q", "trunk");
    const root = branches.folder.at("linked");
    await branches.git("worktree", "add", "-q", root, "feature");
    const files = await readMigrations({ dirs: [`${root}/migrations`], root });
    expect((await compareWithBase(files, {}, systemRunner))?.base.ref).toBe("trunk");
    await branches.git("update-ref", "refs/remotes/origin/master", "trunk");
    expect((await compareWithBase(files, {}, systemRunner))?.base.ref).toBe("origin/master");
  });

  test("a base that git does not know is wrong use; none at all is nothing to compare with", async () => {
    await using branches = await Branches.create();
    await expect(branches.compare("nowhere")).rejects.toMatchObject({ exit: EXIT.usage });
    await expect(branches.compare("--output=x")).rejects.toMatchObject({ exit: EXIT.usage });
    await branches.git("branch", "-q", "-m", "main", "trunk");
    expect(await branches.compare()).toBeUndefined();
    await using outside = await MigrationFolder.create({ "1_a.up.sql": SQL });
    expect(await compareWithBase(await outside.read(), {}, systemRunner)).toBeUndefined();
  });

  test("histories that have nothing in common cannot be compared", async () => {
    await using branches = await Branches.create();
    await branches.git("switch", "-q", "--orphan", "lonely");
    await branches.commit({ "1_z.up.sql": SQL });
    await expect(branches.compare()).rejects.toMatchObject({ code: "no_merge_base", exit: EXIT.missing });
  });
});

test("in a folder below the repository's root paths are relative to it", async () => {
  await using branches = await Branches.create();
  await branches.commit({ "part/migrations/1_p.up.sql": SQL });
  await branches.git("branch", "-f", "main");
  await branches.commit({ "part/migrations/2_q.up.sql": SQL, "part/migrations/1_p.up.sql": `${SQL}-- more\n` });
  const root = branches.folder.at("part");
  const files = await readMigrations({ dirs: [`${root}/migrations`], root });
  const comparison = await compareWithBase(files, {}, systemRunner);
  if (comparison === undefined) throw new Error("there is nothing to compare with");
  expect(comparison.own.map(({ name }) => name)).toEqual(["q"]);
  const edits = await findHistoryEdits(comparison, systemRunner);
  expect(edits.map(({ file, line }) => `${file}:${line}`)).toEqual(["migrations/1_p.up.sql:4"]);
});

describe("numbers", () => {
  test("behind the base's newest all is well", async () => {
    await using branches = await Branches.create();
    await branches.commit({ "3_c.up.sql": SQL });
    expect(await branches.conflicts()).toEqual([]);
  });

  test("a number that main has given away since, before and after the merge", async () => {
    await using branches = await Branches.create();
    await branches.commit({ "3_c.up.sql": SQL });
    await branches.commitToMain({ "03_m.up.sql": SQL });
    expect(await branches.conflicts()).toEqual(["number_taken migrations/3_c.up.sql"]);
    await branches.git("merge", "-q", "-m", "merge", "main");
    expect(await branches.conflicts()).toEqual(["number_taken migrations/3_c.up.sql"]);
  });

  test("one that would come before main's newest", async () => {
    await using branches = await Branches.create();
    await branches.commit({ "3_c.up.sql": SQL });
    await branches.commitToMain({ "4_m.up.sql": SQL });
    expect(await branches.conflicts()).toEqual(["behind_base migrations/3_c.up.sql"]);
  });
});

describe("history", () => {
  test("edited, renamed and deleted files, committed or not; new ones are none of it", async () => {
    await using branches = await Branches.create();
    await branches.commit({ "3_c.up.sql": "create table other (id int, name text, price numeric);\n" });
    expect(await branches.edits()).toEqual([]);
    await branches.folder.write("1_a.up.sql", SQL.replace("select 2", "select 3"));
    await branches.folder.write("1_a.down.sql", "");
    await rename(branches.folder.at("migrations/2_b.up.sql"), branches.folder.at("migrations/4_b.up.sql"));
    await branches.git("add", "-A");
    const expected = [
      "warning migrations/1_a.down.sql:1 changed",
      "error migrations/1_a.up.sql:3 changed",
      "error migrations/4_b.up.sql:1 was migrations/2_b.up.sql; renamed",
    ];
    expect(await branches.edits()).toEqual(expected);
    await branches.commit();
    expect(await branches.edits()).toEqual(expected);
    await rm(branches.folder.at("migrations/4_b.up.sql"));
    expect(await branches.edits()).toContain("error migrations/2_b.up.sql:1 deleted");
  });

  test("what main has changed itself, or in the same way, is no finding", async () => {
    await using branches = await Branches.create();
    const changed = SQL.replace("select 2", "select 3");
    await branches.commitToMain({ "1_a.up.sql": changed });
    expect(await branches.edits()).toEqual([]);
    await branches.commit({ "1_a.up.sql": changed });
    expect(await branches.edits()).toEqual([]);
  });
});

test("renumbering moves tracked files by git and the others as they are", async () => {
  await using branches = await Branches.create();
  await branches.commit({ "3_c.up.sql": "select 'c'", "3_c.down.sql": "select 'not c'" });
  await branches.commitToMain({ "3_m.up.sql": "select 'm'" });
  await branches.git("merge", "-q", "-m", "merge", "main");
  await branches.folder.write("4_d e.up.sql", "select 'd'");
  const plan = planRenumbering(await branches.require(), new Date());
  await moveFiles(branches.folder.root, plan, systemRunner);
  expect((await branches.git("status", "--porcelain", "-z")).split("\0")).toEqual([
    "R  migrations/4_c.down.sql",
    "migrations/3_c.down.sql",
    "R  migrations/4_c.up.sql",
    "migrations/3_c.up.sql",
    "?? migrations/5_d e.up.sql",
    "",
  ]);
  const { migrations, findings } = await branches.folder.read();
  expect(migrations.map(({ up }) => up?.sql)).toEqual([SQL, SQL, "select 'm'", "select 'c'", "select 'd'"]);
  expect(findings).toEqual([]);
  expect(await branches.conflicts()).toEqual([]);
  expect(planRenumbering(await branches.require(), new Date())).toEqual([]);
});

test("a new name that is taken is refused; what was renamed before a failure gets its name back", async () => {
  await using branches = await Branches.create();
  await branches.commit({ "3_c.up.sql": SQL });
  await branches.commitToMain({ "3_m.up.sql": SQL });
  await branches.folder.write("4_d.up.sql", SQL);
  const plan = planRenumbering(await branches.require(), new Date()); // 3 → 4, 4 → 5
  const { root } = branches.folder;
  await branches.folder.write("5_d.up.sql", "mine");
  expect(() => requireFreeNames(root, plan)).toThrow(expect.objectContaining({ code: "file_exists" }));
  await rm(branches.folder.at("migrations/5_d.up.sql"));
  requireFreeNames(root, plan);
  await rm(branches.folder.at("migrations/3_c.up.sql"));
  await expect(moveFiles(root, plan, systemRunner)).rejects.toThrow();
  expect((await branches.git("status", "--porcelain")).split("\n").sort()).toEqual([
    "?? migrations/4_d.up.sql",
    "D migrations/3_c.up.sql",
  ]);
});

test("what is only doubtful in files that the base branch has is not this branch's business", async () => {
  await using branches = await Branches.create();
  await branches.commitToMain({ "3_empty.up.sql": "-- nothing\n", "notes.sql": SQL });
  await branches.git("merge", "-q", "main");
  await branches.commit({ "4_own.up.sql": "-- nothing yet\n" });
  const found = ownFindings(await branches.require()).map(({ rule, file }) => `${rule} ${file}`);
  expect(found).toEqual(["empty-migration migrations/4_own.up.sql"]);
});
