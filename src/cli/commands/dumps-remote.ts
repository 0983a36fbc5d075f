import { listDumps, requireLatestDump, requireStoredDump, type StoredDump } from "../../dump/store.ts";
import { usageError } from "../../errors.ts";
import { pulledDocument, pushedDocument, renderMoved } from "../answers/dumps-remote.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { openOneRemote, ownHost, WHICH_REMOTE } from "../open-remotes.ts";
import { pushTo } from "../push-dumps.ts";

export const push = defineCommand({
  meta: {
    details:
      "To the bucket, folder or machine of dumps.remote; to each of them where there are several. A dump counts there once all of it has " +
      "arrived, as the remote says, and its manifest lies behind it. What was cut short is gone on with the next time. Nothing is " +
      "overwritten. Without names every dump of the store that is not there yet.",
    examples: [
      { line: "pgrove dumps push", about: "for cron: whatever is not there yet" },
      { line: "pgrove dumps push --latest --verify", about: "the newest one, read back to its last byte" },
    ],
  },
  args: {
    dump: { type: "positional", required: false, rest: true, completes: "dump", description: "names in the store" },
    latest: { type: "boolean", description: "the newest dump of the store" },
    ...WHICH_REMOTE,
    verify: { type: "boolean", description: "also read all bytes back, and compare their SHA-256" },
    "dry-run": { type: "boolean", description: "say what would be pushed, and push nothing" },
  },
  async run({ args, context }) {
    if (args.latest && args.dump.length > 0) throw usageError("dumps and --latest exclude each other");
    await context.operationTools(); // the store is ready, and approved
    const dumps = await chooseDumps(context, args.dump, args.latest);
    const { remote, verify, dryRun } = args;
    const pushed = await pushTo(context, dumps, { remote, verify, dryRun });
    await context.output.answer(pushedDocument(pushed, dryRun), () =>
      renderMoved(pushed, dryRun ? "would push" : "pushed"),
    );
  },
});

async function chooseDumps(context: Context, names: readonly string[], latest: boolean): Promise<StoredDump[]> {
  const folder = await context.storeDir();
  if (latest) return [await requireLatestDump(folder)];
  if (names.length > 0) return await Promise.all(names.map((name) => requireStoredDump(name, folder)));
  const { findUnpushable } = await import("../../remote/push.ts");
  const all = await listDumps(folder);
  for (const dump of all) {
    const why = findUnpushable(dump);
    if (why !== undefined) context.output.note(`  not pushed  ${dump.name}: ${why}`);
  }
  return all.filter((dump) => findUnpushable(dump) === undefined).reverse(); // the oldest first, as they came
}

export const pull = defineCommand({
  meta: {
    details:
      "From the remote into the store, with its manifest and what was found out of it. It gets its name once its SHA-256 is the one that was " +
      "recorded. NAME is a dump of this machine, or one that only one machine has; HOST/NAME is one of another.",
    examples: [
      { line: "pgrove dumps pull main-20260115-143022.dump", about: "one dump" },
      { line: "pgrove dumps pull --latest main", about: "the newest one of main, of whatever machine there is one" },
    ],
  },
  args: {
    dump: { type: "positional", required: false, rest: true, description: "names at the remote: NAME or HOST/NAME" },
    latest: {
      type: "string",
      valueHint: "SOURCE",
      optionalValue: true,
      completes: "target",
      description: "the newest dump there [of SOURCE]",
    },
    ...WHICH_REMOTE,
  },
  async run({ args, context }) {
    const { dump: names, latest } = args;
    if (names.length === 0 && latest === undefined) throw usageError("which dump?", "pgrove dumps list --remote");
    if (names.length > 0 && latest !== undefined) throw usageError("dumps and --latest exclude each other");
    const tools = await context.operationTools();
    const remote = await openOneRemote(context, args.remote);
    const { listRemoteDumps, requireLatestRemote, requireRemoteDump } = await import("../../remote/remote-dumps.ts");
    const { pullDumps } = await import("../../remote/pull.ts");
    const [all, host] = [await listRemoteDumps(remote, tools.abort), ownHost(context)];
    const source = latest === true ? undefined : latest?.replace(/^@/, "");
    const meant =
      latest === undefined
        ? names.map((name) => requireRemoteDump(all, name, host, remote.label))
        : [requireLatestRemote(all, source, host, remote.label)];
    const pulled = await pullDumps(tools, remote, await context.storeDir(), meant);
    await context.output.answer(pulledDocument(pulled), () => renderMoved(pulled, "pulled"));
  },
});
