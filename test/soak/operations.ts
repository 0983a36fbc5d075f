/** The commands of a soak: what each is called with, and what must be there when it has gone through. */
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type Actor, type Data, folderOf, type State, type World } from "./world.ts";

/** One command, before it runs. */
export interface Operation {
  actor: Actor;
  args: readonly string[];
  /** The database that it changes, with what it holds before; none for what only reads. */
  target: Data | undefined;
  /** What may be in it afterwards, once the command has gone through. */
  allows(after: State): boolean;
  /** What it reads. */
  stdin?: Blob;
  /** What it needs lies ready. */
  prepare?(): Promise<void>;
  /** It is to be refused: nothing may change. */
  mustFail?: boolean;
  /** Remembers what it has brought, besides the target's rows. */
  keep?(stdout: string): void;
  /** The worktree that it makes, or takes away. */
  makes?: string;
  removes?: string;
}

type Draw = (world: World, actor: Actor) => Operation | undefined;

const MOST_WORKTREES = 4;
/** More of them stay only where a struck command has made one all the same. */
const MOST_SNAPSHOTS = 3;
const HOW_FAR = ["up 1", "up", "down 1", "goto 2"] as const;

const draws: readonly (readonly [weight: number, draw: Draw])[] = [
  [5, drawNew],
  [6, drawInsert],
  [3, drawDump],
  [4, drawRestore],
  [1, drawCutRestore],
  [3, drawSeed],
  [3, drawSnapshot],
  [4, drawRewind],
  [3, drawCopy],
  [2, drawReset],
  [4, drawMigrate],
  [3, drawRemove],
  [2, drawPrune],
  [2, drawLook],
];

/** A command by chance, for one of the users. */
export function drawOperation(world: World, actor: Actor): Operation {
  const total = draws.reduce((sum, [weight]) => sum + weight, 0);
  for (;;) {
    let place = world.below(total);
    const found = draws.find(([weight]) => {
      place -= weight;
      return place < 0;
    });
    const operation = found?.[1](world, actor);
    if (operation !== undefined) return operation;
  }
}

/** Main's database is changed by the first user alone: what several may do to one is another test's. */
function drawTarget(world: World, actor: Actor): { name: string; data: Data } | undefined {
  const own = [...actor.worktrees].map(([name, data]) => ({ name, data }));
  const all = actor === world.actors[0] ? [...own, { name: "main", data: world.main }] : own;
  return all.length === 0 ? undefined : world.pick(all);
}

const equals = (wanted: State) => (after: State) => Bun.deepEquals(after, wanted);

function drawNew(world: World, actor: Actor): Operation | undefined {
  if (actor.worktrees.size >= MOST_WORKTREES) return undefined;
  const name = world.freshName("w");
  const data: Data = { database: "", state: { notes: [], migrations: 0 }, snapshots: new Map() };
  const copied = world.main.state;
  return {
    ...{ actor, args: ["new", name, "--json"], target: data, makes: name, allows: equals(copied) },
    keep: (stdout) => {
      data.database = JSON.parse(stdout).worktree.database;
      actor.worktrees.set(name, data);
    },
  };
}

function drawInsert(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  if (target === undefined) return undefined;
  const note = world.freshName("note");
  const { notes, migrations } = target.data.state;
  return {
    ...{ actor, target: target.data },
    args: ["sql", target.name, "-c", `insert into note values ('${note}')`],
    allows: equals({ notes: [...notes, note].sort(), migrations }),
  };
}

function drawSeed(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  if (target === undefined) return undefined;
  const note = world.freshName("seed");
  const file = actor.repo.path(`${note}.sql`);
  const { notes, migrations } = target.data.state;
  return {
    ...{ actor, target: target.data, args: ["seed", "--file", file, "-t", target.name, "--yes"] },
    prepare: () => writeFile(file, `insert into note values ('${note}');\n`),
    allows: equals({ notes: [...notes, note].sort(), migrations }),
  };
}

function drawDump(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  if (target === undefined) return undefined;
  const { state } = target.data;
  return {
    ...{ actor, target: undefined, args: ["dump", target.name], allows: () => true },
    keep: (stdout) => void actor.dumps.push({ path: stdout.trim(), state }),
  };
}

/** What is replaced is kept: refused where a stranger has the name that it would be kept under. */
function replaces({ strangers }: World, target: Data): Pick<Operation, "target" | "mustFail"> {
  return { target, mustFail: strangers.has(`${target.database}_before_restore`) };
}

function drawRestore(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  if (target === undefined || actor.dumps.length === 0) return undefined;
  const { path, state } = world.pick(actor.dumps);
  const args = ["restore", path, "--to", target.name, "--yes"];
  return { actor, args, ...replaces(world, target.data), allows: equals(state) };
}

/** A dump comes through a pipe that is cut somewhere: whatever has come may not be taken for a whole one. */
function drawCutRestore(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  const whole = actor.dumps.filter(({ path }) => existsSync(path));
  if (target === undefined || whole.length === 0) return undefined;
  const bytes = readFileSync(world.pick(whole).path);
  const stdin = new Blob([bytes.subarray(0, world.below(bytes.length))]);
  const args = ["restore", "-", "--to", target.name, "--yes"];
  return { actor, args, target: target.data, stdin, mustFail: true, allows: () => false };
}

function drawSnapshot(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  if (target === undefined) return undefined;
  const { state, snapshots } = target.data;
  const [oldest] = snapshots.keys();
  if (oldest !== undefined && snapshots.size >= MOST_SNAPSHOTS) return removeSnapshot(actor, target, oldest);
  const name = world.freshName("s");
  return {
    ...{ actor, target: undefined, args: ["snapshot", name, target.name, "--yes"], allows: () => true },
    keep: () => void snapshots.set(name, state),
  };
}

/** What is not asked for any more may be there or not. */
function removeSnapshot(actor: Actor, target: { name: string; data: Data }, snapshot: string): Operation {
  const forget = () => void target.data.snapshots.delete(snapshot);
  return {
    ...{ actor, target: undefined, args: ["snapshots", "remove", snapshot, target.name, "--yes"] },
    ...{ prepare: async () => forget(), allows: () => true },
  };
}

function drawRewind(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  if (target === undefined || target.data.snapshots.size === 0) return undefined;
  const [name, state] = world.pick([...target.data.snapshots]);
  return { actor, args: ["rewind", name, target.name, "--yes"], target: target.data, allows: equals(state) };
}

function drawCopy(world: World, actor: Actor): Operation | undefined {
  const own = [...actor.worktrees];
  if (own.length === 0) return undefined;
  const [to, data] = world.pick(own);
  const sources = [...own.filter(([name]) => name !== to), ["main", world.main] as const];
  const [from, { state }] = world.pick(sources);
  return { actor, args: ["copy", from, "--to", to, "--yes"], ...replaces(world, data), allows: equals(state) };
}

function drawReset(world: World, actor: Actor): Operation | undefined {
  if (actor.worktrees.size === 0) return undefined;
  const [name, data] = world.pick([...actor.worktrees]);
  return { actor, args: ["reset", name, "--yes"], ...replaces(world, data), allows: equals(world.main.state) };
}

function drawMigrate(world: World, actor: Actor): Operation | undefined {
  const target = drawTarget(world, actor);
  if (target === undefined) return undefined;
  const { notes, migrations } = target.data.state;
  const howFar = world.pick(HOW_FAR);
  const wanted = { "up 1": Math.min(3, migrations + 1), up: 3, "down 1": Math.max(0, migrations - 1), "goto 2": 2 };
  return {
    ...{ actor, target: target.data },
    args: ["migrate", ...howFar.split(" "), "-t", target.name, "--yes"],
    allows: equals({ notes, migrations: wanted[howFar] }),
  };
}

function drawRemove(world: World, actor: Actor): Operation | undefined {
  if (actor.worktrees.size === 0) return undefined;
  const [name, data] = world.pick([...actor.worktrees]);
  const args = ["remove", name, "--yes", "--force"];
  return { actor, args, target: data, removes: name, allows: () => false };
}

/** Nothing is gone for as long as prune waits: it may take nothing. */
function drawPrune(_world: World, actor: Actor): Operation {
  return { actor, args: ["prune", "--yes"], target: undefined, allows: () => true };
}

function drawLook(world: World, actor: Actor): Operation {
  const args = world.pick([["list"], ["status"], ["migrate", "status"], ["dumps", "list"], ["history"]]);
  return { actor, args, target: undefined, allows: () => true };
}

/** How to go on with a worktree that a struck command has left half-made, or half-removed; another user may be at main's database. */
export function commandsToMend(actor: Actor, worktree: string, wish: "whole" | "gone"): readonly string[] {
  return wish === "whole"
    ? ["-C", folderOf(actor, worktree), "provision", "--json", "--wait-lock", "1m"]
    : ["remove", worktree, "--yes", "--force", "--wait-lock", "1m"];
}
