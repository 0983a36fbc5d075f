/** Which dump `restore` takes. */
import { spoolDump } from "../dump/spool.ts";
import { createdAt, listDumps, requireDump, requireLatestDump, type StoredDump } from "../dump/store.ts";
import { missingError, usageError } from "../errors.ts";
import type { Operation } from "../sys/operation.ts";
import type { Context } from "./context.ts";
import { formatAge, formatBytes } from "./format.ts";

/** What stdin brings, put into the folder first: it is read when the operation has begun. */
export function spoolFromStdin(folder: string) {
  return (operation: Operation) => spoolDump(operation, Bun.stdin.stream(), folder);
}

/** The dump of that name, or the newest: `latest` is true, or whose. */
export async function fixedDump(context: Context, given: string | undefined, latest: string | true | undefined) {
  const dump = await chooseDump(context, given, latest);
  return () => Promise.resolve(dump);
}

async function chooseDump(
  context: Context,
  given: string | undefined,
  latest: string | true | undefined,
): Promise<StoredDump> {
  const folder = await context.storeDir();
  if (latest !== undefined) return await requireLatestDump(folder, latest === true ? undefined : latest);
  if (given !== undefined) return await requireDump(given, folder, context.cwd, context.home);
  const dumps = await listDumps(folder);
  if (dumps.length === 0) throw missingError("dump_missing", `there is no dump in ${folder}`, "pgrove dump");
  if (!context.prompt.available)
    throw usageError("which dump? there is no terminal to ask on", "pgrove restore --latest");
  const now = context.clock.now();
  const choices = dumps.map((dump) => ({
    value: dump,
    label: dump.name,
    hint: `${formatBytes(dump.sizeBytes)}, ${formatAge(new Date(createdAt(dump)), now)}`,
  }));
  return await context.prompt.pick("Which dump?", choices);
}
