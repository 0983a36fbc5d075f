import { findAuthor, type KeyPlace } from "../../dump/authorship.ts";
import { listDumps, removeDump, requireDump, requireStoredDump, type StoredDump, sourceOf } from "../../dump/store.ts";
import { exitOf, verifyDumps } from "../../dump/verify.ts";
import { usageError } from "../../errors.ts";
import {
  type AuthoredDump,
  dumpDocument,
  renderDump,
  renderList,
  renderVerdicts,
  verdictDocument,
} from "../answers/dumps.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { approveForeign } from "../foreign-dump.ts";
import { formatBytes } from "../format.ts";
import { tryToRestore } from "../trial-restore.ts";

export const list = defineCommand({
  meta: {
    examples: [{ line: "pgrove dumps list --json | jq -r '.dumps[0].path'", about: "the newest dump, for a script" }],
  },
  args: { source: { type: "string", valueHint: "SOURCE", completes: "target", description: "only dumps of SOURCE" } },
  async run({ args, context }) {
    const folder = await context.storeDir();
    const { source } = args;
    const dumps = (await listDumps(folder)).filter((dump) => source === undefined || sourceOf(dump) === source);
    const keys = await context.operationTools();
    const authored = await Promise.all(dumps.map((dump) => withAuthor(dump, keys)));
    const now = context.clock.now();
    await context.output.answer({ folder, dumps: authored.map(dumpDocument) }, () =>
      dumps.length === 0 ? `no dumps in ${folder}` : renderList(authored, now),
    );
    if (dumps.length === 0) context.output.note("next: pgrove dump");
  },
});

export const show = defineCommand({
  meta: { examples: [{ line: "pgrove dumps show main-20260115-143022.dump", about: "what is in it" }] },
  args: { dump: { type: "positional", completes: "dump", description: "a dump's name or path" } },
  async run({ args, context }) {
    const dump = await findDump(context, args.dump);
    const authored = await withAuthor(dump, await context.operationTools());
    await context.output.answer(dumpDocument(authored), () => renderDump(authored));
  },
});

export const verify = defineCommand({
  meta: {
    details:
      "A dump with a manifest is compared with its SHA-256; another one is read through. Exit 6 when one is damaged; " +
      "with --restore 4 when the server lacks what one needs, 5 or 1 when it does not take one for another reason.",
    examples: [
      { line: "pgrove dumps verify --all", about: "is every dump whole?" },
      { line: "pgrove dumps verify --restore main-20260115-143022.dump", about: "can it really be restored?" },
    ],
  },
  args: {
    dump: { type: "positional", required: false, rest: true, completes: "dump", description: "names or paths" },
    all: { type: "boolean", description: "every dump of the store" },
    restore: { type: "boolean", description: "also restore each into a scratch database, which is dropped again" },
  },
  async run({ args, context }) {
    const names = args.dump;
    if (names.length === 0 && !args.all) throw usageError("which dump?", "pgrove dumps verify --all");
    if (names.length > 0 && args.all) throw usageError("dumps and --all exclude each other");
    const dumps = args.all
      ? await listDumps(await context.storeDir())
      : await Promise.all(names.map((name) => findDump(context, name)));
    const tools = await context.operationTools();
    const verdicts = await verifyDumps(dumps, tools);
    if (args.restore) {
      const live = await context.openTarget(args.target);
      await tryToRestore(tools, live, verdicts, (foreign) => approveForeign(context, live.target, foreign));
    }
    await context.output.answer({ dumps: verdicts.map(verdictDocument) }, () => renderVerdicts(verdicts));
    return exitOf(verdicts);
  },
});

export const remove = defineCommand({
  meta: { examples: [{ line: "pgrove dumps remove main-20260115-143022.dump", about: "the dump and its manifest" }] },
  args: {
    dump: { type: "positional", rest: true, completes: "dump", description: "names in the store" },
    "dry-run": { type: "boolean", description: "say what would be removed, and remove nothing" },
  },
  async run({ args, context }) {
    const folder = await context.storeDir();
    const dumps = await Promise.all(args.dump.map((name) => requireStoredDump(name, folder)));
    const names = dumps.map(({ name }) => name);
    const { dryRun } = args;
    if (!dryRun) {
      const target = { label: "the store", name: "store", protected: false };
      const sizeBytes = dumps.reduce((sum, dump) => sum + dump.sizeBytes, 0);
      await context.requireConsent({ target, what: `${names.join(", ")} (${formatBytes(sizeBytes)}) will be removed` });
      for (const dump of dumps) await removeDump(dump);
    }
    await context.output.answer({ removed: dryRun ? [] : names, planned: names }, () =>
      names.map((name) => `${dryRun ? "would remove" : "removed"} ${name}`).join("\n"),
    );
  },
});

async function withAuthor(dump: StoredDump, keys: KeyPlace): Promise<AuthoredDump> {
  return { dump, author: await findAuthor(dump.manifest, keys) };
}

async function findDump(context: Context, text: string): Promise<StoredDump> {
  return await requireDump(text, await context.storeDir(), context.cwd, context.home);
}
