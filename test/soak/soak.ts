/** Random commands with random faults, against a model of what must be there. Whatever is not as the model says is a loss. */
import { existsSync } from "node:fs";
import { waitFor } from "../support/engine/run.ts";
import type { Ended } from "../support/faults/program.ts";
import { connect, readRemains } from "../support/faults/world.ts";
import { drawFault, type Fault, plant, runStruck, whileAway } from "./faults.ts";
import { commandsToMend, drawOperation, type Operation } from "./operations.ts";
import { type Actor, type Data, folderOf, PROJECT, temporaryFiles, World } from "./world.ts";

/** What a soak has done and found. */
export interface Report {
  seed: number;
  steps: number;
  faults: Record<string, number>;
  refused: number;
  /** What was not as it must be, with the step. Empty is good. */
  lost: string[];
  foreignTouched: string[];
  restartsNotInjected: number;
  leftovers: string[];
}

/** Everything is looked at this often; the database that a command works on, each time. */
const LOOK_EVERY = 10;

/** Runs so many steps; it ends early at the first loss, since nothing behind it can be judged. */
export async function soak(options: { steps: number; seed: number; say: (line: string) => void }): Promise<Report> {
  const world = await World.create(options.seed);
  const run = new Soak(world, options.seed, options.say);
  try {
    while (run.report.steps < options.steps && run.report.lost.length === 0) await run.step();
    await run.lookAtEverything();
    await run.finish();
    return run.report;
  } finally {
    await world.remove();
  }
}

class Soak {
  readonly report: Report;
  private started: string | undefined;

  constructor(
    private readonly world: World,
    seed: number,
    private readonly say: (line: string) => void,
  ) {
    this.report = {
      ...{ seed, steps: 0, faults: {}, refused: 0, restartsNotInjected: 0 },
      ...{ lost: [], foreignTouched: [], leftovers: [] },
    };
  }

  async step(): Promise<void> {
    const { world, report } = this;
    this.started ??= await world.server.startTime();
    report.steps += 1;
    const actor = world.pick(world.actors);
    const chance = world.below(100);
    if (chance < 4) await plant(world, actor).then(() => this.count("planted record"));
    else if (chance < 10 && actor.worktrees.size > 0) await this.lookWhileAway(actor);
    else await this.play(actor);
    if (report.steps % LOOK_EVERY === 0) await this.lookAtEverything();
  }

  /** One command, or two of two users at once. */
  private async play(actor: Actor): Promise<void> {
    const { world } = this;
    const operation = drawOperation(world, actor);
    const fault = drawFault(world);
    const other = world.actors.find((each) => each !== actor);
    const both = other !== undefined && operation.target !== world.main && fault?.name !== "server restart";
    const beside = both && world.below(4) === 0 ? drawOperation(world, other) : undefined;
    if (beside === undefined || beside.target === world.main) return await this.run(operation, fault, false);
    this.count("two at once");
    await Promise.all([this.run(operation, fault, true), this.run(beside, undefined, true)]);
  }

  private async run(operation: Operation, fault: Fault | undefined, contended: boolean): Promise<void> {
    const { actor, args, target } = operation;
    const what = `step ${this.report.steps}: ${actor.name}: pgrove ${args.join(" ")}${fault ? `, ${fault.name}` : ""}`;
    const program = actor.repo.start(args);
    const ended = await runStruck(this.world, program, fault);
    if (fault !== undefined) this.count(fault.name);
    if (fault?.name === "server restart") this.started = await this.world.server.startTime();
    this.say(`${what}: ${ended.code ?? ended.signal}`);
    if (ended.code === 0) return await this.settle(what, operation, ended);
    const excused = fault?.mayFail === true || (contended && ended.code === 5);
    if (!excused) this.lose(`${what}: exit ${ended.code}\n${ended.stderr.trim()}`);
    if (contended && ended.code === 5) this.report.refused += 1;
    if (/pgrove has a bug/.test(ended.stderr)) this.lose(`${what}: ${ended.stderr.trim()}`);
    if (ended.code === null) await this.waitForDead(what, actor);
    if (operation.makes !== undefined) await this.mendNew(what, operation, operation.makes);
    else if (operation.removes !== undefined) await this.mendRemove(what, operation, operation.removes);
    else if (target !== undefined) await this.requireEither(what, operation, target);
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

  private async mendNew(what: string, operation: Operation, name: string): Promise<void> {
    const { actor } = operation;
    const whole = existsSync(folderOf(actor, name)) && this.world.below(2) === 0;
    const mended = await actor.repo.run(commandsToMend(actor, name, whole ? "whole" : "gone"));
    this.say(`  mended (${whole ? "provision" : "remove"}): ${mended.code}`);
    if (!whole) return await this.requireGone(what, operation, name);
    if (mended.code !== 0) this.lose(`${what}, then provision: exit ${mended.code}\n${mended.stderr}`);
    else await this.settle(`${what}, then provision`, operation, mended);
  }

  private async mendRemove(what: string, operation: Operation, name: string): Promise<void> {
    await operation.actor.repo.run(commandsToMend(operation.actor, name, "gone"));
    await this.requireGone(what, operation, name);
  }

  /** Neither the folder nor the database of a worktree is there. */
  private async requireGone(what: string, { actor, target }: Operation, name: string): Promise<void> {
    const usual = `${PROJECT}_${name}`;
    const database = target?.database || (this.world.strangers.has(usual) ? "" : usual);
    if (existsSync(folderOf(actor, name))) this.lose(`${what}: the folder is still there`);
    if (database !== "" && (await this.world.oidOf(database)) !== undefined) this.lose(`${what}: ${database} is left`);
    actor.worktrees.delete(name);
  }

  private async lookWhileAway(actor: Actor): Promise<void> {
    const name = this.world.pick([...actor.worktrees.keys()]);
    await whileAway(actor, name, async () => {
      for (const args of [["prune", "--yes"], ["list"]]) {
        const ended = await actor.repo.run(args);
        this.say(`step ${this.report.steps}: ${actor.name}: pgrove ${args.join(" ")}, ${name} away: ${ended.code}`);
      }
    });
    this.count("folder away");
    await this.lookAtEverything();
  }

  /** The next run ends what a killed one has left at work in the server. */
  private async waitForDead(what: string, actor: Actor): Promise<void> {
    const ended = await actor.repo.run(["dump", "main"]);
    if (ended.code !== 0) return this.lose(`${what}: the next dump: exit ${ended.code}\n${ended.stderr}`);
    actor.dumps.push({ path: ended.stdout.trim(), state: this.world.main.state });
    const runs = (await actor.repo.runs()).flatMap((run) => [`pgrove-${run}`, `pgrove-${run}-control`]);
    const sql = connect(this.world.server);
    const atWork = async () =>
      (await sql`select from pg_stat_activity where application_name in ${sql(runs)}`).length === 0;
    await waitFor("the sessions of a dead run to end", 20_000, atWork, 20).catch((error) => this.lose(String(error)));
    await sql.end();
  }

  async lookAtEverything(): Promise<void> {
    const { world, report } = this;
    const all = [world.main, ...world.actors.flatMap(({ worktrees }) => [...worktrees.values()])];
    for (const { database, state } of all) {
      const found = await world.read(database);
      if (!Bun.deepEquals(found, state)) this.lose(`${database}: ${JSON.stringify({ state, found })}`);
    }
    for (const { path } of world.actors.flatMap(({ dumps }) => dumps)) {
      if (!existsSync(path)) this.lose(`${path}: the dump is gone`);
    }
    for (const [database, oid] of world.strangers) {
      if ((await world.oidOf(database)) !== oid) report.foreignTouched.push(database);
    }
    for (const file of world.planted) if (!existsSync(file)) report.foreignTouched.push(file);
    const started = await world.server.startTime();
    if (started !== this.started) report.restartsNotInjected += 1;
    this.started = started;
  }

  /** A last command of each user clears what the struck ones have left: then there is nothing. */
  async finish(): Promise<void> {
    const { server, actors } = this.world;
    for (const actor of actors) {
      await this.waitForDead("the end", actor);
      const { sessions, databases, files, containers } = await readRemains(server, actor.repo);
      this.report.leftovers.push(...sessions, ...databases, ...files, ...containers, ...temporaryFiles(actor));
    }
  }

  private count(fault: string): void {
    this.report.faults[fault] = (this.report.faults[fault] ?? 0) + 1;
  }

  private lose(what: string): void {
    this.report.lost.push(what);
  }
}

/** The report in words: a line for each figure, and what was lost. */
export function describeReport(report: Report): string[] {
  const { seed, steps, faults, refused, lost, foreignTouched, restartsNotInjected, leftovers } = report;
  const struck = Object.values(faults).reduce((sum, each) => sum + each, 0);
  const kinds = Object.entries(faults).map(([name, count]) => `${name} ${count}`);
  return [
    `seed ${seed}: ${steps} steps, ${struck} faults (${kinds.join(", ")}), ${refused} refused beside another run`,
    `lost ${lost.length}, foreign things touched ${foreignTouched.length}, server restarts that were not injected ${restartsNotInjected}, leftovers ${leftovers.length}`,
    ...lost,
    ...[...foreignTouched, ...leftovers].map((each) => `  ${each}`),
  ];
}
