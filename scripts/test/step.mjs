// Runs the programs of a test run, announced with their time. A signal goes to all that run; after it only `last` steps start.
import { spawn } from "node:child_process";

const children = new Set();
let stoppedBy;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    stoppedBy = signal;
    for (const child of children) child.kill(signal);
  });
}

/** True once a signal has come. */
export function isStopped() {
  return stoppedBy !== undefined;
}

/**
 * Runs a program to its end; resolves with {ok, output}. What it says goes to stderr; `keep: "stdout"` returns its
 * stdout instead, `keep: "all"` both, in order.
 */
export async function runStep(name, file, args, { cwd, env, keep = "nothing", last = false }) {
  if (isStopped() && !last) return { ok: false, output: "" };
  say(`${name} …`);
  const began = performance.now();
  return new Promise((resolve) => {
    const stdio = ["ignore", keep === "nothing" ? 2 : "pipe", keep === "all" ? "pipe" : 2];
    const child = spawn(file, args, { cwd, env, stdio });
    children.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk) => {
        output += chunk;
      });
    }
    const end = (ok, why) => {
      children.delete(child);
      say(`${name}: ${ok ? "ok" : why}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
      resolve({ ok, output });
    };
    child.on("error", (error) => end(false, error.message));
    child.on("close", (code, signal) => end(code === 0, signal ?? `exit ${code}`));
  });
}

/** A line of the run's story. */
export function say(line) {
  process.stderr.write(`test: ${line}\n`);
}
