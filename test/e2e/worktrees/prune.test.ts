/** What may only be away is kept by `prune`, which says why and what to type; what is certainly gone goes. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Grove, nothingRemains, type WorktreeDocument } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

interface Kept {
  worktree: string;
  reason: string;
  hint: string;
}

async function prune(grove: Grove): Promise<{ pruned: string[]; kept: Kept[] }> {
  const answer = await grove.json(grove.pruneNow);
  const { pruned, kept } = answer as unknown as { pruned: { worktree: string }[]; kept: Kept[] };
  return { pruned: pruned.map(({ worktree }) => worktree), kept };
}

async function moveTo({ path }: WorktreeDocument, to: string): Promise<string> {
  await mkdir(dirname(to), { recursive: true });
  await rename(path, to);
  return to;
}

/** The registry as a pgrove wrote it that did not write down where its worktrees were seen. */
async function forgetPlace(grove: Grove, name: string): Promise<void> {
  const registry = JSON.parse(await readFile(grove.registryFile, "utf8"));
  for (const row of registry.worktrees) if (row.name === name) delete row.seen;
  await writeFile(grove.registryFile, JSON.stringify(registry));
}

const giveUp = (name: string) => `pgrove remove ${name}        if it is gone for good`;

/** How a worktree comes away; resolves with the hint that prune is to give. */
const WAYS: Record<string, (made: WorktreeDocument, grove: Grove) => Promise<string>> = {
  forgotten: async (made, grove) => {
    await moveTo(made, grove.at("moved-and-forgotten-by-git"));
    await grove.git(["worktree", "prune"]);
    expect(await grove.linked()).not.toContain(made.name);
    return giveUp(made.name);
  },
  renamed: async (made, grove) => `git worktree repair ${await moveTo(made, grove.at("another-name"))}`,
  deeper: async (made, grove) => `git worktree repair ${await moveTo(made, grove.at("old/2026/it"))}`,
  beside: async (made, grove) => `git worktree repair ${await moveTo(made, grove.repo.path("beside-main"))}`,
  inside: async (made, grove) => `git worktree repair ${await moveTo(made, join(grove.repo.folder, ".trees/it"))}`,
  emptied: async ({ path }) => {
    await rm(path, { recursive: true });
    await mkdir(path); // the mount point of a disk that is away
    return "git worktree repair";
  },
  replaced: async ({ path }) => {
    await rm(path, { recursive: true });
    await runOk("git", ["init", "-q", path]);
    return `git worktree repair ${path}        if it was moved`;
  },
  nameless: async (made, grove) => {
    await rm(join(grove.repo.folder, ".git/worktrees", made.name, "pgrove-id"));
    return giveUp(made.name);
  },
  older: async (made, grove) => {
    await forgetPlace(grove, made.name);
    await rm(made.path, { recursive: true });
    return giveUp(made.name);
  },
};

/** Those that have a snapshot. */
const SAVED = ["forgotten", "renamed"];

describe.concurrent("a worktree that is away", () => {
  test("moved, emptied, replaced: its database and what was saved of it stay; what is gone for certain goes", async () => {
    await using grove = await Grove.create(server);
    const hints: Record<string, string> = {};
    for (const [name, takeAway] of Object.entries(WAYS)) {
      const made = await grove.make(name, "--empty");
      if (SAVED.includes(name)) await grove.ok(["snapshot", "first", name]);
      hints[name] = await takeAway(made, grove);
    }
    const stateOf = (listing: string, name: string) =>
      listing.split("\n").find((line) => line.trim().startsWith(`${name} `)) ?? "";
    const listing = await grove.ok(["list"]);
    expect(stateOf(listing, "renamed")).toEndWith(`moved: ${hints.renamed}`);
    expect(stateOf(listing, "emptied")).toEndWith("away: pgrove prune says why");
    const before = await grove.databaseNames();
    const gone = await grove.make("gone", "--empty");
    await rm(gone.path, { recursive: true });
    const { pruned, kept } = await prune(grove);
    expect(pruned).toEqual(["gone"]);
    expect(Object.fromEntries(kept.map(({ worktree, hint }) => [worktree, hint]))).toEqual(hints);
    expect(await grove.databaseNames()).toEqual(before);

    const told = await grove.repo.run(["prune", "--dry-run"]);
    expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining("certainly") });
    for (const { reason, hint } of kept) expect(told.stderr).toContain(`: ${reason}\n  next: ${hint}\n`);

    // Whoever does what it says has the worktree again, or is rid of it with all that was saved of it.
    const moved = ["renamed", "deeper", "beside", "inside"];
    // It exits 1, since another repository is in the place of one.
    await grove.tryGit(["worktree", "repair", ...moved.map((name) => hints[name]?.split(" ").at(-1) ?? "")]);
    expect(await grove.ok(["remove", "renamed", "--dry-run"])).toContain("1 saved state (snapshot first)");
    for (const name of ["forgotten", "older"]) await grove.ok(["remove", name, "--yes"]);
    expect((await prune(grove)).kept.map(({ worktree }) => worktree)).toEqual(["replaced", "nameless"]);
    const names = [...moved, "emptied", "replaced", "nameless", "renamed_snapshot_first"];
    expect(await grove.databaseNames()).toEqual(names.map((name) => `${grove.project}_${name}`).sort());
  });

  test("with the folder that all are in, as on a disk, or an empty one in its place; back again, they are found", async () => {
    await using grove = await Grove.create(server);
    const [trees, far] = [dirname(grove.at("x")), grove.repo.path("far", "away", "from", "here")];
    for (const name of ["one", "two"]) await grove.make(name, "--empty");
    const before = await grove.remains();
    await mkdir(dirname(far), { recursive: true });
    await rename(trees, far);
    for (const why of ["is not there either", "is another one than it was in"]) {
      const { pruned, kept } = await prune(grove);
      expect(pruned).toEqual([]);
      for (const { reason, worktree, hint } of kept) {
        expect(reason).toContain(`the folder ${trees} ${why}`);
        expect(hint).toBe(giveUp(worktree));
      }
      expect(kept).toHaveLength(2);
      if (!existsSync(trees)) await mkdir(trees);
    }
    await rmdir(trees);
    await rename(far, trees);
    expect(await prune(grove)).toEqual({ pruned: [], kept: [] });
    expect(await grove.remains()).toEqual(before);
  });

  test("what cannot be taken away is named, and does not keep the rest from going", async () => {
    await using grove = await Grove.create(server);
    for (const name of ["a-bound", "b-free"]) await rm((await grove.make(name, "--empty")).path, { recursive: true });
    const bound = `${grove.project}_a_bound`;
    await grove.ask(bound, `select pg_create_logical_replication_slot('${bound}', 'pgoutput')`);
    const { pruned, kept } = await prune(grove);
    expect(pruned).toEqual(["b-free"]);
    expect(kept).toMatchObject([{ worktree: "a-bound", reason: expect.stringContaining(`replication slot ${bound}`) }]);
    await grove.sql`select pg_drop_replication_slot(${bound})`;
    expect((await prune(grove)).pruned).toEqual(["a-bound"]);
    expect(await grove.remains()).toEqual(nothingRemains);
  });

  test("an older registry learns where the worktrees are, from prune as well", async () => {
    await using grove = await Grove.create(server);
    const { path } = await grove.make("old", "--empty");
    await forgetPlace(grove, "old");
    await grove.ok(["prune", "--dry-run"]);
    expect(await grove.rows()).not.toContainEqual(expect.objectContaining({ seen: expect.anything() }));
    await grove.ok(grove.pruneNow);
    await rm(path, { recursive: true });
    expect((await prune(grove)).pruned).toEqual(["old"]);
    expect(await grove.remains()).toEqual(nothingRemains);
  });
});

describe.concurrent("remove", () => {
  test("refuses one that was moved, whose changes it cannot see, unless it is forced", async () => {
    await using grove = await Grove.create(server);
    const made = await grove.make("moved", "--empty");
    const to = await moveTo(made, grove.at("elsewhere"));
    await writeFile(join(to, "work"), "in no commit");
    expect(await grove.fails(5, ["remove", "moved", "--yes"])).toContain(`git worktree repair ${to}`);
    expect(await grove.oid(made.database)).toBeNumber();
    await grove.ok(["remove", "moved", "--yes", "--force"]);
    expect(await grove.oid(made.database)).toBeUndefined();
    expect(existsSync(join(to, "work"))).toBe(true);
  });

  test("a name is never taken for the folder of another worktree", async () => {
    await using grove = await Grove.create(server);
    const first = await grove.make("it", "--empty");
    await forgetPlace(grove, "it");
    await rm(first.path, { recursive: true });
    await grove.git(["worktree", "prune"]);
    await grove.git(["worktree", "add", "-q", first.path, "it"]);
    await grove.ok(["provision"], { cwd: first.path });
    const second = (await grove.rows()).find(({ name }) => name !== "it");
    expect((await prune(grove)).kept).toMatchObject([{ worktree: "it", hint: giveUp("it") }]);
    await grove.ok(["remove", "it", "--yes"]);
    expect(await grove.rows()).toEqual([second ?? {}]);
    expect(await grove.databaseNames()).toEqual([String(second?.database)]);
    expect(existsSync(first.path)).toBe(true);
  });
});
