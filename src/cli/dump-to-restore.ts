/** Which dump `restore` takes. */
import { basename } from "node:path";
import { REMOTE_KINDS } from "../config/schema-remote.ts";
import { spoolDump } from "../dump/spool.ts";
import {
  createdAt,
  listDumps,
  requireDump,
  requireLatestDump,
  type StoredDump,
  sourceOf,
  sourceOfName,
} from "../dump/store.ts";
import { missingError, usageError } from "../errors.ts";
import type { Target } from "../resolve/target.ts";
import type { Operation } from "../sys/operation.ts";
import type { Context } from "./context.ts";
import { formatAge, formatBytes } from "./format.ts";
import { openOneRemote, ownHost } from "./open-remotes.ts";

/** What stdin brings, put into the folder first: it is read when the operation has begun. */
export function spoolFromStdin(folder: string) {
  return (operation: Operation) => spoolDump(operation, Bun.stdin.stream(), folder);
}

/** What names a dump. */
interface DumpWords {
  given: string | undefined;
  /** The newest one: true, or whose. */
  latest: string | true | undefined;
}

/** Where a dump is looked for, and who is asked. */
type DumpPlace = Pick<Context, "storeDir" | "cwd" | "home" | "prompt" | "clock">;

/** What of `s3:NAME` names a dump at a remote; undefined for any other word. */
export function remoteWordOf(given: string | undefined): { kind: string; name: string } | undefined {
  const [, kind, name] = /^([a-z][a-z0-9]*):(.+)$/.exec(given ?? "") ?? [];
  const isRemote = kind !== undefined && REMOTE_KINDS.some((each) => each === kind);
  return isRemote && name !== undefined ? { kind, name } : undefined;
}

/** The dump at a remote, from where it is read when it is restored. */
export async function remoteDump(context: Context, { kind, name }: { kind: string; name: string }) {
  const tools = await context.operationTools();
  const remote = await openOneRemote(context, kind);
  const { listRemoteDumps, requireRemoteDump } = await import("../remote/remote-dumps.ts");
  const { readFromRemote } = await import("../remote/remote-bytes.ts");
  const all = await listRemoteDumps(remote, tools.abort);
  const dump = requireRemoteDump(all, name, ownHost(context), remote.label);
  return () => Promise.resolve(readFromRemote(remote, dump, tools.abort));
}

/** The dump of that name, or the newest: of the target, where that is a worktree's. */
export async function fixedDump(
  context: DumpPlace,
  words: DumpWords,
  target: Pick<Target, "name" | "worktree">,
): Promise<() => Promise<StoredDump>> {
  const dump = await chooseDump(context, words, target);
  return () => Promise.resolve(dump);
}

/** `main-….dump (of main, 3 days ago)`. */
export function describeDump(dump: StoredDump, now: Date): string {
  return `${dump.name} (of ${sourceOf(dump)}, ${formatAge(new Date(createdAt(dump)), now)})`;
}

/** Whose dumps `--latest` means: a worktree's own, else those of what it was made from. */
function sourcesOf(latest: string | true, { name, worktree }: Pick<Target, "name" | "worktree">): string[] {
  if (latest !== true) return [latest.replace(/^@/, "")];
  if (worktree === undefined) return [];
  const { data } = worktree;
  if (data.kind === "empty") return [name];
  return [name, data.kind === "copy" ? data.source.replace(/^@/, "") : sourceOfName(basename(data.dump))];
}

async function chooseDump(
  context: DumpPlace,
  { given, latest }: DumpWords,
  target: Pick<Target, "name" | "worktree">,
): Promise<StoredDump> {
  const folder = await context.storeDir();
  if (latest !== undefined) return await requireLatestDump(folder, ...sourcesOf(latest, target));
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
