/** A repository with commits whose worktrees have something of their own, and what pgrove says of them. */
import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import postgres, { type Sql } from "postgres";
import { runOk } from "../engine/run.ts";
import { Repo, type StartOptions } from "../faults/program.ts";

/** What `--json` says of a worktree; only what tests look at. */
export interface WorktreeDocument {
  name: string;
  path: string;
  database: string;
  schema: string | null;
  state: string;
  server: string;
  size_bytes: number | null;
  migrations: { version: string | null; files: number; pending: number } | null;
  ports: Record<string, number>;
}

export class Repository implements AsyncDisposable {
  protected constructor(readonly repo: Repo) {}

  /** Files by their path; what is in `.gitignore` stays out of the commit. */
  static async create(files: Readonly<Record<string, string>>): Promise<Repository> {
    return new Repository(await makeRepository(files));
  }

  /** The folder that a worktree of that name gets. */
  at(name: string): string {
    return this.repo.path("repo-worktrees", name);
  }

  async ok(args: readonly string[], options: StartOptions = {}): Promise<string> {
    return await this.repo.ok(args, options);
  }

  /** The JSON document that a command answers with. */
  async json(args: readonly string[], options: StartOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse(await this.ok([...args, "--json"], options)) as Record<string, unknown>;
  }

  /** `pgrove new`, without anybody to ask. */
  async make(branch: string, ...args: string[]): Promise<WorktreeDocument> {
    return (await this.json(["new", branch, ...args])).worktree as WorktreeDocument;
  }

  async list(): Promise<WorktreeDocument[]> {
    return (await this.json(["list"])).worktrees as WorktreeDocument[];
  }

  /** What `list` says of one. */
  async listed(name: string): Promise<WorktreeDocument> {
    const found = (await this.list()).find((each) => each.name === name);
    if (found === undefined) throw new Error(`pgrove list has no ${name}`);
    return found;
  }

  /** Runs it and throws unless it ends with that exit code; resolves with what it said on stderr. */
  async fails(code: number, args: readonly string[], options: StartOptions = {}): Promise<string> {
    const ended = await this.repo.run(args, options);
    if (ended.code === code) return ended.stderr;
    throw new Error(`pgrove ${args.join(" ")} exited ${ended.code}, not ${code}:\n${ended.stderr}${ended.stdout}`);
  }

  async git(args: readonly string[], cwd = this.repo.folder): Promise<string> {
    const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    return (await runOk("git", [...author, ...args], { cwd, env: { HOME: this.repo.home } })).trim();
  }

  /** Asks a target's own URL, as a program of this machine does; resolves with the first column of the first row. */
  async ask(target: string, query: string): Promise<unknown> {
    const sql = await this.connect(target);
    try {
      return Object.values((await sql.unsafe(query))[0] ?? {})[0];
    } finally {
      await sql.end();
    }
  }

  /** A session over the URL that `pgrove url` prints. */
  async connect(target: string): Promise<Sql> {
    const url = await this.ok(["url", target]);
    return postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.repo.remove();
  }
}

async function makeRepository(files: Readonly<Record<string, string>>): Promise<Repo> {
  const repo = new Repo(await realpath(await mkdtemp(join(tmpdir(), "pgrove-isolation-"))));
  await mkdir(repo.home);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(repo.folder, path)), { recursive: true });
    await writeFile(join(repo.folder, path), text);
  }
  const git = ["-C", repo.folder, "-c", "user.name=t", "-c", "user.email=t@example.org"];
  await runOk("git", ["init", "-q", "-b", "main", repo.folder]);
  await runOk("git", [...git, "add", "-A"]);
  await runOk("git", [...git, "commit", "-qm", "first"]);
  return repo;
}
