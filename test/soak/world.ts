/** What a soak works on: two users with a repository each, one server, main's database that both copy, and what must be there. */
import { existsSync, readdirSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { Relay } from "../support/cut-relay.ts";
import { runOk } from "../support/engine/run.ts";
import { seeded } from "../support/faults/moments.ts";
import { binary, Repo, type Started, type StartOptions } from "../support/faults/program.ts";
import { Disk } from "./disks.ts";
import { connectTo, openSoakServer, type ServerKind, type SoakServer } from "./server.ts";

/** What a database holds: the notes that were put into it, and the migrations that it has. */
export interface State {
  notes: readonly string[];
  migrations: number;
}

/** A database of a worktree, or main's, and what must be in it. */
export interface Data {
  database: string;
  state: State;
  snapshots: Map<string, State>;
}

export interface Dump {
  path: string;
  state: State;
}

/** A user with a clone, a home, a key and disks of its own; where it can be had, another one of the machine's accounts. */
export interface Actor {
  name: string;
  repo: Repo;
  /** Its way to the server, where that is a network. */
  relay: Relay | undefined;
  disks: { home: Disk; store: Disk };
  worktrees: Map<string, Data>;
  /** Where worktrees are that were moved. */
  moved: Map<string, string>;
  dumps: Dump[];
  /** Words in front of every program: who runs it. */
  as: readonly string[];
}

export const PROJECT = "soak";
const MIGRATIONS = 3;
/** Whom the second user's programs run as. */
const NOBODY = 65534;

export class World {
  readonly main: Data = { database: PROJECT, state: { notes: ["first"], migrations: 0 }, snapshots: new Map() };
  /** Databases that belong to nobody here, though their names look like ours: their oid may not change. */
  readonly strangers = new Map<string, number>();
  /** Files that somebody has planted where pgrove keeps its own, with what is in them. */
  readonly planted = new Map<string, string>();
  private counter = 0;
  private random: () => number;

  private constructor(
    private readonly seed: number,
    private readonly base: string,
    readonly server: SoakServer,
    readonly actors: readonly Actor[],
    /** Looks at the server by itself, over no relay. */
    readonly sql: Sql,
  ) {
    this.random = seeded(seed);
  }

  static async create(seed: number, kind: ServerKind): Promise<World> {
    const base = await realpath(await mkdtemp(join(tmpdir(), "pgrove-soak-")));
    await chmod(base, 0o755);
    const program = join(base, "pgrove");
    await copyFile(binary, program); // where every user may run it
    await chmod(program, 0o755);
    const server = await openSoakServer(kind, base);
    const sql = connectTo(server, "postgres");
    await sql.unsafe(`create database ${PROJECT}`);
    const main = connectTo(server, PROJECT);
    await main.unsafe("create table note (text text primary key); insert into note values ('first')");
    await main.end();
    const two = kind === "host" && process.getuid?.() === 0;
    const actors = [
      await createActor("ann", base, server, []),
      await createActor("bob", base, server, two ? other : []),
    ];
    return new World(seed, base, server, actors, sql);
  }

  /** What is drawn in a step is drawn from the seed and the step alone. */
  beginStep(step: number): void {
    this.random = seeded(Math.imul(this.seed, 0x9e3779b1) + step);
  }

  /** A whole number from 0, below the bound. */
  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error("nothing to pick from");
    return found;
  }

  freshName(prefix: string): string {
    this.counter += 1;
    return `${prefix}${this.counter}`;
  }

  /** A name that a worktree may get soon. */
  nameToCome(): string {
    return `w${this.counter + 1 + this.below(20)}`;
  }

  /** Starts pgrove as the actor does; it alone sees the further environment, and not what starts it. */
  start(actor: Actor, args: readonly string[], { stdin, env = {} }: StartOptions = {}): Started {
    const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return actor.repo.start(args, {
      ...{ wrap: [...actor.as, "setsid", "env", ...given], binary: join(this.base, "pgrove") },
      ...{ env: { USER: actor.name, TMPDIR: temporaryFolder(actor) }, ...(stdin && { stdin }) },
    });
  }

  /** What the database really holds; undefined when there is none of that name. */
  async read(database: string): Promise<State | undefined> {
    const sql = connectTo(this.server, database);
    try {
      // One query for all, though the ledger may not be there.
      const [row] = await sql<{ notes: string[]; migrations: number }[]>`
        select (select coalesce(json_agg(text order by text collate "C"), '[]') from note) as notes,
               case when to_regclass('pgrove.migrations') is null then 0 else (xpath('/row/n/text()',
                 query_to_xml('select count(*) as n from pgrove.migrations', true, true, '')))[1]::text::int
               end as migrations`;
      return row;
    } catch (error) {
      if (Reflect.get(Object(error), "code") === "3D000") return undefined;
      throw error;
    } finally {
      await sql.end();
    }
  }

  /** Every database that is there with its oid, and when the server has started. */
  async look(): Promise<{ oids: Map<string, number>; started: string }> {
    const rows = await this.sql<{ name: string; oid: number; started: string }[]>`
      select datname as name, oid::int as oid, pg_postmaster_start_time()::text as started from pg_database`;
    return { oids: new Map(rows.map(({ name, oid }) => [name, oid])), started: rows[0]?.started ?? "" };
  }

  /** A stranger's database, under a name that ours would like. False where one of that name is there already. */
  async addStranger(database: string): Promise<boolean> {
    if ((await this.look()).oids.has(database)) return false;
    await this.sql.unsafe(`create database ${database}`);
    this.strangers.set(database, (await this.look()).oids.get(database) ?? 0);
    return true;
  }

  async remove(): Promise<void> {
    await this.sql.end({ timeout: 1 });
    for (const { relay, disks } of this.actors) {
      relay?.stop();
      await disks.store.remove();
      await disks.home.remove();
    }
    await this.server.remove();
    await rm(this.base, { recursive: true, force: true });
  }
}

const other = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];

async function createActor(name: string, base: string, server: SoakServer, as: readonly string[]): Promise<Actor> {
  const folder = join(base, name);
  await mkdir(folder);
  const home = await Disk.mount(folder, 512);
  const repo = new Repo(folder);
  repo.store = join(repo.home, "data/pgrove/dumps", PROJECT);
  const relay = server.kind === "host" ? await Relay.start(() => server.port) : undefined;
  await mkdir(join(repo.folder, "migrations"), { recursive: true });
  await mkdir(join(folder, "tmp"));
  await mkdir(repo.store, { recursive: true });
  const store = await Disk.mount(repo.store, 64);
  const where = relay ? `url: "postgres://${server.user}@127.0.0.1:${relay.port}/"` : `container: ${server.container}`;
  await repo.configure(`project: ${PROJECT}\nserver: {${where}}\ndatabase: {name: ${PROJECT}}\n${MORE_YAML}`);
  await writeFile(join(repo.folder, ".gitignore"), ".env\n");
  for (let version = 1; version <= MIGRATIONS; version++) {
    const file = join(repo.folder, "migrations", `00${version}_m.up.sql`);
    await writeFile(file, `create table m${version} (id int);\n`);
    await writeFile(file.replace(".up.", ".down."), `drop table m${version};\n`);
  }
  if (as.length > 0) await runOk("chown", ["-R", `${NOBODY}:${NOBODY}`, folder]);
  const actor: Actor = {
    name,
    repo,
    relay,
    as,
    disks: { home, store },
    worktrees: new Map(),
    moved: new Map(),
    dumps: [],
  };
  await runGit(actor, ["init", "-q", "-b", "main"]);
  await runGit(actor, ["add", "-A"]);
  await runGit(actor, ["commit", "-qm", "first"]);
  return actor;
}

const MORE_YAML = "migrations: {dir: migrations}\nsnapshots: {keep: 100}\n";

/** Runs git in the actor's repository, as the actor. */
export async function runGit({ as, repo }: Actor, args: readonly string[]): Promise<void> {
  const [file = "", ...all] = [...as, "git", "-c", "user.name=soak", "-c", "user.email=soak@example.org", ...args];
  await runOk(file, all, { cwd: repo.folder, env: { HOME: repo.home } });
}

/** The folder of an actor's worktree. */
export function folderOf({ repo, moved }: Actor, worktree: string): string {
  return moved.get(worktree) ?? repo.path("repo-worktrees", worktree);
}

/** Where the actor's programs put their temporary files. */
export function temporaryFolder({ repo }: Actor): string {
  return repo.path("tmp");
}

/** Temporary files that pgrove has left in an actor's store and state folder, and wherever the system wants them. */
export function temporaryFiles(actor: Actor): string[] {
  const { repo } = actor;
  const left = [repo.store, repo.stateDir].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".tmp")) : [],
  );
  return [...left, ...readdirSync(temporaryFolder(actor))];
}
