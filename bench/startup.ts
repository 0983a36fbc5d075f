/** How long it takes until pgrove says anything: against an empty program, and in a compose repository. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCompose } from "../test/support/engine/compose.ts";
import { testLabels } from "../test/support/engine/server.ts";
import { compareShort, runProgram } from "./measure.ts";
import { type Row, takesAtMost, timesAsLong } from "./report.ts";
import { hostFolders, type Setting } from "./setting.ts";

/** Runs of a few milliseconds: many, since a single one says little. */
const RUNS = 41;

/** Start-up of the binary, of a command's help, and of `url`. */
export async function measureStartup(setting: Setting): Promise<Row[]> {
  const { binary } = setting;
  const empty = { argv: [await buildEmptyProgram(setting.folder)] };
  const [version, help] = [{ argv: [binary, "--version"] }, { argv: [binary, "dumps", "list", "--help"] }];
  const of = compareShort({ version, empty, help }, RUNS);
  return [
    timesAsLong("pgrove --version, against an empty program compiled alike", of("version"), of("empty"), 1.15),
    timesAsLong("pgrove dumps list --help, against the same", of("help"), of("empty")),
    ...(await measureUrl(setting)),
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

async function measureUrl({ binary, folder, server }: Setting): Promise<Row[]> {
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
    const port = { argv: ["docker", "compose", "port", "db", "5432"], cwd: repo };
    const of = compareShort({ url, port }, RUNS);
    return [
      takesAtMost("pgrove url in a compose repository", of("url"), 60),
      timesAsLong("the same, against docker compose port db 5432", of("url"), of("port")),
    ];
  } finally {
    await runProgram({ argv: ["docker", "compose", "-p", project, "down", "-v", "-t", "5"], cwd: repo });
    rmSync(repo, { recursive: true, force: true });
  }
}
