/** What pgrove takes of the host while it works: memory, and temporary files. */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { peakBytes, runProgram } from "./measure.ts";
import { formatMegabytes, type Row } from "./report.ts";
import { emptyStore, listStore, type Setting } from "./setting.ts";

const MOST_MEMORY = 150e6;

interface Taken {
  memoryBytes: number;
  temporaryBytes: number;
}

/** One run each of what moves much. */
export async function measureMemory(setting: Setting): Promise<Row[]> {
  const { dropDatabase, folder } = setting;
  const dump = await watch(setting, "dump");
  const dumpBytes = statSync(listStore(folder).at(-1) ?? "").size;
  const restore = await watch(setting, "restore", "--latest", "--yes");
  const copy = await watch(setting, "copy", "main", "--to", "@copy", "--strategy", "stream");
  await dropDatabase("bench_copy");
  emptyStore(folder);
  const largest = Math.max(...[dump, restore, copy].map(({ temporaryBytes }) => temporaryBytes));
  return [
    memoryRow("dump", dump),
    memoryRow("restore", restore),
    memoryRow("copy --strategy stream", copy),
    {
      what: `largest temporary file on the host (the dump: ${formatMegabytes(dumpBytes)})`,
      value: largest,
      shown: formatMegabytes(largest),
      claim: { text: "≤ the dump", met: largest <= dumpBytes },
    },
  ];
}

function memoryRow(what: string, { memoryBytes }: Taken): Row {
  return {
    what: `peak memory of pgrove: ${what}`,
    value: memoryBytes,
    shown: memoryBytes === 0 ? "unknown (no /proc)" : formatMegabytes(memoryBytes),
    claim: { text: "< 150 MB", met: memoryBytes > 0 && memoryBytes < MOST_MEMORY },
  };
}

async function watch({ pgrove, folder }: Setting, ...args: string[]): Promise<Taken> {
  const taken: Taken = { memoryBytes: 0, temporaryBytes: 0 };
  await runProgram(pgrove(...args, "-q"), (pid) => {
    taken.memoryBytes = Math.max(taken.memoryBytes, peakBytes(pid));
    taken.temporaryBytes = Math.max(taken.temporaryBytes, largestTemporary(folder));
  });
  process.stderr.write(`  ${args[0]}: ${formatMegabytes(taken.memoryBytes)}\n`);
  return taken;
}

/** Files below pgrove's own folders that are not yet, or never will be, a finished dump. */
function largestTemporary(folder: string): number {
  const sizes = ["data", "state", "config", "tmp"].flatMap((below) => sizesIn(join(folder, below)));
  return Math.max(0, ...sizes);
}

function sizesIn(folder: string): number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const isFinished = path.includes("/dumps/") && !basename(path).startsWith(".");
    if (!entry.isFile() || isFinished) return [];
    return [statSync(path, { throwIfNoEntry: false })?.size ?? 0];
  });
}
