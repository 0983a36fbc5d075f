/** Puts an archive where pg_restore can read it. */
import { join } from "node:path";
import { type ByteSource, bytesOf } from "../archive/dump-bytes.ts";
import { blank } from "../archive/left-out.ts";
import { refusal } from "../errors.ts";
import type { Stage } from "../postgres/toolbox.ts";
import { joinCommands } from "../sys/pipe.ts";
import type { Runner } from "../sys/process.ts";
import { quoteWord } from "../sys/shell-word.ts";
import type { Work } from "../work/work.ts";
import type { InspectedDump } from "./inspect.ts";
import type { Way } from "./way.ts";

/** Where pg_restore finds an archive, and whose it is. */
export interface Placed extends Way {
  /** Undefined: the archive is streamed to pg_restore's stdin. */
  path: string | undefined;
  parallel: boolean;
  stage?: Stage;
}

/** Room that must stay free beside a file that is lent to the server's programs. */
const SPARE_BYTES = 64 << 20;

/** Parallel restores need a file that pg_restore can seek in; without room for it the archive is streamed. */
export async function choosePlace(work: Work, inspected: InspectedDump, way: Way, jobs: number): Promise<Placed> {
  const { dump, kind, parts, fileKey } = inspected;
  const { abort } = work.operation;
  const streamed: Placed = { ...way, path: undefined, parallel: false };
  const isFile = kind.kind === "custom" || kind.kind === "tar";
  if (isFile && (way.bySql || (kind.kind === "custom" && jobs <= 1))) return streamed;
  if (fileKey !== undefined) {
    requireStreamable(inspected);
    if (jobs > 1)
      work.tools.note(
        `${dump.name} is encrypted, and no plain byte of it goes to a disk: one table is loaded at a time`,
      );
    return streamed;
  }
  if (dump.elsewhere !== undefined && isFile) {
    if (jobs > 1) work.tools.note(`${dump.name} is streamed from where it lies: one table is loaded at a time`);
    return streamed;
  }
  const { place } = way.programs;
  const stage = await work.stage(way.programs);
  const parallel = kind.kind !== "tar";
  if (isFile) {
    const copies = place === "container" || parts.length > 0;
    const room = copies ? await stage.freeBytes() : Number.MAX_SAFE_INTEGER;
    if (room < dump.sizeBytes + SPARE_BYTES) return streamed;
    const path = await (parts.length === 0
      ? stage.lend(dump.path, abort)
      : stage.write("lent", readDump(work, inspected), abort));
    return { ...way, path, parallel, stage };
  }
  const given = { stage, runner: work.tools.runner, mayLend: place !== "container" && parts.length === 0 };
  const path = await placeFolder(inspected, given, readDump(work, inspected), abort);
  if (kind.kind === "directory" && parts.length > 0) {
    const contents = readBlanked(join(dump.path, "toc.dat"), parts, () => undefined);
    await stage.write("dump/toc.dat", contents, abort);
  }
  return { ...way, path, parallel, stage };
}

/** Where the programs are given a folder. */
interface FolderPlace {
  stage: Stage;
  runner: Runner;
  /** They find it where it lies. */
  mayLend: boolean;
}

/** Puts an archive that is a folder, or a tar around one, where pg_restore can read it; resolves with the path as it sees it. */
export async function placeFolder(
  { dump, kind }: InspectedDump,
  { stage, runner, mayLend }: FolderPlace,
  packed: AsyncIterable<Uint8Array>,
  abort: AbortSignal,
): Promise<string> {
  if (kind.kind === "packed-directory") {
    const folder = await stage.unpack("dump", packed, abort);
    return kind.inside === "" ? folder : `${folder}/${kind.inside.replace(/\/$/, "")}`;
  }
  if (mayLend) return await stage.lend(dump.path, abort);
  const tar = { file: "tar", args: ["-C", dump.path, "-cf", "-", "."], env: {}, secrets: [] };
  return await joinCommands(runner, tar, (input) => stage.unpack("dump", input, abort), abort);
}

/** Throws (exit 5) for an encrypted folder: pg_restore reads it from a disk alone. */
function requireStreamable({ dump, kind }: InspectedDump): void {
  if (kind.kind !== "packed-directory") return;
  throw refusal(
    "dump_unsupported",
    `${dump.name} is an encrypted folder (pg_dump -Fd), which would have to be unpacked to a disk unencrypted`,
    `where that may be: age -d -i KEY ${quoteWord(dump.path)} > plain.tar && pgrove restore plain.tar`,
  );
}

/** The dump's file, without what is left out. */
export function readDump(work: Work, { dump, bytes: source, parts }: InspectedDump): AsyncGenerator<Uint8Array> {
  return readBlanked(source, parts, (bytes) => {
    work.tools.progress({ phase: "restore", bytes, totalBytes: dump.sizeBytes });
  });
}

async function* readBlanked(
  source: ByteSource,
  parts: InspectedDump["parts"],
  report: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const end = parts.at(-1)?.end ?? 0;
  let bytes = 0;
  for await (const chunk of bytesOf(source).stream()) {
    if (bytes < end) blank(chunk, parts, bytes);
    bytes += chunk.length;
    report(bytes);
    yield chunk;
  }
}
