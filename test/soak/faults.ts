/** What happens to a command of a soak while it runs. Each says whether it really did: only then it counts. */
import { readFileSync } from "node:fs";
import { findFakeTime } from "../support/fake-time.ts";
import type { Started } from "../support/faults/program.ts";
import type { Disk } from "./disks.ts";
import type { Actor, World } from "./world.ts";

export interface Fault {
  name: string;
  /** A command may fail by it, and its target then is as before, or as after. */
  mayFail: boolean;
  /** It strikes the server, or all that lies on a disk: whatever else runs at that time may fail by it. */
  forAll?: boolean;
  /** The server ends by it, or may. */
  strikesServer?: boolean;
  env?: Record<string, string>;
  strike(world: World, actor: Actor, program: Started, usualMs: number): Promise<boolean>;
  /** What has been done is undone, once the command has ended. */
  undo?(world: World, actor: Actor): Promise<void>;
}

type Draw = (world: World, actor: Actor) => Promise<Fault | undefined>;

const draws: readonly (readonly [weight: number, draw: Draw])[] = [
  [12, async (world) => signal(world, "SIGKILL")],
  [6, async (world) => signal(world, "SIGTERM")],
  [6, async (world) => signal(world, "SIGINT")],
  [6, async (world) => signal(world, "SIGHUP")],
  [3, async (world) => pause(world)],
  [3, async (world) => restart(world)],
  [6, async (world, actor) => cutNetwork(world, actor)],
  [3, async (world) => fillDisk("server's disk full", world.below(4096), ({ server }) => server.disk, world)],
  [3, async (world) => fillDisk("store's disk full", world.below(16), (_, { disks }) => disks.store, world)],
  [3, async (world) => fillDisk("home's disk full", world.below(64), (_, { disks }) => disks.home, world)],
  [6, turnClock],
  [6, async () => beElsewhere()],
];
/** So many of a hundred commands are struck. */
const STRUCK = 55;

/** Some fault, or none. */
export async function drawFault(world: World, actor: Actor): Promise<Fault | undefined> {
  if (world.below(100) >= STRUCK) return undefined;
  let place = world.below(draws.reduce((sum, [weight]) => sum + weight, 0));
  const found = draws.find(([weight]) => {
    place -= weight;
    return place < 0;
  });
  return await found?.[1](world, actor);
}

/** Waits for that part of the time that the command mostly takes. */
const waitFor = (part: number, usualMs: number) => Bun.sleep(part * usualMs);

function signal(world: World, name: NodeJS.Signals): Fault {
  const part = world.below(1000) / 1000;
  return {
    ...{ name, mayFail: true },
    strike: async (_world, _actor, program, usualMs) => {
      await waitFor(part, usualMs);
      const wasRunning = program.isRunning();
      program.kill(name);
      return wasRunning;
    },
  };
}

function pause(world: World): Fault {
  const part = world.below(1000) / 1000;
  return {
    ...{ name: "SIGSTOP", mayFail: false },
    strike: async (_world, _actor, program, usualMs) => {
      await waitFor(part, usualMs);
      const wasRunning = program.isRunning();
      program.kill("SIGSTOP");
      await Bun.sleep(200);
      program.kill("SIGCONT");
      return wasRunning;
    },
  };
}

function restart(world: World): Fault {
  const part = world.below(1000) / 1000;
  const how = world.pick(["in order", "crash"] as const);
  return {
    ...{ name: how === "crash" ? "server crash" : "server restart", mayFail: true, forAll: true, strikesServer: true },
    strike: async ({ server }, _actor, program, usualMs) => {
      await waitFor(part, usualMs);
      const wasRunning = program.isRunning();
      await server.restart(how);
      return wasRunning;
    },
  };
}

/** Every connection ends, and for a while there are no new ones. */
function cutNetwork(world: World, { relay }: Actor): Fault | undefined {
  const part = world.below(1000) / 1000;
  const lastsMs = world.below(300);
  if (relay === undefined) return undefined;
  return {
    ...{ name: "network cut", mayFail: true },
    strike: async (_world, _actor, program, usualMs) => {
      await waitFor(part, usualMs);
      while (program.isRunning() && !relay.isBusy) await Bun.sleep(2);
      const cut = relay.cut();
      await Bun.sleep(lastsMs);
      relay.mend();
      return cut > 0;
    },
  };
}

/** Until the command has ended there is no more room than that. */
function fillDisk(
  name: string,
  leaveKb: number,
  choose: (world: World, actor: Actor) => Disk | undefined,
  world: World,
): Fault {
  const part = world.below(500) / 1000;
  return {
    ...{ name, mayFail: true, forAll: true, strikesServer: name.startsWith("server") },
    strike: async (struck, actor, program, usualMs) => {
      await waitFor(part, usualMs);
      return program.isRunning() && ((await choose(struck, actor)?.fill(leaveKb)) ?? false);
    },
    undo: async (struck, actor) => await choose(struck, actor)?.empty(),
  };
}

/** The clock that the program sees is a day behind or ahead. */
async function turnClock(world: World): Promise<Fault> {
  const by = world.pick(["-1d", "+1d"]);
  return {
    ...{ name: `clock ${by}`, mayFail: false, env: { ...(await findFakeTime()), FAKETIME: by } },
    strike: async (_world, actor, program) => {
      await program.ended;
      const last = (await actor.repo.journal()).at(-1)?.at;
      return Math.abs(Date.parse(String(last)) - Date.now()) > 12 * 3_600_000;
    },
  };
}

const ELSEWHERE = "PGROVE_MACHINE";

/** The command takes this for another machine. */
function beElsewhere(): Fault {
  return {
    ...{ name: "another machine", mayFail: false, env: { [ELSEWHERE]: "elsewhere" } },
    strike: async (_world, _actor, program) => {
      while (program.isRunning()) {
        if (readEnvironment(program.pid).includes(`${ELSEWHERE}=`)) return true;
        await Bun.sleep(5); // what starts it does not know the variable
      }
      return false;
    },
  };
}

function readEnvironment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return ""; // it has ended by now
  }
}
