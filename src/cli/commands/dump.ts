import { pingAfterDump } from "../../dump/after-success.ts";
import { type DumpResult, dumpDatabase } from "../../dump/dump.ts";
import { readOrigin } from "../../dump/origin.ts";
import { countTables } from "../../dump/sealed-names.ts";
import { requireStoredDump } from "../../dump/store.ts";
import { usageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { chooseDestination, chooseFormat } from "../dump-choice.ts";
import { formatBytes, formatDuration, plural } from "../format.ts";
import { TARGET, WAIT_LOCK } from "../grammar.ts";
import { carryOutPruning, planPruning } from "../prune-dumps.ts";
import { requireTrust } from "../trust.ts";

export const command = defineCommand({
  meta: {
    details:
      "The format is custom, compressed by pg_dump itself beside the server; -o FILE.sql, .sql.gz, .sql.zst and .tar choose " +
      "theirs by the name. A manifest with the SHA-256 and the row counts lies beside the dump.",
    examples: [
      { line: "pgrove dump", about: "main's database into the store" },
      { line: "pgrove dump @staging --note 'before the release'", about: "an environment's database" },
      { line: "pgrove dump -o - | ssh backup 'cat > app.dump'", about: "straight through a pipe" },
    ],
  },
  args: {
    target: TARGET,
    output: {
      type: "string",
      alias: "o",
      valueHint: "FILE",
      description: "write there instead of the store; - is stdout",
    },
    format: {
      type: "enum",
      valueHint: "FORMAT",
      options: ["custom", "sql", "directory"],
      description: "custom, sql or directory (a tar)",
    },
    compress: {
      type: "string",
      valueHint: "CODEC[:LEVEL]",
      description: "zstd, lz4, gzip or none; default: the best that pg_dump has",
    },
    "schema-only": { type: "boolean", description: "no rows" },
    "data-only": { type: "boolean", description: "only rows" },
    table: { type: "string", valueHint: "T", repeatable: true, description: "only this table (pg_dump's patterns)" },
    "exclude-table": { type: "string", valueHint: "T", repeatable: true, description: "all but this table" },
    jobs: {
      type: "string",
      alias: "j",
      valueHint: "N",
      number: { min: 1, max: 64 },
      description: "dump N tables at once (format directory)",
    },
    ...WAIT_LOCK,
    note: { type: "string", valueHint: "TEXT", description: "a note for the manifest" },
    prove: {
      type: "boolean",
      description: "record all contents, for `dumps verify --deep`; default: of tables up to 8 MiB",
    },
    push: { type: "boolean", description: "then push it to where dumps.remote says" },
    globals: {
      type: "boolean",
      description: "write the server's roles beside the dump (pg_dumpall --globals-only), without their passwords",
    },
    "globals-passwords": { type: "boolean", description: "the same, with the passwords' hashes" },
    prune: { type: "boolean", description: "then remove what dumps.keep does not keep of this source" },
  },
  async run({ args, context }) {
    const { output } = args;
    const jobs = args.jobs ?? 1;
    const { format, codec } = chooseFormat(args.format, args.compress, output, jobs);
    if (args.schemaOnly && args.dataOnly) {
      throw usageError("--schema-only and --data-only exclude each other");
    }
    if (args.prune && output !== undefined) throw usageError("--prune is for the store, and -o writes elsewhere");
    if (args.push && output !== undefined)
      throw usageError("--push is for dumps of the store, and -o writes elsewhere");
    await requireTrust(context, {
      keys: [...(args.prune ? ["dumps.keep" as const] : []), ...(args.prove ? [] : ["dumps.prove" as const])],
    });
    if (args.prune) await requireSomebodyToAsk(context);
    if (args.push) await (await import("../push-dumps.ts")).warnOfAbsent(context);
    if (output === undefined) await requireTrust(context, { keys: ["dumps.after_success.ping"] });
    const { prove, globals } = await chooseExtras(context, args);
    const live = await context.openTarget(args.target);
    const { note } = args;
    const result = await dumpDatabase(await context.operationTools(), live, {
      format,
      ...(codec === undefined ? {} : { codec }),
      content: args.schemaOnly ? "schema" : args.dataOnly ? "data" : "all",
      tables: args.table,
      excludedTables: args.excludeTable,
      jobs,
      ...{ prove, ...(globals === undefined ? {} : { globals }) },
      ...(note === undefined ? {} : { note }),
      destination: await chooseDestination(context, output),
      ...(await readOrigin(context)),
      pgroveVersion: context.version,
    });
    context.output.note(describe(live.target.label, result));
    if (output === "-") return;
    if (args.push) await pushAfter(context, result.manifest.name);
    if (args.prune) await pruneAfter(context, result.manifest.source);
    const pinged = output === undefined ? await tellSuccess(context, live.target.label) : null;
    await context.output.answer({ path: result.path, manifest: result.manifest, pinged }, () => result.path ?? "");
  },
});

/** What is written beside the rows: by the flags, else by pgrove.yaml. Throws (exit 2) for roles beside stdout. */
async function chooseExtras(
  context: Context,
  args: { prove: boolean; globals: boolean; globalsPasswords: boolean; output?: string | undefined },
) {
  const dumps = (await context.config())?.config.dumps;
  const asked = args.globals || args.globalsPasswords;
  const isStdout = args.output === "-";
  if (asked && isStdout) throw usageError("--globals writes a file beside the dump, and -o - has no place for one");
  const wanted = asked || (!isStdout && (dumps?.globals ?? false));
  return {
    prove: args.prove || (dumps?.prove ?? false),
    globals: wanted ? { passwords: args.globalsPasswords } : undefined,
  };
}

/** Said before anything is dumped, not after. */
async function requireSomebodyToAsk(context: Context): Promise<void> {
  if (context.flags.yes || context.prompt.available) return;
  await context.requireConsent({
    target: { label: "the store", name: "store", protected: false },
    what: "--prune removes dumps",
    instead: "pgrove dumps prune --dry-run",
  });
}

/** The dump is there, whatever becomes of the push. */
async function pushAfter(context: Context, name: string): Promise<void> {
  const { pushTo } = await import("../push-dumps.ts");
  const dump = await requireStoredDump(name, await context.storeDir());
  try {
    const pushed = await pushTo(context, [dump], { remote: undefined, verify: false, dryRun: false });
    for (const { place } of pushed) context.output.note(`  pushed  ${place}`);
  } catch (error) {
    context.output.note(`  the dump is in the store, and not yet everywhere: pgrove dumps push ${name}`);
    throw error;
  }
}

async function pruneAfter(context: Context, source: string): Promise<void> {
  const pruning = await planPruning(context, { source });
  await carryOutPruning(context, pruning);
  const { removed } = pruning.plan;
  if (removed.length > 0) context.output.note(`  pruned  ${removed.map(({ dump }) => dump.name).join(", ")}`);
}

/** Whether it was heard; null where nobody is to be told. */
async function tellSuccess(context: Context, label: string): Promise<boolean | null> {
  const url = (await context.config())?.config.dumps.after_success?.ping;
  if (!url) return null;
  const failed = await pingAfterDump(await context.operationTools(), url, label);
  if (failed !== undefined) context.output.warn(`warning: dumps.after_success.ping was not heard: ${failed}`);
  return failed === undefined;
}

function describe(label: string, { manifest }: DumpResult): string {
  const { database_size_bytes, size_bytes, codec, duration_ms } = manifest;
  const from = `${formatBytes(database_size_bytes)}, ${plural(countTables(manifest), "table")}`;
  return `  dumped  ${label}: ${from} → ${formatBytes(size_bytes)} (${codec}) in ${formatDuration(duration_ms)}`;
}
