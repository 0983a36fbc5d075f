/** What pgrove takes of the host while it works: memory, and temporary files. */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { peakBytes, runProgram } from "./measure.ts";
import { filesAtMost, formatMegabytes, memoryBelow, type Row } from "./report.ts";
import { emptyStore, listStore, type Setting } from "./setting.ts";

const MOST_MEMORY = 150e6;
/** Walking through the folders takes longer than looking at a process. */
const FILES_EVERY_MS = 20;

interface Taken {
  memoryBytes: number;
  temporaryBytes: number;
}

/** What moves much, some times over: the most of all rounds counts. */
export async function measureMemory(setting: Setting, rounds: number): Promise<Row[]> {
  const { dropDatabase, folder } = setting;
  const taken: Record<string, Taken[]> = {};
  const take = async (what: string, ...args: string[]) => {
    taken[what] = [...(taken[what] ?? []), await watch(setting, ...args)];
  };
  let dumpBytes = 0;
  for (let round = 0; round < rounds; round++) {
    await take("dump", "dump");
    dumpBytes = statSync(listStore(folder).at(-1) ?? "").size;
    await take("restore", "restore", "--latest", "--yes");
    await take("copy --strategy stream", "copy", "main", "--to", "@copy", "--strategy", "stream");
    await dropDatabase("bench_copy");
    emptyStore(folder);
  }
  const temporary = Object.values(taken).flatMap((each) => each.map(({ temporaryBytes }) => temporaryBytes));
  return [
    ...Object.entries(taken).map(([what, each]) =>
      memoryBelow(
        `peak memory of pgrove: ${what}`,
        each.map(({ memoryBytes }) => memoryBytes),
        MOST_MEMORY,
      ),
    ),
    filesAtMost(
      `temporary files on the host, all together (the dump: ${formatMegabytes(dumpBytes)})`,
      temporary,
      dumpBytes,
      "≤ the dump",
    ),
  ];
}

async function watch({ pgrove, folder }: Setting, ...args: string[]): Promise<Taken> {
  const taken: Taken = { memoryBytes: 0, temporaryBytes: 0 };
  const before = openBytes(folder);
  let looked = 0;
  await runProgram(pgrove(...args, "-q"), {
    watch: (pid) => {
      taken.memoryBytes = Math.max(taken.memoryBytes, peakBytes(pid));
      if (performance.now() - looked < FILES_EVERY_MS) return;
      taken.temporaryBytes = Math.max(taken.temporaryBytes, openBytes(folder) - before);
      looked = performance.now();
    },
  });
  process.stderr.write(`  ${args[0]}: ${formatMegabytes(taken.memoryBytes)}\n`);
  return taken;
}

/** Files below pgrove's own folders that are not yet, or never will be, a finished dump. */
function openBytes(folder: string): number {
  const sizes = ["data", "state", "config", "tmp"].flatMap((below) => sizesIn(join(folder, below)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function sizesIn(folder: string): number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const isFinished = path.includes("/dumps/") && !basename(path).startsWith(".");
    if (!entry.isFile() || isFinished) return [];
    return [statSync(path, { throwIfNoEntry: false })?.size ?? 0];
  });
}
