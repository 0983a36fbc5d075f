/** The compiled program as a user starts it, in a repository and a home of its own. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOk } from "../engine/run.ts";

const root = join(import.meta.dir, "../../..");

/** The binary that `bun run build.ts` made, or the one that is named. */
export const binary = process.env.PGROVE_TEST_BINARY ?? join(root, "dist/pgrove");

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  env?: Record<string, string>;
  cwd?: string;
  stdin?: Blob;
  /** Words in front of the program: `unshare --mount …`. */
  wrap?: readonly string[];
  /** Another place of the program. */
  binary?: string;
}

/** A pgrove that runs. */
export interface Started {
  readonly pid: number;
  /** What it has said on stderr so far. */
  said(): string;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

/** A git repository with a pgrove.yaml, and a home, both in a temporary folder. */
export class Repo {
  readonly folder: string;
  readonly home: string;
  /** Where its dumps go. */
  store: string;

  constructor(private readonly base: string) {
    this.folder = join(base, "repo");
    this.home = join(base, "home");
    this.store = join(this.home, "data/pgrove/dumps/faults");
  }

  async configure(yaml: string): Promise<void> {
    await writeFile(join(this.folder, "pgrove.yaml"), yaml);
  }

  path(...parts: string[]): string {
    return join(this.base, ...parts);
  }

  start(args: readonly string[], options: StartOptions = {}): Started {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: bun run build.ts`);
    const child = Bun.spawn([...(options.wrap ?? []), options.binary ?? binary, ...args], {
      cwd: options.cwd ?? this.folder,
      env: { ...this.environment(), ...options.env },
      stdin: options.stdin ?? "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    let stderr = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stderr) stderr += decoder.decode(chunk, { stream: true });
    })();
    const ended = (async () => {
      const [stdout] = await Promise.all([new Response(child.stdout).text(), reading, child.exited]);
      const signal = child.signalCode === null ? null : String(child.signalCode);
      return { code: child.exitCode, signal, stdout, stderr };
    })();
    return {
      pid: child.pid,
      said: () => stderr,
      isRunning: () => child.exitCode === null && child.signalCode === null,
      kill: (signal) => child.kill(signal),
      ended,
    };
  }

  async run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    return await this.start(args, options).ended;
  }

  /** Runs it and throws with its words unless it exits 0; resolves with stdout without its last newline. */
  async ok(args: readonly string[], options: StartOptions = {}): Promise<string> {
    const ended = await this.run(args, options);
    if (ended.code === 0) return ended.stdout.trimEnd();
    throw new Error(`pgrove ${args.join(" ")} exited ${ended.code ?? ended.signal}:\n${ended.stderr}${ended.stdout}`);
  }

  environment(): Record<string, string> {
    const kept = ["PATH", "DOCKER_HOST", "DOCKER_CONFIG"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const xdg = { XDG_DATA_HOME: "data", XDG_STATE_HOME: "state", XDG_CONFIG_HOME: "config", XDG_CACHE_HOME: "cache" };
    const folders = Object.entries(xdg).map(([name, folder]) => [name, join(this.home, folder)] as const);
    return {
      ...Object.fromEntries([...kept, ...folders]),
      HOME: this.home,
      USER: "tester",
      NO_COLOR: "1",
      LC_ALL: "C",
    };
  }

  /** Everything in the store, hidden files too, sorted. */
  stored(): string[] {
    return existsSync(this.store) ? readdirSync(this.store).sort() : [];
  }

  /** The size of the dump that is being written; undefined while there is none. */
  partialBytes(): number | undefined {
    const name = this.stored().find((each) => each.startsWith(".") && each.endsWith(".tmp"));
    if (name === undefined) return undefined;
    return statSync(join(this.store, name), { throwIfNoEntry: false })?.size;
  }

  get stateDir(): string {
    return join(this.folder, ".git/pgrove");
  }

  /** The records of runs that have begun and not ended; a record that a kill left half-written goes after a day by itself. */
  openRuns(): string[] {
    const folder = join(this.stateDir, "runs");
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.filter((name) => !name.startsWith(".")).sort();
  }

  /** The journal's lines; one that is being written just now counts from its end on, one that a full disk has cut short never. */
  async journal(): Promise<Record<string, unknown>[]> {
    const text = await readFile(join(this.stateDir, "journal.jsonl"), "utf8").catch(() => "");
    return text.split("\n").slice(0, -1).flatMap(parseLine);
  }

  /** The ids of every run that this repository has seen. */
  async runs(): Promise<string[]> {
    return [...new Set((await this.journal()).map((entry) => String(entry.run)))];
  }

  async remove(): Promise<void> {
    await rm(this.base, { recursive: true, force: true });
  }
}

function parseLine(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

/** A repository whose pgrove.yaml is the given text behind `project: faults`. */
export async function makeRepo(yaml: string): Promise<Repo> {
  const repo = new Repo(await mkdtemp(join(tmpdir(), "pgrove-fault-")));
  await mkdir(repo.folder);
  await mkdir(repo.home);
  await runOk("git", ["init", "-q", "-b", "main", repo.folder]);
  await repo.configure(`project: faults\n${yaml}`);
  return repo;
}

/** The lines of pgrove.yaml for a database in a container. */
export function inContainer(container: string, database: string, further = ""): string {
  return `server: {container: ${container}}\ndatabase: {name: ${database}}\n${further}`;
}
