/** Runs commands and takes their time and their memory. Nothing here judges. */
import { readFileSync } from "node:fs";

/** How often a process is looked at. Its peak is read from the kernel, so only the last moments can be missed. */
const SAMPLE_MS = 20;

/** A program to measure, started without a shell. */
export interface Program {
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** Min and median of some runs, in ms. */
export interface Timing {
  runs: number[];
  minMs: number;
  medianMs: number;
}

/** One way of doing something: `prepare` and `restore` are not timed. */
export interface Contestant {
  name: string;
  prepare?: () => Promise<void>;
  run: () => Promise<void>;
  after?: () => Promise<void>;
}

/**
 * Runs a program to its end, its stdout thrown away. Throws with its last words when it ends with a code that is not
 * among the expected ones.
 */
export async function runProgram(
  { argv, env, cwd }: Program,
  watch?: (pid: number) => void,
  expected: readonly number[] = [0],
): Promise<void> {
  const child = Bun.spawn([...argv], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    ...(cwd === undefined ? {} : { cwd }),
  });
  const timer = watch === undefined ? undefined : setInterval(() => watch(child.pid), SAMPLE_MS);
  const [stderr, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  clearInterval(timer);
  if (!expected.includes(code))
    throw new Error(`${argv.join(" ")} failed (exit ${code}):\n${stderr.trim().slice(-2000)}`);
}

/** A pipeline as people type it; any part that fails fails the whole. */
export function shell(line: string, cwd: string): Program {
  return { argv: ["bash", "-o", "pipefail", "-c", line], cwd };
}

/** Lets the contestants take turns, A B C A B C. The first round warms up and does not count. */
export async function compare(contestants: readonly Contestant[], rounds: number): Promise<Map<string, Timing>> {
  const runs = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, prepare, run, after } of contestants) {
      await prepare?.();
      const began = performance.now();
      await run();
      const tookMs = performance.now() - began;
      await after?.();
      if (round > 0) runs.get(name)?.push(tookMs);
      process.stderr.write(`  ${round === 0 ? "warm-up" : `round ${round}`}  ${name}: ${formatMs(tookMs)}\n`);
    }
  }
  return new Map([...runs].map(([name, times]) => [name, timingOf(times)]));
}

/** Min and median. */
export function timingOf(runs: readonly number[]): Timing {
  const sorted = [...runs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [upper = 0, lower = upper] = [sorted[middle], sorted[middle - 1]];
  return { runs: [...runs], minMs: sorted[0] ?? 0, medianMs: sorted.length % 2 === 1 ? upper : (upper + lower) / 2 };
}

/** The peak of a process's resident memory so far, from the kernel's own high-water mark; 0 where there is no /proc. */
export function peakBytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}

/** "2.61 s" or "34 ms". */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
}
