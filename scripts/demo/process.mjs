/** Runs programs for the demo and the benchmark. Plain Node, since nothing may be installed yet. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

/** Thrown when a signal asked for an end: what was running was told, and has ended. */
export class Interrupted extends Error {
  constructor(signal) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

let running;
let received;

/** From now on Ctrl-C, TERM and a reader that went away end the program that is running; `run` throws Interrupted. */
export function watchSignals() {
  const stop = (signal) => {
    received ??= new Interrupted(signal);
    running?.kill(signal === "SIGINT" ? "SIGINT" : "SIGTERM");
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
  process.stdout.on("error", () => stop("SIGPIPE"));
}

/**
 * Runs a program to its end: resolves with its exit code and, unless it was shown, what it wrote. `onOutput` is given
 * both streams as they come; `firstWordMs` bounds the wait for the first of it. It gets a session of its own, since a Ctrl-C that reached it twice would cut its clean-up
 * short. `last` programs run after a signal, too.
 */
export async function run(file, args, options = {}) {
  const { cwd, env, onOutput, timeoutMs, firstWordMs, show = false, last = false } = options;
  if (received !== undefined && !last) throw received;
  const stdio = show ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"];
  const child = spawn(file, args, { cwd, env, stdio, detached: true });
  if (!last) running = child;
  const kill = () => child.kill("SIGKILL");
  const tooLong = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs);
  const tooSilent = firstWordMs === undefined ? undefined : setTimeout(kill, firstWordMs);
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name]?.setEncoding("utf8").on("data", (chunk) => {
      clearTimeout(tooSilent);
      text[name] += chunk;
      onOutput?.(chunk);
    });
  }
  try {
    const [code] = await once(child, "close");
    if (received !== undefined && !last) throw received;
    return { code: code ?? 1, ...text };
  } catch (error) {
    if (error.code === "ENOENT") return { code: 127, stdout: "", stderr: `${file}: not found` };
    throw error;
  } finally {
    clearTimeout(tooLong);
    clearTimeout(tooSilent);
    if (running === child) running = undefined;
  }
}

/** Whether a program answers with exit code 0 within the time. */
export async function answers(file, args, env, timeoutMs = 20_000) {
  return (await run(file, args, { env, timeoutMs })).code === 0;
}
