/** Runs commands in turns and takes their time and their memory. Nothing here judges. */
import { readFileSync } from "node:fs";
import { requireProgram } from "./programs.ts";

/** How often a process's memory is looked at. Its peak is read from the kernel, so only the last moments can be missed. */
const SAMPLE_MS = 1;

/** A program to measure, started without a shell. */
export interface Program {
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** What was measured of one contestant, a number for each round: ms or bytes. */
export type Series = readonly number[];

/** What was measured, by the contestant's name. Throws for one that did not take part. */
export type Measured = (name: string) => Series;

/** One way of doing something: only `run` is timed. */
export interface Contestant {
  name: string;
  prepare?: () => Promise<void>;
  run: () => Promise<void>;
  after?: () => Promise<void>;
}

export interface RunOptions {
  /** Told the process's id while it runs, every millisecond or so. */
  watch?: (pid: number) => void;
  /** Exit codes that are no failure; 0 when left out. */
  expected?: readonly number[];
}

/** Runs a program to its end, its stdout thrown away. Throws with its last words when it fails. */
export async function runProgram(program: Program, { watch, expected = [0] }: RunOptions = {}): Promise<void> {
  const { argv, options } = prepareSpawn(program);
  const child = Bun.spawn(argv, { ...options, ...STREAMS });
  const timer = watch === undefined ? undefined : setInterval(() => watch(child.pid), SAMPLE_MS);
  const [stderr, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  clearInterval(timer);
  requireSuccess(program, code, stderr, expected);
}

const STREAMS = { stdin: "ignore", stdout: "ignore", stderr: "pipe" } as const;

function prepareSpawn({ argv, env, cwd }: Program) {
  requireProgram(argv[0] ?? "");
  const place = cwd === undefined ? {} : { cwd };
  return { argv: [...argv], options: { env: { ...process.env, ...env }, ...place } };
}

function requireSuccess({ argv }: Program, code: number, stderr: string, expected: readonly number[]): void {
  if (expected.includes(code)) return;
  throw new Error(`${argv.join(" ")} failed (exit ${code}):\n${stderr.trim().slice(-2000)}`);
}

/** A pipeline as people type it; any part that fails fails the whole. */
export function shell(line: string, cwd: string): Program {
  return { argv: ["bash", "-o", "pipefail", "-c", line], cwd };
}

/** Lets the contestants take turns, A B C A B C. The first round warms up and does not count. */
export async function compare(contestants: readonly Contestant[], rounds: number): Promise<Measured> {
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
  return readFrom(runs);
}

/** The same for programs of a few milliseconds that need no preparation: waited for without an event loop. */
export function compareShort(
  programs: Readonly<Record<string, Program>>,
  rounds: number,
  expected: readonly number[] = [0],
): Measured {
  const runs = new Map<string, number[]>(Object.keys(programs).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, program] of Object.entries(programs)) {
      const { argv, options } = prepareSpawn(program);
      const began = performance.now();
      const { exitCode, stderr } = Bun.spawnSync(argv, { ...options, ...STREAMS });
      const tookMs = performance.now() - began;
      requireSuccess(program, exitCode, stderr.toString(), expected);
      if (round > 0) runs.get(name)?.push(tookMs);
    }
  }
  for (const [name, series] of runs) process.stderr.write(`  ${rounds} rounds  ${name}: ${formatMs(median(series))}\n`);
  return readFrom(runs);
}

/** The peaks of programs' resident memory, in bytes, in turns. */
export async function comparePeaks(programs: Readonly<Record<string, Program>>, rounds: number): Promise<Measured> {
  const peaks = new Map<string, number[]>(Object.keys(programs).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, program] of Object.entries(programs)) {
      let peak = 0;
      await runProgram(program, { watch: (pid) => (peak = Math.max(peak, peakBytes(pid))) });
      peaks.get(name)?.push(peak);
    }
  }
  return readFrom(peaks);
}

function readFrom(runs: ReadonlyMap<string, Series>): Measured {
  return (name) => {
    const series = runs.get(name);
    if (series === undefined) throw new Error(`${name} was not measured`);
    return series;
  };
}

/** The one in the middle, or the mean of the two that are. */
export function median(series: Series): number {
  return quantile(series, 0.5);
}

/** Which value that share of the others is below; between two values in a straight line. */
export function quantile(series: Series, share: number): number {
  const sorted = [...series].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [lower = Number.NaN, upper = lower] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return lower + (upper - lower) * (place - Math.floor(place));
}

/**
 * The peak of a process's resident memory so far, from the kernel's own high-water mark; 0 where there is no /proc. What
 * wait4 says would not do: it counts the memory of whoever started the process, too.
 */
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
