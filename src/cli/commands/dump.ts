import { version } from "../../../package.json";
import { type DumpResult, dumpDatabase } from "../../dump/dump.ts";
import { readOrigin } from "../../dump/origin.ts";
import { usageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { chooseDestination, chooseFormat } from "../dump-choice.ts";
import { formatBytes, formatDuration, plural } from "../format.ts";
import { TARGET, WAIT_LOCK } from "../grammar.ts";

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
  },
  async run({ args, context }) {
    const { output } = args;
    const jobs = args.jobs ?? 1;
    const { format, codec } = chooseFormat(args.format, args.compress, output, jobs);
    if (args.schemaOnly && args.dataOnly) {
      throw usageError("--schema-only and --data-only exclude each other");
    }
    const live = await context.openTarget(args.target);
    const { note } = args;
    const result = await dumpDatabase(await context.operationTools(), live, {
      format,
      ...(codec === undefined ? {} : { codec }),
      content: args.schemaOnly ? "schema" : args.dataOnly ? "data" : "all",
      tables: args.table,
      excludedTables: args.excludeTable,
      jobs,
      ...(note === undefined ? {} : { note }),
      destination: await chooseDestination(context, output),
      ...(await readOrigin(context)),
      pgroveVersion: version,
    });
    context.output.note(describe(live.target.label, result));
    if (output === "-") return;
    await context.output.answer({ path: result.path, manifest: result.manifest }, () => result.path ?? "");
  },
});

function describe(label: string, { manifest }: DumpResult): string {
  const { database_size_bytes, size_bytes, codec, duration_ms, tables } = manifest;
  const from = `${formatBytes(database_size_bytes)}, ${plural(tables.length, "table")}`;
  return `  dumped  ${label}: ${from} → ${formatBytes(size_bytes)} (${codec}) in ${formatDuration(duration_ms)}`;
}
