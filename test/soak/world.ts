/** What a soak works on: two users with a repository each, one server, main's database that both copy, and what must be there. */
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOk } from "../support/engine/run.ts";
import { startServer, type TestServer } from "../support/engine/server.ts";
import { seeded } from "../support/faults/moments.ts";
import { Repo } from "../support/faults/program.ts";
import { connect } from "../support/faults/world.ts";

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

/** A user with a clone, a home and a key of its own. */
export interface Actor {
  name: string;
  repo: Repo;
  worktrees: Map<string, Data>;
  dumps: Dump[];
}

export const PROJECT = "soak";
const MIGRATIONS = 3;

export class World {
  readonly main: Data = { database: PROJECT, state: { notes: ["first"], migrations: 0 }, snapshots: new Map() };
  /** Databases that belong to nobody here, though their names look like ours: their oid may not change. */
  readonly strangers = new Map<string, number>();
  /** Files that somebody has planted where pgrove keeps its own. */
  readonly planted: string[] = [];
  private counter = 0;

  private constructor(
    readonly server: TestServer,
    readonly actors: readonly Actor[],
    private readonly random: () => number,
  ) {}

  static async create(seed: number): Promise<World> {
    const server = await startServer({ major: 17, command: ["postgres", "-c", "fsync=off"] });
    await server.createDatabase(PROJECT);
    await server.psql(PROJECT, "create table note (text text primary key); insert into note values ('first')");
    const actors = await Promise.all(["ann", "bob"].map((name) => createActor(name, server)));
    return new World(server, actors, seeded(seed));
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

  /** What the database really holds; undefined when there is none of that name. */
  async read(database: string): Promise<State | undefined> {
    const sql = connect(this.server, database);
    try {
      const notes = await sql<{ text: string }[]>`select text from note order by text`;
      const [ledger] = await sql<{ there: boolean }[]>`select to_regclass('pgrove.migrations') is not null as there`;
      const [count] = ledger?.there ? await sql<{ n: number }[]>`select count(*)::int as n from pgrove.migrations` : [];
      return { notes: notes.map(({ text }) => text), migrations: count?.n ?? 0 };
    } catch (error) {
      if (Reflect.get(Object(error), "code") === "3D000") return undefined;
      throw error;
    } finally {
      await sql.end();
    }
  }

  async oidOf(database: string): Promise<number | undefined> {
    const said = await this.server.psql("postgres", `select oid from pg_database where datname = $n$${database}$n$`);
    return said === "" ? undefined : Number(said);
  }

  /** A stranger's database, under a name that ours would like. */
  async addStranger(database: string): Promise<void> {
    if ((await this.oidOf(database)) !== undefined) return;
    await this.server.createDatabase(database);
    this.strangers.set(database, (await this.oidOf(database)) ?? 0);
  }

  async remove(): Promise<void> {
    await this.server.remove();
    await Promise.all(this.actors.map(({ repo }) => repo.remove()));
  }
}

async function createActor(name: string, server: TestServer): Promise<Actor> {
  const repo = new Repo(await realpath(await mkdtemp(join(tmpdir(), `pgrove-soak-${name}-`))));
  await mkdir(join(repo.folder, "migrations"), { recursive: true });
  await mkdir(repo.home);
  const yaml = `project: ${PROJECT}\nserver: {container: ${server.container}}\ndatabase: {name: ${PROJECT}}\n`;
  await writeFile(join(repo.folder, "pgrove.yaml"), `${yaml}migrations: {dir: migrations}\nsnapshots: {keep: 100}\n`);
  await writeFile(join(repo.folder, ".gitignore"), ".env\n");
  for (let version = 1; version <= MIGRATIONS; version++) {
    const file = join(repo.folder, "migrations", `00${version}_m.up.sql`);
    await writeFile(file, `create table m${version} (id int);\n`);
    await writeFile(file.replace(".up.", ".down."), `drop table m${version};\n`);
  }
  const git = ["-C", repo.folder, "-c", "user.name=soak", "-c", "user.email=soak@example.org"];
  await runOk("git", ["init", "-q", "-b", "main", repo.folder]);
  await runOk("git", [...git, "add", "-A"]);
  await runOk("git", [...git, "commit", "-qm", "first"]);
  repo.store = join(repo.home, "data/pgrove/dumps", PROJECT);
  return { name, repo, worktrees: new Map(), dumps: [] };
}

/** The folder of an actor's worktree. */
export function folderOf({ repo }: Actor, worktree: string): string {
  return repo.path("repo-worktrees", worktree);
}

/** Temporary files that pgrove has left in an actor's store and state folder. */
export function temporaryFiles({ repo }: Actor): string[] {
  return [repo.store, repo.stateDir].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".tmp")) : [],
  );
}

/** Removes a folder with all that is in it, as a user's `rm -rf` does. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
