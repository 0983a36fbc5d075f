/** Reads an archive to its end: its list of contents proves nothing of its rows, and a signature of others nothing at all. */
import { failure } from "../errors.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { withTargetSession } from "../resolve/target-session.ts";
import { openPrograms } from "../server/client-programs.ts";
import type { ServerTools } from "../server/server.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import type { InspectedDump } from "./inspect.ts";
import { placeFolder } from "./place-archive.ts";

/** Where PostgreSQL's programs are: those of the target's server, where it runs, and others. */
export interface ReadingTools extends ServerTools {
  live: LiveTarget | undefined;
}

/** The oldest PostgreSQL whose programs are still to be had. */
const OLDEST_MAJOR = 13;

/** Whether pg_restore reads it as one file. */
export function isReadable({ kind }: Pick<InspectedDump, "kind">): boolean {
  return kind.kind === "custom" || kind.kind === "tar";
}

/** Whether it can be read to its end without a plain byte of it going to a disk. */
export function canReadThrough({ kind, fileKey }: Pick<InspectedDump, "kind" | "fileKey">): boolean {
  return kind.kind !== "plain" && (fileKey === undefined || isReadable({ kind }));
}

/** Has pg_restore read the archive to its end. Throws (exit 1) when it is damaged, (exit 4) when no programs can be had. */
export async function readArchiveThrough(
  inspected: InspectedDump,
  { runner }: OperationTools,
  server: ReadingTools,
  { run, abort, defer }: Operation,
): Promise<void> {
  const { dump, reader, bytes, fileKey } = inspected;
  const { live } = server;
  const isRead = live !== undefined && reader <= (await findMajor(live, run));
  const programs = isRead
    ? live.toolbox
    : await openPrograms(Math.max(reader, OLDEST_MAJOR), `${dump.name} is an archive`, server);
  const read = async () => {
    if (fileKey !== undefined) {
      const command = programs.command("pg_restore", ["--file=/dev/null"], run, { input: true });
      return await runner.stream(command, { input: bytes.stream() }, abort);
    }
    const stage = await programs.stage(run);
    defer(() => stage.remove());
    await stage.create();
    const given = { stage, runner, mayLend: programs.place !== "container" };
    const path = isReadable(inspected)
      ? await stage.lend(dump.path, abort)
      : await placeFolder(inspected, given, bytes.stream(), abort);
    await runner.capture(programs.command("pg_restore", ["--file=/dev/null", path], run, { stage }), { abort });
  };
  await read().catch((error: unknown) => {
    abort.throwIfAborted();
    throw failure("dump_damaged", `${dump.name} is damaged: pg_restore cannot read it to its end`, undefined, error);
  });
}

/** The major version of the programs of a server: its own, where they are beside it. */
async function findMajor(live: LiveTarget, run: Operation["run"]): Promise<number> {
  if (live.toolbox.major !== undefined) return live.toolbox.major;
  const ask = "select current_setting('server_version_num')::int / 10000 as major";
  const [row] = await withTargetSession(live, run, (sql) => sql.unsafe<{ major: number }[]>(ask));
  return row?.major ?? 0;
}
