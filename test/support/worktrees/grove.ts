/** A repository with a main database on a server of the tests, and what its worktrees have, seen from outside of pgrove. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Sql } from "postgres";
import { withLock } from "../../../src/sys/file-lock.ts";
import { type RunResult, run, runOk, waitFor } from "../engine/run.ts";
import type { TestServer } from "../engine/server.ts";
import { type Gate, gateOf } from "../faults/gates.ts";
import { Repo, type Started, type StartOptions } from "../faults/program.ts";
import { freshName } from "../faults/sample.ts";
import { connect, type Fingerprint, readFingerprint, scratchDatabases } from "../faults/world.ts";

export const ITEMS = "create table item as select i as id, 'item ' || i as name from generate_series(1, 50) i";

export interface GroveOptions {
  /** Further lines of pgrove.yaml. */
  yaml?: string;
  /** What main's database holds. */
  sql?: string;
}

/** A database of the server, by its comment. */
export interface FoundDatabase {
  name: string;
  oid: number;
  comment: string | null;
}

/** What `--json` says of a worktree; only what tests look at. */
export interface WorktreeDocument {
  name: string;
  branch: string | null;
  path: string;
  database: string;
  index: number;
  ports: Record<string, number>;
  state: string;
}

export class Grove implements AsyncDisposable {
  private constructor(
    readonly repo: Repo,
    readonly server: TestServer,
    /** The project's name, and that of main's database: no other test has it. */
    readonly project: string,
    readonly sql: Sql,
  ) {}

  static async create(server: TestServer, { yaml = "", sql = ITEMS }: GroveOptions = {}): Promise<Grove> {
    const project = freshName("grove");
    const repo = new Repo(await realpath(await mkdtemp(join(tmpdir(), "pgrove-worktrees-"))));
    await mkdir(repo.folder);
    await mkdir(repo.home);
    await runOk("git", ["init", "-q", "-b", "main", repo.folder]);
    repo.store = join(repo.home, "data/pgrove/dumps", project);
    const lines = [`project: ${project}`, `server: {container: ${server.container}}`, `database: {name: ${project}}`];
    await repo.configure(`${lines.join("\n")}\n${yaml}`);
    const look = connect(server);
    await look.unsafe(`create database "${project}"`);
    const inside = connect(server, project);
    await inside.unsafe(sql);
    await inside.end();
    const grove = new Grove(repo, server, project, look);
    await grove.commit("first", { ".gitignore": ".env\n" });
    return grove;
  }

  /** The folder that a worktree of that name gets. */
  at(name: string): string {
    return this.repo.path("repo-worktrees", name);
  }

  async ok(args: readonly string[], options: StartOptions = {}): Promise<string> {
    return await this.repo.ok(args, options);
  }

  /** `pgrove new`, without anybody to ask. */
  async make(branch: string, ...args: string[]): Promise<WorktreeDocument> {
    return (await this.json(["new", branch, ...args])).worktree as WorktreeDocument;
  }

  /** The JSON document that a command answers with. */
  async json(args: readonly string[], options: StartOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse(await this.ok([...args, "--json", "--verbose"], options)) as Record<string, unknown>;
  }

  async list(): Promise<WorktreeDocument[]> {
    return (await this.json(["list"])).worktrees as WorktreeDocument[];
  }

  /** Runs it and throws unless it ends with that exit code; resolves with what it said on stderr. */
  async fails(code: number, args: readonly string[], options: StartOptions = {}): Promise<string> {
    const ended = await this.repo.run(args, options);
    if (ended.code === code) return ended.stderr;
    throw new Error(`pgrove ${args.join(" ")} exited ${ended.code}, not ${code}:\n${ended.stderr}${ended.stdout}`);
  }

  async tryGit(args: readonly string[], cwd = this.repo.folder): Promise<RunResult> {
    const author = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"];
    return await run("git", [...author, ...args], { cwd, env: { HOME: this.repo.home } });
  }

  async git(args: readonly string[], cwd = this.repo.folder): Promise<string> {
    const { code, stdout, stderr } = await this.tryGit(args, cwd);
    if (code !== 0) throw new Error(`git ${args.join(" ")} exited ${code}: ${stderr}`);
    return stdout.trim();
  }

  /** Writes the files and commits everything. */
  async commit(message: string, files: Readonly<Record<string, string>> = {}, cwd = this.repo.folder): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(cwd, path)), { recursive: true });
      await writeFile(join(cwd, path), text);
    }
    await this.git(["add", "-A"], cwd);
    await this.git(["commit", "-qm", message, "--allow-empty"], cwd);
  }

  /** The databases whose names begin with the project's, main's left out. */
  async databases(): Promise<FoundDatabase[]> {
    const rows = await this.sql<FoundDatabase[]>`
      select datname::text as name, oid::int as oid, shobj_description(oid, 'pg_database') as comment
        from pg_database where starts_with(datname, ${`${this.project}_`}) order by 1`;
    return [...rows];
  }

  async databaseNames(): Promise<string[]> {
    return (await this.databases()).map(({ name }) => name);
  }

  async oid(database: string): Promise<number | undefined> {
    return (await this.databases()).find(({ name }) => name === database)?.oid;
  }

  /** Runs SQL in a database over its published port; resolves with the first column of the first row. */
  async ask(database: string, query: string): Promise<unknown> {
    const sql = connect(this.server, database);
    try {
      return Object.values((await sql.unsafe(query))[0] ?? {})[0];
    } finally {
      await sql.end();
    }
  }

  /** Everything in main's database: no worktree may change it. */
  async main(): Promise<Fingerprint> {
    return await readFingerprint(this.server, this.project);
  }

  /** `prune` that waits for nothing. */
  get pruneNow(): string[] {
    return ["prune", "--now", "--confirm", this.project];
  }

  get registryFile(): string {
    return join(this.repo.stateDir, "registry.json");
  }

  async rows(): Promise<Record<string, unknown>[]> {
    if (!existsSync(this.registryFile)) return [];
    return JSON.parse(await readFile(this.registryFile, "utf8")).worktrees;
  }

  /** Nobody can change the registry until the gate is opened. */
  async holdRegistry(): Promise<Gate> {
    const [held, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = withLock(`${this.registryFile}.lock`, 10_000, async () => {
      held.resolve();
      await opened.promise;
    });
    await Promise.race([held.promise, holding]);
    return gateOf(async () => {
      opened.resolve();
      await holding;
    });
  }

  /** The folders of git's linked worktrees, by name, whether they are there or not. */
  async linked(): Promise<string[]> {
    const listed = await this.git(["worktree", "list", "--porcelain"]);
    const roots = [...listed.matchAll(/^worktree (.*)$/gm)].map(([, root]) => basename(root ?? ""));
    return roots.slice(1).sort();
  }

  /** What is left of worktrees anywhere: git's books, folders, databases, rows. */
  async remains(): Promise<{ linked: string[]; folders: string[]; databases: string[]; rows: unknown[] }> {
    const folder = this.repo.path("repo-worktrees");
    return {
      linked: await this.linked(),
      folders: existsSync(folder) ? (await readdir(folder)).sort() : [],
      databases: await this.databaseNames(),
      rows: (await this.rows()).map(({ name }) => name),
    };
  }

  /** The value of a variable in a worktree's env file. */
  async variable(folder: string, name: string): Promise<string | undefined> {
    const text = await readFile(join(folder, ".env"), "utf8");
    return new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1];
  }

  /** The scratch databases of this repository's runs. */
  async scratch(): Promise<string[]> {
    return await scratchDatabases(this.sql, this.repo);
  }

  /** Starts it, and kills it as soon as the condition holds. Throws when it ends before. */
  async strike(
    args: readonly string[],
    signal: NodeJS.Signals,
    what: string,
    when: () => Promise<boolean>,
  ): Promise<Started> {
    const program = this.repo.start(args);
    const seen = async () => {
      if (await when()) return true;
      if (!program.isRunning()) throw new Error(`it ended before ${what}:\n${program.said()}`);
      return false;
    };
    await waitFor(what, 30_000, seen, 1);
    program.kill(signal);
    await program.ended;
    return program;
  }

  /** Waits until no git works in this repository: it outlives a pgrove that is killed. */
  async waitForGit(): Promise<void> {
    const isAtWork = async () => {
      const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      const lines = await Promise.all(
        processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")), // it may have ended by now
      );
      return lines.some((line) => line.startsWith("git\0") && line.includes(this.repo.path()));
    };
    await waitFor("git to have ended", 10_000, async () => !(await isAtWork()), 5);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const names = [this.project, ...(await this.databaseNames()), ...(await this.scratch())];
    for (const name of names) await this.sql.unsafe(`drop database if exists "${name}" with (force)`);
    await this.sql.end();
    await rm(this.repo.path(), { recursive: true, force: true });
  }
}

export const nothingRemains = { linked: [], folders: [], databases: [], rows: [] };
