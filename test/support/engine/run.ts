/** Runs the programs that the test engine needs (docker, apt-get, tar …), one place for all of them. */
import { patiently } from "../patience.ts";

/** What a program answered. */
export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a program: extra environment, bytes for its stdin, and a bound on its time on a quiet machine. */
export interface RunOptions {
  env?: Record<string, string>;
  stdin?: string | Uint8Array | Blob;
  cwd?: string;
  timeoutMs?: number;
}

/** Runs a program to its end and returns what it said, whatever its exit code; 127 when it cannot be started. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  if (file === "" || Bun.which(file) === null) return { code: 127, stdout: "", stderr: `${file}: not found` };
  const child = Bun.spawn([file, ...args], {
    env: { ...process.env, ...options.env },
    stdin: toStdin(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: patiently(options.timeoutMs), killSignal: "SIGKILL" }),
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Runs a program and returns its stdout; throws with its last words when it fails. */
export async function runOk(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(file, args, options);
  if (result.code !== 0) {
    const said = `${result.stderr}\n${result.stdout}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${file} ${args.join(" ")} failed (exit ${result.code}):\n${said}`);
  }
  return result.stdout;
}

/** Polls until the condition holds; throws after the bound for a quiet machine, with what was waited for. */
export async function waitFor(
  what: string,
  quietMs: number,
  condition: () => Promise<boolean>,
  everyMs = 100,
): Promise<void> {
  const boundMs = patiently(quietMs);
  const end = performance.now() + boundMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${boundMs} ms in vain for ${what}`);
    await Bun.sleep(everyMs);
  }
}

/** Tells the person at the terminal what the test engine is doing. */
export function say(line: string): void {
  process.stderr.write(`engine: ${line}\n`);
}

function toStdin(stdin: RunOptions["stdin"]): Blob | "ignore" {
  if (stdin === undefined) return "ignore";
  return stdin instanceof Blob ? stdin : new Blob([typeof stdin === "string" ? stdin : new Uint8Array(stdin)]);
}
