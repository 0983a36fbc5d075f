/** What happens to a command of a soak while it runs. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOk } from "../support/engine/run.ts";
import type { Ended, Started } from "../support/faults/program.ts";
import { type Actor, folderOf, PROJECT, type World } from "./world.ts";

/** How long a command mostly takes: somewhere within, it is struck. */
const USUAL_MS = 700;

export interface Fault {
  name: string;
  /** A command may fail by it, and its target then is as before, or as after. */
  mayFail: boolean;
  strike(world: World, program: Started): Promise<void>;
}

const signal = (name: NodeJS.Signals): Fault => ({
  name,
  mayFail: true,
  strike: async (world, program) => {
    await Bun.sleep(world.below(USUAL_MS));
    program.kill(name);
  },
});

const PAUSE: Fault = {
  name: "SIGSTOP",
  mayFail: false,
  strike: async (world, program) => {
    await Bun.sleep(world.below(USUAL_MS));
    program.kill("SIGSTOP");
    await Bun.sleep(200);
    program.kill("SIGCONT");
  },
};

const RESTART: Fault = {
  name: "server restart",
  mayFail: true,
  strike: async (world, program) => {
    await Bun.sleep(world.below(USUAL_MS));
    await runOk("docker", ["restart", "-t", "30", world.server.container]);
    await world.server.waitUntilReady();
    await program.ended;
  },
};

/** A stranger's database where the next worktree's would be. */
const STRANGER: Fault = {
  name: "a stranger's database",
  mayFail: false,
  strike: async (world) => await world.addStranger(`${PROJECT}_w${world.below(200)}`),
};

const struck = [signal("SIGKILL"), signal("SIGKILL"), signal("SIGTERM"), signal("SIGINT"), signal("SIGHUP")];

/** Some fault, or none: more than half of the commands are left in peace. */
export function drawFault(world: World): Fault | undefined {
  const place = world.below(100);
  if (place < 30) return world.pick(struck);
  if (place < 34) return PAUSE;
  if (place < 36) return RESTART;
  if (place < 42) return STRANGER;
  return undefined;
}

/** Runs it with the fault; resolves once both have ended. */
export async function runStruck(world: World, program: Started, fault: Fault | undefined): Promise<Ended> {
  await Promise.all([program.ended, fault?.strike(world, program)]);
  return await program.ended;
}

/** The folder of a worktree is away while the body runs, as on a disk that is not there. */
export async function whileAway(actor: Actor, worktree: string, body: () => Promise<void>): Promise<void> {
  const [folder, away] = [folderOf(actor, worktree), actor.repo.path("away", worktree)];
  await mkdir(dirname(away), { recursive: true });
  await rename(folder, away);
  try {
    await body();
  } finally {
    await rename(away, folder);
  }
}

/** Somebody else's files where pgrove keeps its own: the record of a run that names what is precious, and a temporary file. */
export async function plant(world: World, { repo }: Actor): Promise<void> {
  const precious = repo.path(world.freshName("precious"));
  await writeFile(precious, "somebody's only copy\n");
  const run = `20260101000000${world
    .below(2 ** 31)
    .toString(16)
    .padStart(8, "0")}`;
  const record = join(repo.stateDir, "runs", `${run}.json`);
  await mkdir(dirname(record), { recursive: true });
  const leftovers = [{ kind: "path", path: precious }];
  const claims = { version: 1, run, operation: "dump", target: "main", server: "", pid: 2 ** 22 + 1, born: "x" };
  await writeFile(record, JSON.stringify({ ...claims, leftovers }));
  world.planted.push(precious);
}
