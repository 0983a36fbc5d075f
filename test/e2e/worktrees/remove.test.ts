/** What `remove` and `prune` refuse, and what they take and leave. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UNFINISHED_REASON } from "../../../src/repo/worktree.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { sharedServer, startServer, type TestServer } from "../../support/engine/server.ts";
import { connect } from "../../support/faults/world.ts";
import { Grove, nothingRemains } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

describe.concurrent("remove refuses", () => {
  /** Refused with these words, and nothing is gone; `--force` takes it. */
  async function expectRefused(grove: Grove, name: string, words: string): Promise<void> {
    const before = await grove.remains();
    expect(await grove.fails(5, ["remove", name, "--yes"])).toContain(words);
    expect(await grove.remains()).toEqual(before);
    expect(await grove.ok(["url", name])).toEndWith(`/${grove.project}_${name}`);
    await grove.ok(["remove", name, "--yes", "--force"]);
    expect(await grove.oid(`${grove.project}_${name}`)).toBeUndefined();
    expect(existsSync(grove.at(name))).toBe(false);
  }

  test("a changed file, an untracked one, a staged rename", async () => {
    await using grove = await Grove.create(server);
    const { path } = await grove.make("dirty", "--empty");
    await writeFile(join(path, ".gitignore"), "changed\n");
    await expectRefused(grove, "dirty", ".gitignore");
    await writeFile(join((await grove.make("untracked", "--empty")).path, "notes with ünïcode.txt"), "mine");
    await expectRefused(grove, "untracked", "notes with ünïcode.txt");
    await grove.git(["mv", "pgrove.yaml", "other.yaml"], (await grove.make("renamed", "--empty")).path);
    await expectRefused(grove, "renamed", "other.yaml");
  });

  test("an env file with lines of the user's, where git does not ignore it", async () => {
    await using grove = await Grove.create(server);
    await grove.commit("env files are seen", { ".gitignore": "" });
    await grove.make("plain", "--empty");
    await grove.ok(["remove", "plain", "--yes"]); // nothing but pgrove's own block is in it
    const { path } = await grove.make("lines", "--empty");
    await writeFile(join(path, ".env"), `SECRET=mine\n${await Bun.file(join(path, ".env")).text()}`);
    await expectRefused(grove, "lines", ".env");
    await grove.commit("env files are ignored", { ".gitignore": ".env\n" });
    await writeFile(join(grove.repo.folder, ".env"), "TRACKED=1\n");
    await grove.git(["add", "-f", ".env"]);
    await grove.commit("one is tracked");
    const tracked = await grove.make("tracked", "--empty");
    expect(await grove.git(["status", "--short"], tracked.path)).toBe("M .env");
    await grove.ok(["remove", "tracked", "--yes"]);
    const changed = await grove.make("changed", "--empty");
    await writeFile(join(changed.path, ".env"), `MINE=2\n${await Bun.file(join(changed.path, ".env")).text()}`);
    await expectRefused(grove, "changed", ".env");
  });

  test("a commit on no branch; those of a branch stay with it, and stashes with the repository", async () => {
    await using grove = await Grove.create(server);
    const { path } = await grove.make("unpushed", "--empty");
    await grove.commit("work", { "work.txt": "x" }, path);
    await writeFile(join(path, "work.txt"), "stashed");
    await grove.git(["stash", "-q"], path);
    await grove.ok(["remove", "unpushed", "--yes"]);
    expect(await grove.git(["log", "-1", "--format=%s", "unpushed"])).toBe("work");
    expect(await grove.git(["stash", "show", "-p"])).toContain("+stashed");

    const detached = (await grove.make("detached", "--empty")).path;
    await grove.git(["switch", "-q", "--detach"], detached);
    await grove.commit("lost otherwise", {}, detached);
    await expectRefused(grove, "detached", "1 commit that no branch, tag or remote has");

    await runOk("git", ["init", "-q", "--bare", grove.repo.path("origin.git")]);
    await grove.git(["remote", "add", "origin", grove.repo.path("origin.git")]);
    const pushed = (await grove.make("pushed", "--empty")).path;
    await grove.commit("work", {}, pushed);
    await grove.git(["push", "-q", "origin", "pushed"], pushed);
    expect(await grove.ok(["remove", "pushed", "--yes", "--delete-branch"])).toContain("pushed stays");
    expect(await grove.git(["branch", "--list", "pushed"])).toBe("pushed"); // it is not merged here
    await grove.make("pushed", "--empty");
    expect(await grove.ok(["remove", "pushed", "--yes", "--force", "--delete-branch"])).toContain("pushed deleted");
  });

  test("work in a submodule that is nowhere else, also where git is told to overlook it", async () => {
    await using grove = await Grove.create(server);
    const lib = grove.repo.path("lib");
    await runOk("git", ["init", "-q", "-b", "main", lib]);
    await grove.commit("first", { f: "1\n" }, lib);
    await grove.git(["submodule", "--quiet", "add", lib, "vendor/lib"]);
    await grove.commit("lib");
    const make = async (name: string) => {
      const { path } = await grove.make(name, "--empty");
      await grove.git(["submodule", "--quiet", "update", "--init"], path);
      return join(path, "vendor/lib");
    };
    await grove.commit("work", { f: "2\n" }, await make("committed"));
    await grove.commit("a bump", {}, grove.at("committed"));
    await grove.git(["branch", "keeps-the-bump", "committed"]);
    await expectRefused(grove, "committed", "the submodule vendor/lib of");
    const stashed = await make("stashed");
    await writeFile(join(stashed, "f"), "3\n");
    await grove.git(["stash", "-q"], stashed);
    await expectRefused(grove, "stashed", "stashed changes");
    await grove.git(["config", "submodule.vendor/lib.ignore", "all"]);
    await writeFile(join(await make("overlooked"), "f"), "4\n");
    await expectRefused(grove, "overlooked", "in no commit: f");
    await make("clean");
    await grove.ok(["remove", "clean", "--yes"]);
    expect(existsSync(grove.at("clean"))).toBe(false);
  });

  test("the main worktree, a locked one, one that pgrove has given nothing, one that is not there", async () => {
    await using grove = await Grove.create(server);
    await grove.fails(5, ["remove", "main", "--yes", "--force"]);
    const { path } = await grove.make("locked", "--empty");
    await grove.git(["worktree", "lock", path]);
    expect(await grove.fails(5, ["remove", "locked", "--yes", "--force"])).toContain("git worktree unlock");
    await grove.git(["worktree", "unlock", path]);
    const byHand = grove.repo.path("byhand");
    await grove.git(["worktree", "add", "-q", byHand]);
    expect(await grove.fails(5, ["remove", "byhand", "--yes", "--force"])).toContain("git worktree remove");
    expect(existsSync(byHand)).toBe(true);
    await grove.fails(4, ["remove", "nobody", "--yes"]);
    await grove.ok(["remove", "locked", "--yes"]);
  });

  test("from a copy of the repository, whose worktrees are the original's", async () => {
    await using grove = await Grove.create(server);
    const { path, database } = await grove.make("original", "--empty");
    const copy = grove.repo.path("copy");
    await cp(grove.repo.folder, copy, { recursive: true });
    const refused = await grove.fails(5, ["remove", "original", "--yes", "--force"], { cwd: copy });
    expect(refused).toContain(`git worktree repair ${path}`);
    const later = await grove.make("later", "--empty"); // unknown to the copy's registry, with the same mark
    expect(await grove.json(grove.pruneNow, { cwd: copy })).toMatchObject({ pruned: [] });
    for (const name of [database, later.database]) expect(await grove.oid(name)).toBeNumber();
  });

  test("a database that something is bound to, which can be used and removed afterwards", async () => {
    await using grove = await Grove.create(server);
    const { database } = await grove.make("bound", "--empty");
    await grove.ask(database, `select pg_create_logical_replication_slot('${database}', 'pgoutput')`);
    expect(await grove.fails(5, ["remove", "bound", "--yes"])).toContain(`replication slot ${database}`);
    expect(await grove.ok(["url", "bound"])).toEndWith(`/${database}`);
    await grove.ok(["provision", "bound"]);
    await grove.ask(database, `select pg_drop_replication_slot('${database}')`);
    await grove.ok(["remove", "bound", "--yes"]);
  });
});

test("sessions in the database do not keep it; one stands in the folder itself", async () => {
  await using grove = await Grove.create(server);
  const { database, path } = await grove.make("busy");
  const session = connect(server, database);
  await session`select 1`;
  const removed = await grove.json(["remove", "busy", "--yes"], { cwd: path });
  expect(removed).toMatchObject({ worktree: "busy", databases: [{ database }], branch: "busy", branch_deleted: false });
  await expect(session`select 1`).rejects.toThrow();
  await session.end();
  expect(await grove.oid(database)).toBeUndefined();
});

test("--keep-database: it is the user's from then on, and prune leaves it", async () => {
  await using grove = await Grove.create(server);
  const { database } = await grove.make("kept");
  expect(await grove.ok(["remove", "kept", "--yes", "--keep-database"])).toMatch(
    new RegExp(`kept +database ${database}`),
  );
  await grove.ok(grove.pruneNow);
  expect(await grove.ask(database, "select count(*)::int from item")).toBe(50);
  expect((await grove.databases()).find(({ name }) => name === database)?.comment).toBeNull();
  const next = await grove.make("kept");
  expect(next.database).not.toBe(database);
  await grove.ok(["remove", "kept", "--yes"]);
  expect(await grove.oid(database)).toBeNumber();
});

test("--dry-run changes nothing; without consent nothing goes", async () => {
  await using grove = await Grove.create(server);
  await grove.make("asked", "--empty");
  const before = await grove.remains();
  expect(await grove.ok(["remove", "asked", "--dry-run"])).toContain(`${grove.project}_asked`);
  expect(await grove.ok(["reset", "asked", "--dry-run"])).toContain(`${grove.project}_asked`);
  expect(await grove.ok(["new", "feature/never", "--dry-run"])).toContain(grove.at("feature-never"));
  expect(await grove.fails(5, ["remove", "asked"])).toContain(`${grove.project}_asked`);
  await rm(grove.at("asked"), { recursive: true });
  expect(await grove.ok(["prune", "--now", "--dry-run"])).toContain(`${grove.project}_asked`);
  for (const flags of [[], ["--yes"], ["--confirm", "prune"]]) {
    const refused = await grove.fails(5, ["prune", "--now", ...flags]);
    expect(refused).toContain("pgrove prune --dry-run");
    expect(refused).toContain(`--confirm ${grove.project}`);
  }
  expect(await grove.remains()).toEqual({ ...before, folders: before.folders.filter((name) => name !== "asked") });
  await grove.ok(grove.pruneNow);
});

describe.concurrent("prune", () => {
  test("a locked worktree whose disk is away is not gone; unlocked, it is", async () => {
    await using grove = await Grove.create(server);
    const { path, database } = await grove.make("on-a-disk", "--empty");
    await grove.git(["worktree", "lock", path]);
    await rm(path, { recursive: true });
    expect(await grove.json(grove.pruneNow)).toEqual({ version: 1, pruned: [], parked: [], waiting: [], kept: [] });
    expect(await grove.oid(database)).toBeNumber();
    await grove.git(["worktree", "unlock", path]);
    expect(await grove.json(grove.pruneNow)).toMatchObject({ pruned: [{ worktree: "on-a-disk" }] });
    expect(await grove.oid(database)).toBeUndefined();
    expect(await grove.linked()).not.toContain("on-a-disk");
  });

  test("one that pgrove was still making when its folder was deleted", async () => {
    await using grove = await Grove.create(server);
    const { path } = await grove.make("making", "--empty");
    await grove.git(["worktree", "lock", "--reason", UNFINISHED_REASON, path]);
    await rm(path, { recursive: true });
    expect(await grove.json(grove.pruneNow)).toMatchObject({ pruned: [{ worktree: "making" }] });
    expect(await grove.remains()).toEqual(nothingRemains);
  });

  test("docker stopped, or another engine meant: exit 4, and nothing is dropped", async () => {
    await using grove = await Grove.create(server);
    await grove.make("unseen", "--empty");
    await rm(grove.at("unseen"), { recursive: true });
    const before = await grove.remains();
    for (const DOCKER_HOST of ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"]) {
      for (const args of [grove.pruneNow, ["remove", "unseen", "--yes"], ["new", "other"]]) {
        await grove.fails(4, args, { env: { DOCKER_HOST } });
      }
    }
    expect(await grove.remains()).toEqual(before);
    await grove.ok(grove.pruneNow);
  });
});

test("a server that is stopped is started for remove; prune and --no-start say that it is stopped", async () => {
  const own = await startServer({ major: 18 });
  const other = await Grove.create(own);
  try {
    await other.make("first", "--empty");
    await own.stop();
    expect(await other.ok(["list"])).toMatch(/first +.*(stopped|exited)/);
    await other.fails(4, ["new", "second", "--no-start"]);
    expect(await other.linked()).toEqual(["first"]);
    expect(await other.fails(4, other.pruneNow)).toContain("pgrove up");
    expect(await other.ok(["list"])).toMatch(/first +.*(stopped|exited)/);
    await other.ok(["remove", "first", "--yes"]); // it is asked at once after its start
    const there = await run("docker", ["inspect", "-f", "{{.State.Running}}", own.container]);
    expect(there.stdout.trim()).toBe("true");
  } finally {
    await rm(other.repo.path(), { recursive: true, force: true });
    await other.sql.end({ timeout: 0 });
    await own.remove();
  }
});
