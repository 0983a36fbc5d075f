/** The compiled program as a user runs it: in a temporary repository, with a home of its own, also on a terminal. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runOk } from "../support/engine/run.ts";
import { patiently } from "../support/patience.ts";

/** The binary that `bun run build.ts` made, or the one that is named. */
export const binary = process.env.PGROVE_TEST_BINARY ?? join(import.meta.dir, "../../dist/pgrove");

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Relative to the repository; default: its root. */
  cwd?: string;
  stdin?: string;
}

/** Closes the terminal, as a window that is shut and a connection that is lost do. */
export const HANG_UP = Symbol("hang up");

/** Waits for the text on the terminal, then types, or hangs up. */
export type Step = readonly [waitFor: string, type: string | typeof HANG_UP];

const TERMINAL_TIMEOUT_MS = patiently(30_000);

/** A temporary folder with a git repository and a home in it. */
export class TestRepo {
  readonly root: string;
  readonly home: string;

  private constructor(private readonly base: string) {
    this.root = join(base, "repo");
    this.home = join(base, "home");
  }

  /** Files by their path in the repository. */
  static async create(files: Readonly<Record<string, string>> = {}): Promise<TestRepo> {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: bun run build.ts`);
    const repo = new TestRepo(await realpath(await mkdtemp(join(tmpdir(), "pgrove-e2e-"))));
    await mkdir(repo.home, { recursive: true });
    await mkdir(repo.root);
    await runOk("git", ["init", "-q", "-b", "main", repo.root]);
    for (const [path, text] of Object.entries(files)) await repo.write(path, text);
    return repo;
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  /** Only what a program needs: nothing of the tester's own databases, shells and settings. */
  environment(added: Record<string, string> = {}): Record<string, string> {
    const kept = ["PATH", "DOCKER_HOST", "DOCKER_CONFIG", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      ...Object.fromEntries(kept),
      HOME: this.home,
      XDG_DATA_HOME: join(this.home, "data"),
      XDG_STATE_HOME: join(this.home, "state"),
      XDG_CONFIG_HOME: join(this.home, "config"),
      ...added,
    };
  }

  /** Runs pgrove to its end, without a terminal. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return await this.runProgram([binary, ...args], options);
  }

  /** Runs any program as `run` does, such as a shell around pgrove. */
  async runProgram(command: readonly string[], { env, cwd = ".", stdin }: RunOptions = {}): Promise<Outcome> {
    const child = Bun.spawn([...command], {
      cwd: join(this.root, cwd),
      env: this.environment(env),
      stdin: stdin === undefined ? "ignore" : new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  /** Runs pgrove on a terminal of 100 × 30, by another program if need be, and plays the steps; resolves with what was shown. */
  async runOnTerminal(
    args: readonly string[],
    steps: readonly Step[] = [],
    env: Record<string, string> = {},
    by: readonly string[] = [],
  ): Promise<{ code: number; shown: string }> {
    const decoder = new TextDecoder();
    const todo = [...steps];
    let shown = "";
    let seen = 0;
    const child = Bun.spawn([...by, binary, ...args], {
      cwd: this.root,
      env: this.environment({ TERM: "xterm-256color", ...env }),
      terminal: {
        cols: 100,
        rows: 30,
        data: (terminal, bytes) => {
          shown += decoder.decode(bytes, { stream: true });
          const place = todo[0] === undefined ? -1 : shown.indexOf(todo[0][0], seen);
          if (place < 0) return;
          seen = shown.length;
          const deed = todo.shift()?.[1] ?? "";
          if (deed === HANG_UP) terminal.close();
          else terminal.write(deed);
        },
      },
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), TERMINAL_TIMEOUT_MS);
    const code = await child.exited;
    clearTimeout(timer);
    if (todo.length > 0) throw new Error(`${JSON.stringify(todo[0])} was waited for in vain; shown:\n${shown}`);
    return { code, shown };
  }

  async remove(): Promise<void> {
    await rm(this.base, { recursive: true, force: true });
  }
}
