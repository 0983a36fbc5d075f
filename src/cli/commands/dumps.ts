import { testRestore } from "../../dump/restore.ts";
import {
  createdAt,
  listDumps,
  removeDump,
  requireDump,
  requireStoredDump,
  type StoredDump,
  sourceOf,
} from "../../dump/store.ts";
import { verifyDumps } from "../../dump/verify.ts";
import { EXIT, messageOf, usageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatAge, formatBytes, formatCount, formatDuration } from "../format.ts";
import { formatFields, formatTable } from "../table.ts";

export const list = defineCommand({
  meta: {
    examples: [{ line: "pgrove dumps list --json | jq -r '.dumps[0].path'", about: "the newest dump, for a script" }],
  },
  args: { source: { type: "string", valueHint: "SOURCE", completes: "target", description: "only dumps of SOURCE" } },
  async run({ args, context }) {
    const folder = await context.storeDir();
    const source = args.source;
    const dumps = (await listDumps(folder)).filter((dump) => source === undefined || sourceOf(dump) === source);
    const now = context.clock.now();
    await context.output.answer({ folder, dumps: dumps.map(toDocument) }, () =>
      dumps.length === 0 ? `no dumps in ${folder}` : renderList(dumps, now),
    );
    if (dumps.length === 0) context.output.note("next: pgrove dump");
  },
});

function renderList(dumps: readonly StoredDump[], now: Date): string {
  const rows = dumps.map((dump) => [
    dump.name,
    sourceOf(dump),
    formatBytes(dump.sizeBytes),
    formatAge(new Date(createdAt(dump)), now),
    dump.manifestError === undefined ? (dump.manifest?.note ?? "") : "(its manifest is damaged)",
  ]);
  return formatTable([["NAME", "SOURCE", "SIZE", "MADE", "NOTE"], ...rows], { right: [2] });
}

function toDocument(dump: StoredDump) {
  return {
    name: dump.name,
    path: dump.path,
    source: sourceOf(dump),
    size_bytes: dump.sizeBytes,
    created_at: new Date(createdAt(dump)).toISOString(),
    manifest: dump.manifest ?? null,
  };
}

export const show = defineCommand({
  meta: { examples: [{ line: "pgrove dumps show main-20260115-143022.dump", about: "what is in it" }] },
  args: { dump: { type: "positional", completes: "dump", description: "a dump's name or path" } },
  async run({ args, context }) {
    const dump = await findDump(context, args.dump);
    await context.output.answer(toDocument(dump), () => renderDump(dump));
  },
});

function renderDump(dump: StoredDump): string {
  const { manifest } = dump;
  const head: [string, string | undefined][] = [
    ["name", dump.name],
    ["path", dump.path],
    ["size", formatBytes(dump.sizeBytes)],
    ["made", new Date(createdAt(dump)).toISOString()],
  ];
  if (manifest === undefined) return `${formatFields(head)}\n  no manifest: pgrove did not write this dump`;
  const fields = formatFields([
    ...head,
    ["source", `${manifest.source}: database ${manifest.database}, ${formatBytes(manifest.database_size_bytes)}`],
    ["format", `${manifest.format}, ${manifest.codec}, ${manifest.content}${manifest.partial ? ", some tables" : ""}`],
    ["server", `PostgreSQL ${manifest.server_version}, pg_dump ${manifest.pg_dump_version}`],
    ["encoding", `${manifest.encoding}, ${manifest.collate}`],
    ["migration", manifest.migration_version ?? undefined],
    ["commit", manifest.git === null ? undefined : `${manifest.git.commit} ${manifest.git.branch ?? ""}`],
    ["took", formatDuration(manifest.duration_ms)],
    ["needs", [...manifest.roles, ...manifest.extensions.map(({ name }) => name)].join(", ") || undefined],
    ["note", manifest.note ?? undefined],
    ["sha256", manifest.sha256],
  ]);
  const rows = manifest.tables.map(({ schema, name, rows: count, exact, bytes }) => [
    `${schema}.${name}`,
    count === null ? "?" : `${exact ? "" : "~"}${formatCount(count)}`,
    formatBytes(bytes),
  ]);
  if (rows.length === 0) return fields;
  return `${fields}\n\n${formatTable([["TABLE", "ROWS", "SIZE"], ...rows], { right: [1, 2], indent: "  " })}`;
}

export const verify = defineCommand({
  meta: {
    details:
      "A dump with a manifest is compared with its SHA-256; another one is read through. Exit 6 when one is damaged.",
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
      for (const verdict of verdicts.filter(({ whole }) => whole)) {
        try {
          await testRestore(tools, live, verdict.dump, { noOwner: true, jobs: 1 });
        } catch (error) {
          tools.abort.throwIfAborted();
          Object.assign(verdict, { whole: false, problem: messageOf(error) });
        }
      }
    }
    const document = verdicts.map(({ dump, whole, checked, problem }) => ({
      ...{ name: dump.name, path: dump.path, whole, checked: checked ?? null, problem: problem ?? null },
    }));
    await context.output.answer({ dumps: document }, () =>
      verdicts
        .map(({ dump, whole, problem }) => (whole ? `whole    ${dump.name}` : `damaged  ${dump.name}: ${problem}`))
        .join("\n"),
    );
    return verdicts.every(({ whole }) => whole) ? EXIT.ok : EXIT.problems;
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
    const dryRun = args.dryRun;
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

async function findDump(context: Context, text: string): Promise<StoredDump> {
  return await requireDump(text, await context.storeDir(), context.cwd, context.home);
}
