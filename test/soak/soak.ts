/** Random commands with random faults, against a model of what must be there. Whatever is not as the model says is a loss. */
import { existsSync } from "node:fs";
import type { Ended } from "../support/faults/program.ts";
import { drawFault, type Fault } from "./faults.ts";
import { commandsToMend, drawOperation, type Operation } from "./operations.ts";
import { Oracle } from "./oracle.ts";
import { moveAway, plant, whileAway } from "./planted.ts";
import { describeStep, type Report } from "./report.ts";
import type { ServerKind } from "./server.ts";
import { type Actor, type Data, folderOf, PROJECT, World } from "./world.ts";

/** Everything is looked at this often; the database that a command works on, each time. */
const LOOK_EVERY = 25;
/** How long a command takes of which that is not known yet. */
const FIRST_USUAL_MS = 300;

export interface SoakOptions {
  steps: number;
  seed: number;
  server: ServerKind;
  say: (line: string) => void;
}

/** One command of a step, with all that is drawn for it beforehand. */
interface Play {
  operation: Operation;
  fault: Fault | undefined;
  /** Something else runs at the same time, which may have what it wants. */
  contended: boolean;
  /** A worktree that a struck command has left half-made is made whole; otherwise it is removed. */
  mendWhole: boolean;
  /** What a struck command has left at work is ended by the next run at once; otherwise it comes to its end by itself. */
  byNext: boolean;
}

/** Runs so many steps; it ends early at the first loss, since nothing behind it can be judged. */
export async function soak(options: SoakOptions): Promise<Report> {
  const world = await World.create(options.seed, options.server);
  const run = new Soak(world, options);
  try {
    await run.playAll();
    return run.report;
  } finally {
    await world.remove();
  }
}

class Soak {
  readonly report: Report;
  readonly oracle: Oracle;
  private readonly usualMs = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly options: SoakOptions,
  ) {
    this.report = {
      ...{ seed: options.seed, server: options.server, steps: 0, faults: {}, refused: 0, restartsNotInjected: 0 },
      ...{ lost: [], foreignTouched: [], leftovers: [] },
    };
    this.oracle = new Oracle(world, this.report);
  }

  /** What the soak itself cannot cope with is told like a loss: with the step, and all that was counted before. */
  async playAll(): Promise<void> {
    const { report, oracle } = this;
    try {
      while (report.steps < this.options.steps && report.lost.length === 0) await this.step();
      await oracle.lookAtEverything();
      await oracle.finish();
    } catch (error) {
      this.lose(`step ${report.steps}: the soak has ended: ${Bun.inspect(error)}`);
    }
  }

  private async step(): Promise<void> {
    const { world, report } = this;
    report.steps += 1;
    world.beginStep(report.steps);
    const actor = world.pick(world.actors);
    const chance = world.below(100);
    if (chance < 8) this.count(await plant(world, actor));
    else if (chance < 10 && actor.worktrees.size > 0) await this.lookWhileAway(actor);
    else if (chance < 12 && actor.worktrees.size > 0) await this.move(actor);
    else await this.play(actor);
    if (report.steps % LOOK_EVERY === 0) await this.oracle.lookAtEverything();
  }

  /** One command, or two of two users at once. */
  private async play(actor: Actor): Promise<void> {
    const { world } = this;
    const operation = drawOperation(world, actor);
    const fault = await drawFault(world, actor);
    const other = world.actors.find((each) => each !== actor);
    const both = other !== undefined && operation.target !== world.main && fault?.forAll !== true;
    const beside = both && world.below(6) === 0 ? drawOperation(world, other) : undefined;
    const contended = beside !== undefined && beside.target !== world.main;
    const first = { operation, fault, contended, mendWhole: world.below(2) === 0, byNext: world.below(6) === 0 };
    if (!contended) return await this.run(first);
    this.count("two at once");
    const second = { operation: beside, fault: undefined, contended, mendWhole: true, byNext: false };
    await Promise.all([this.run(first), this.run(second)]);
  }

  private async run(play: Play): Promise<void> {
    const { operation, fault, contended } = play;
    const { actor, args, target } = operation;
    const what = describeStep(this.report.steps, actor.name, args, fault?.name);
    const occupied = operation.makes !== undefined && existsSync(folderOf(actor, operation.makes));
    await operation.prepare?.();
    const ended = await this.runStruck(operation, fault);
    this.options.say(`${what}: ${ended.code ?? ended.signal}`);
    if (/pgrove has a bug/.test(ended.stderr)) this.lose(`${what}: ${ended.stderr.trim()}`);
    if (operation.mustFail && ended.code === 0) this.lose(`${what}: it says that all has gone well`);
    if (ended.code === 0 && !operation.mustFail) return await this.settle(what, operation, ended);
    const refused = contended && ended.code === 5;
    const excused = fault?.mayFail === true || refused || operation.mustFail || occupied;
    if (!excused) this.lose(`${what}: exit ${ended.code}\n${ended.stderr.trim()}`);
    if (refused) this.report.refused += 1;
    if (fault?.mayFail) await this.oracle.waitForDead(what, actor, ended.pid, play.byNext);
    if (occupied) return;
    if (operation.makes !== undefined) await this.mendNew(what, play, operation.makes);
    else if (operation.removes !== undefined) await this.mendRemove(what, operation, operation.removes);
    else if (target !== undefined) await this.requireEither(what, operation, target);
  }

  /** Runs it with the fault; resolves once both have ended, and what the fault has done is undone. */
  private async runStruck(
    { actor, args, stdin }: Operation,
    fault: Fault | undefined,
  ): Promise<Ended & { pid: number }> {
    const verb = args[0] ?? "";
    const began = performance.now();
    const program = this.world.start(actor, args, { ...(stdin && { stdin }), ...(fault?.env && { env: fault.env }) });
    const usualMs = this.usualMs.get(verb) ?? FIRST_USUAL_MS;
    const striking = fault?.strike(this.world, actor, program, usualMs) ?? Promise.resolve(false);
    const ended = await program.ended;
    const took = performance.now() - began;
    const happened = await striking;
    await fault?.undo?.(this.world, actor);
    if (fault === undefined) this.usualMs.set(verb, (usualMs + took) / 2);
    if (fault !== undefined && happened) this.count(fault.name);
    if (fault?.strikesServer) await this.oracle.expectRestart();
    return { ...ended, pid: program.pid };
  }

  /** The command went through: all of what it was to do is there. */
  private async settle(what: string, operation: Operation, { stdout }: Ended): Promise<void> {
    operation.keep?.(stdout);
    const { target } = operation;
    if (operation.removes !== undefined) return await this.requireGone(what, operation, operation.removes);
    if (target === undefined) return;
    const after = await this.world.read(target.database);
    if (after === undefined || !operation.allows(after)) this.lose(`${what}: ${JSON.stringify({ target, after })}`);
    else target.state = after;
  }

  private async requireEither(what: string, operation: Operation, target: Data): Promise<void> {
    const after = await this.world.read(target.database);
    const good = after !== undefined && (Bun.deepEquals(after, target.state) || operation.allows(after));
    if (good) target.state = after;
    else this.lose(`${what}, struck: ${JSON.stringify({ target, after })}`);
  }

  private async mendNew(what: string, { operation, mendWhole }: Play, name: string): Promise<void> {
    const { actor } = operation;
    const whole = mendWhole && existsSync(folderOf(actor, name));
    const mended = await this.world.start(actor, commandsToMend(actor, name, whole ? "whole" : "gone")).ended;
    this.options.say(`  mended (${whole ? "provision" : "remove"}): ${mended.code}`);
    if (!whole) return await this.requireGone(what, operation, name);
    if (mended.code !== 0) this.lose(`${what}, then provision: exit ${mended.code}\n${mended.stderr}`);
    else await this.settle(`${what}, then provision`, operation, mended);
  }

  private async mendRemove(what: string, operation: Operation, name: string): Promise<void> {
    await this.world.start(operation.actor, commandsToMend(operation.actor, name, "gone")).ended;
    await this.requireGone(what, operation, name);
  }

  /** Neither the folder nor the database of a worktree is there. */
  private async requireGone(what: string, { actor, target }: Operation, name: string): Promise<void> {
    const usual = `${PROJECT}_${name}`;
    const database = target?.database || (this.world.strangers.has(usual) ? "" : usual);
    if (existsSync(folderOf(actor, name))) this.lose(`${what}: the folder is still there`);
    if ((await this.world.look()).oids.has(database)) this.lose(`${what}: ${database} is left`);
    actor.worktrees.delete(name);
  }

  private async lookWhileAway(actor: Actor): Promise<void> {
    const name = this.world.pick([...actor.worktrees.keys()]);
    await whileAway(actor, name, async () => {
      for (const args of [["prune", "--yes"], ["list"]]) {
        const ended = await this.world.start(actor, args).ended;
        this.options.say(`${describeStep(this.report.steps, actor.name, args, `${name} away`)}: ${ended.code}`);
      }
    });
    this.count("folder away");
  }

  private async move(actor: Actor): Promise<void> {
    const name = this.world.pick([...actor.worktrees.keys()]);
    await moveAway(this.world, actor, name);
    this.options.say(`step ${this.report.steps}: ${actor.name}: git worktree move ${name}`);
    this.count("folder moved");
  }

  private count(fault: string): void {
    this.report.faults[fault] = (this.report.faults[fault] ?? 0) + 1;
  }

  private lose(what: string): void {
    this.report.lost.push(what);
  }
}
