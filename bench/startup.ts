/** How long it takes until pgrove says anything: against an empty Bun program, and in a compose repository. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCompose } from "../test/support/engine/compose.ts";
import { testLabels } from "../test/support/engine/server.ts";
import { formatMs, type Program, runProgram, type Timing, timingOf } from "./measure.ts";
import { type Row, timesAsLong } from "./report.ts";
import { hostFolders, type Setting } from "./setting.ts";

const RUNS = 30;
const MOST_URL_MS = 60;

/** Start-up of the binary, and of `url`. */
export async function measureStartup(setting: Setting): Promise<Row[]> {
  const empty = await buildEmptyProgram(setting.folder);
  const [version, hello] = takeTurns([{ argv: [setting.binary, "--version"] }, { argv: [empty] }]);
  const url = await measureUrl(setting);
  return [
    timesAsLong("pgrove --version, against an empty Bun program", version, hello, 1.5),
    {
      what: "pgrove url in a compose repository",
      subject: url,
      value: url.medianMs,
      shown: formatMs(url.medianMs),
      claim: { text: `≤ ${MOST_URL_MS} ms`, met: url.medianMs <= MOST_URL_MS },
    },
  ];
}

/** An empty program with pgrove's own flags, which build.ts has. */
async function buildEmptyProgram(folder: string): Promise<string> {
  const list = /const FLAGS = \[([^\]]*)\]/.exec(readFileSync(join(import.meta.dir, "../build.ts"), "utf8"))?.[1] ?? "";
  const flags = [...list.matchAll(/"(--[^"]+)"/g)].map(([, flag = ""]) => flag);
  if (flags.length === 0) throw new Error("build.ts has no list of FLAGS any more");
  const place = join(folder, "empty");
  mkdirSync(place);
  writeFileSync(join(place, "empty.ts"), "export {};\n");
  const outfile = join(place, "empty");
  await runProgram({ argv: [process.execPath, "build", ...flags, "empty.ts", "--outfile", outfile], cwd: place });
  return outfile;
}

/** Runs of a few milliseconds, taken in turns; the first of each does not count. */
function takeTurns(programs: readonly [Program, Program]): [Timing, Timing] {
  const times = programs.map((): number[] => []);
  for (let run = 0; run <= RUNS; run++) {
    for (const [index, program] of programs.entries()) {
      const tookMs = timeOnce(program);
      if (run > 0) times[index]?.push(tookMs);
    }
  }
  return [timingOf(times[0] ?? []), timingOf(times[1] ?? [])];
}

function timeOnce({ argv, cwd, env }: Program): number {
  const began = performance.now();
  const options = { env: { ...process.env, ...env }, stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
  const { exitCode } = Bun.spawnSync([...argv], cwd === undefined ? options : { ...options, cwd });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with exit code ${exitCode}`);
  return performance.now() - began;
}

async function measureUrl({ binary, folder, server }: Setting): Promise<Timing> {
  await ensureCompose();
  const repo = join(folder, "composed");
  const project = `pgrove-bench-${process.pid}`;
  mkdirSync(repo);
  const labels = Object.entries(testLabels()).map(([key, value]) => `      ${key}: "${value}"`);
  const compose = [
    `name: ${project}`,
    ...["services:", "  db:", `    image: ${server.image}`, "    environment: {POSTGRES_PASSWORD: bench}"],
    ...['    ports: ["127.0.0.1::5432"]', "    labels:", ...labels, ""],
  ];
  writeFileSync(join(repo, "compose.yaml"), compose.join("\n"));
  writeFileSync(join(repo, "pgrove.yaml"), "project: composed\nserver: {compose: {file: compose.yaml, service: db}}\n");
  Bun.spawnSync(["git", "init", "-q"], { cwd: repo });
  const env = hostFolders(folder);
  try {
    await runProgram({ argv: [binary, "up", "-q"], cwd: repo, env });
    const url = { argv: [binary, "url"], cwd: repo, env };
    return timingOf(Array.from({ length: RUNS + 1 }, () => timeOnce(url)).slice(1));
  } finally {
    await runProgram({ argv: ["docker", "compose", "-p", project, "down", "-v", "-t", "5"], cwd: repo });
    rmSync(repo, { recursive: true, force: true });
  }
}
