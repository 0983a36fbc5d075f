/** Whether what is there is what the model says; and whether the struck have left anything. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { waitFor } from "../support/engine/run.ts";
import type { Report } from "./report.ts";
import { type Actor, temporaryFiles, type World } from "./world.ts";

export class Oracle {
  private started: string | undefined;
  private crashes = 0;

  constructor(
    private readonly world: World,
    private readonly report: Report,
  ) {}

  /** The server was restarted on purpose, or may have been: it is up again, with what that has cost. */
  async expectRestart(): Promise<void> {
    const { server } = this.world;
    await server.revive();
    this.started = (await this.world.look()).started;
    this.crashes = await server.countCrashes();
  }

  /** Every database, every dump, all that is not ours. */
  async lookAtEverything(): Promise<void> {
    const { world, report } = this;
    const all = [world.main, ...world.actors.flatMap(({ worktrees }) => [...worktrees.values()])];
    for (const { database, state } of all) {
      const found = await world.read(database);
      if (!Bun.deepEquals(found, state)) report.lost.push(`${database}: ${JSON.stringify({ state, found })}`);
    }
    for (const { path } of world.actors.flatMap(({ dumps }) => dumps)) {
      if (!existsSync(path)) report.lost.push(`${path}: the dump is gone`);
    }
    const { oids, started } = await world.look();
    for (const [database, oid] of world.strangers) {
      if (oids.get(database) !== oid) report.foreignTouched.push(database);
    }
    for (const [file, words] of world.planted) {
      if (!existsSync(file) || readFileSync(file, "utf8") !== words) report.foreignTouched.push(file);
    }
    const crashes = await world.server.countCrashes();
    if (this.started !== undefined && started !== this.started) report.restartsNotInjected += 1;
    report.restartsNotInjected += crashes - this.crashes;
    this.started = started;
    this.crashes = crashes;
  }

  /**
   * What a struck command has left at work comes to its end: the programs that it started, and their sessions. The next
   * run ends those of a dead one: `byNext` has one begin at once, where they would otherwise end by themselves.
   */
  async waitForDead(what: string, actor: Actor, pid: number, byNext: boolean): Promise<void> {
    if (byNext) await this.dumpMain(what, actor);
    const { server } = this.world;
    const ended = async () =>
      !isSessionAlive(pid) && !(await server.hasPrograms()) && (await this.sessionsOf(actor)).length === 0;
    await waitFor("the sessions of a dead run to end", 20_000, ended, 10).catch((error) => {
      this.report.lost.push(`${what}: ${String(error)}`);
    });
  }

  /** A last command of each user clears what the struck ones have left, in the server too, since it writes: then there is nothing. */
  async finish(): Promise<void> {
    const { actors, server } = this.world;
    for (const actor of actors) {
      const last = ["snapshot", this.world.freshName("end"), "main", "--yes", "--wait-lock", "1m"];
      const { code, stderr } = await this.world.start(actor, last).ended;
      if (code !== 0)
        this.report.lost.push(`the end: ${actor.name}: pgrove ${last.join(" ")}: exit ${code}\n${stderr}`);
      await waitFor("the last sessions to end", 20_000, async () => (await this.sessionsOf(actor)).length === 0, 20);
      const runs = await actor.repo.runs();
      const databases = [...(await this.world.look()).oids.keys()];
      const marked = [...databases, ...(await server.temporaryFiles())];
      const mine = marked.filter((name) => runs.some((run) => name.includes(run)));
      this.report.leftovers.push(...mine, ...temporaryFiles(actor));
    }
  }

  private async dumpMain(what: string, actor: Actor): Promise<void> {
    const ended = await this.world.start(actor, ["dump", "main", "--wait-lock", "1m"]).ended;
    if (ended.code === 0) actor.dumps.push({ path: ended.stdout.trim(), state: this.world.main.state });
    else this.report.lost.push(`${what}: the next dump: exit ${ended.code}\n${ended.stderr}`);
  }

  private async sessionsOf(actor: Actor): Promise<string[]> {
    const rows = await this.world.sql<{ name: string }[]>`
      select application_name as name from pg_stat_activity where application_name like 'pgrove-%'`;
    if (rows.length === 0) return [];
    const runs = await actor.repo.runs();
    return rows.map(({ name }) => name).filter((name) => runs.some((run) => name.includes(run)));
  }
}

/** Whether a program still runs that was started by the one of that number, which began a session of its own. */
function isSessionAlive(pid: number): boolean {
  return readdirSync("/proc").some((each) => /^\d+$/.test(each) && readSession(each) === pid);
}

function readSession(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
  } catch {
    return 0; // it has ended by now
  }
}
