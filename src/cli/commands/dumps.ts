import { type Keyring, openKeyring } from "../../dump/authorship.ts";
import { trustedResults } from "../../dump/proof.ts";
import { removeDumps } from "../../dump/remove-dumps.ts";
import { showNames } from "../../dump/sealed-names.ts";
import { listDumps, requireDump, requireStoredDump, type StoredDump, sourceOf } from "../../dump/store.ts";
import { type AuthoredDump, dumpDocument, renderDump, renderList } from "../answers/dumps.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatBytes } from "../format.ts";
import { AT_REMOTE, openOneRemote, ownHost } from "../open-remotes.ts";

export const list = defineCommand({
  meta: {
    examples: [
      { line: "pgrove dumps list --json | jq -r '.dumps[0].path'", about: "the newest dump, for a script" },
      { line: "pgrove dumps list --remote", about: "those at the remote, of every machine" },
    ],
  },
  args: {
    source: { type: "string", valueHint: "SOURCE", completes: "target", description: "only dumps of SOURCE" },
    ...AT_REMOTE,
  },
  async run({ args, context }) {
    if (args.remote !== undefined) return void (await listRemote(context, args.remote, args.source));
    const folder = await context.storeDir();
    const { source } = args;
    const dumps = (await listDumps(folder)).filter((dump) => source === undefined || sourceOf(dump) === source);
    const keyring = await openKeyring(await context.operationTools());
    const authored = dumps.map((dump) => withAuthor(dump, keyring));
    const now = context.clock.now();
    await context.output.answer({ folder, dumps: authored.map(dumpDocument) }, () =>
      dumps.length === 0 ? `no dumps in ${folder}` : renderList(authored, now),
    );
    if (dumps.length === 0) context.output.note("next: pgrove dump");
  },
});

/** Of all machines: of a machine that is gone, too. */
async function listRemote(context: Context, named: string | true, source: string | undefined): Promise<void> {
  const tools = await context.operationTools();
  const remote = await openOneRemote(context, named === true ? undefined : named);
  const { listRemoteDumps } = await import("../../remote/remote-dumps.ts");
  const { remoteDocument, renderRemoteList } = await import("../answers/dumps-remote.ts");
  const keyring = await openKeyring(tools);
  const dumps = (await listRemoteDumps(remote, tools.abort))
    .filter((dump) => source === undefined || sourceOf(dump) === source)
    .map((dump) => ({ ...withAuthor(dump, keyring), dump }));
  const document = { remote: remote.kind, place: remote.label, dumps: dumps.map(remoteDocument) };
  const now = context.clock.now();
  await context.output.answer(document, () =>
    dumps.length === 0 ? `no dumps at ${remote.label}` : renderRemoteList(dumps, ownHost(context), now),
  );
}

export const show = defineCommand({
  meta: { examples: [{ line: "pgrove dumps show main-20260115-143022.dump", about: "what is in it" }] },
  args: { dump: { type: "positional", completes: "dump", description: "a dump's name or path" } },
  async run({ args, context }) {
    const dump = await findDump(context, args.dump);
    const tools = await context.operationTools();
    const authored = withAuthor(dump, await openKeyring(tools));
    const manifest = await showNames(dump, tools);
    if (manifest !== undefined) authored.dump = { ...dump, manifest };
    await context.output.answer(dumpDocument(authored), () => renderDump(authored));
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
      const tools = await context.operationTools(); // the store is ready, and approved
      const target = { label: "the store", name: "store", protected: false };
      const sizeBytes = dumps.reduce((sum, dump) => sum + dump.sizeBytes, 0);
      await context.requireConsent({ target, what: `${names.join(", ")} (${formatBytes(sizeBytes)}) will be removed` });
      await removeDumps(tools, folder, dumps);
    }
    await context.output.answer({ removed: dryRun ? [] : names, planned: names }, () =>
      names.map((name) => `${dryRun ? "would remove" : "removed"} ${name}`).join("\n"),
    );
  },
});

function withAuthor(dump: StoredDump, keyring: Keyring): AuthoredDump {
  return { dump, author: keyring.authorOf(dump.manifest), results: trustedResults(dump, keyring) };
}

async function findDump(context: Context, text: string): Promise<StoredDump> {
  return await requireDump(text, await context.storeDir(), context.cwd, context.home);
}
