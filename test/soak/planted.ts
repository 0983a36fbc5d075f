/** Things of others that lie where pgrove keeps its own, and folders that are somewhere else: nothing of it may be touched. */
import { chownSync, statSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Actor, folderOf, PROJECT, runGit, type World } from "./world.ts";

const WORDS = "somebody's only copy\n";

/** Plants one of them; resolves with its name for the report. */
export async function plant(world: World, actor: Actor): Promise<string> {
  const kinds = { "planted record": plantRecord, "planted dump": plantDump, "planted folder": plantFolder } as const;
  const all = [...Object.keys(kinds), "a stranger's database"];
  const kind = world.pick(all);
  if (kind in kinds) {
    await kinds[kind as keyof typeof kinds](world, actor);
    return kind;
  }
  const suffix = world.pick(["", "_before_restore"]);
  await world.addStranger(`${PROJECT}_${world.nameToCome()}${suffix}`);
  return kind;
}

/** The record of a run that names what is precious as a leftover. */
async function plantRecord(world: World, { repo }: Actor): Promise<void> {
  const precious = repo.path(world.freshName("precious"));
  const run = `20260101000000${world
    .below(2 ** 31)
    .toString(16)
    .padStart(8, "0")}`;
  const leftovers = [{ kind: "path", path: precious }];
  const claims = { version: 1, run, operation: "dump", target: "main", server: "", pid: 2 ** 22 + 1, born: "x" };
  await keep(world, precious, WORDS);
  await write(join(repo.stateDir, "runs", `${run}.json`), JSON.stringify({ ...claims, leftovers }));
}

/** A file of a dump's name, which is none. */
async function plantDump(world: World, { repo }: Actor): Promise<void> {
  const minute = String(world.below(60)).padStart(2, "0");
  await keep(world, join(repo.store, `${world.freshName("main-2025")}-10${minute}00.dump`), WORDS);
}

/** A folder with somebody's file, where a worktree is to come. */
async function plantFolder(world: World, actor: Actor): Promise<void> {
  const name = world.nameToCome();
  if (!actor.worktrees.has(name)) await keep(world, join(folderOf(actor, name), "notes.txt"), WORDS);
}

async function keep(world: World, path: string, words: string): Promise<void> {
  await write(path, words);
  world.planted.set(path, words);
}

/** As the owner of the folder that it lies in does. */
async function write(path: string, words: string): Promise<void> {
  const made = await mkdir(dirname(path), { recursive: true });
  await writeFile(path, words);
  const { uid, gid } = statSync(dirname(made ?? path));
  for (let each = path; each.length >= (made ?? path).length; each = dirname(each)) chownSync(each, uid, gid);
}

/** The folder of a worktree is away while the body runs, as on a disk that is not there. */
export async function whileAway(actor: Actor, worktree: string, body: () => Promise<void>): Promise<void> {
  const [folder, away] = [folderOf(actor, worktree), actor.repo.path("away")];
  await rename(folder, away);
  try {
    await body();
  } finally {
    await rename(away, folder);
  }
}

/** Git moves the worktree to another place, where it stays. */
export async function moveAway(world: World, actor: Actor, worktree: string): Promise<void> {
  const to = actor.repo.path(world.freshName("moved-"));
  await runGit(actor, ["worktree", "move", folderOf(actor, worktree), to]);
  actor.moved.set(worktree, to);
}
