import { resolve } from "node:path";
import { version } from "../../../package.json";
import { type Codec, type DumpFormat, formatOfFileName, parseCodec } from "../../archive/codec.ts";
import type { Destination } from "../../dump/destination.ts";
import { type DumpResult, dumpDatabase } from "../../dump/dump.ts";
import { usageError } from "../../errors.ts";
import { expandHome } from "../../sys/files.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatBytes, formatDuration, plural } from "../format.ts";

export const command = defineCommand({
  details:
    "The format is custom, compressed by pg_dump itself beside the server; -o FILE.sql, .sql.gz, .sql.zst and .tar choose " +
    "theirs by the name. A manifest with the SHA-256 and the row counts lies beside the dump.",
  positionals: [{ name: "TARGET", target: true, about: "default: the worktree you stand in" }],
  options: [
    { name: "output", short: "o", value: "FILE", about: "write there instead of the store; - is stdout" },
    {
      name: "format",
      value: "FORMAT",
      choices: ["custom", "sql", "directory"],
      about: "custom, sql or directory (a tar)",
    },
    { name: "compress", value: "CODEC[:LEVEL]", about: "zstd, lz4, gzip or none; default: the best that pg_dump has" },
    { name: "schema-only", about: "no rows" },
    { name: "data-only", about: "only rows" },
    { name: "table", value: "T", repeatable: true, about: "only this table (pg_dump's patterns)" },
    { name: "exclude-table", value: "T", repeatable: true, about: "all but this table" },
    {
      name: "jobs",
      short: "j",
      value: "N",
      number: { min: 1, max: 64 },
      about: "dump N tables at once (format directory)",
    },
    { name: "note", value: "TEXT", about: "a note for the manifest" },
  ],
  examples: [
    { line: "pgrove dump", about: "main's database into the store" },
    { line: "pgrove dump @staging --note 'before the release'", about: "an environment's database" },
    { line: "pgrove dump -o - | ssh backup 'cat > app.dump'", about: "straight through a pipe" },
  ],
  async run(context, args) {
    const output = args.string("output");
    const jobs = args.number("jobs") ?? 1;
    const { format, codec } = chooseFormat(args.string("format"), args.string("compress"), output, jobs);
    if (args.flag("schema-only") && args.flag("data-only")) {
      throw usageError("--schema-only and --data-only exclude each other");
    }
    const live = await context.openTarget(args.target);
    const [head, project] = await Promise.all([context.git(), projectName(context)]);
    const note = args.string("note");
    const result = await dumpDatabase(await context.operationTools(), live, {
      format,
      ...(codec === undefined ? {} : { codec }),
      content: args.flag("schema-only") ? "schema" : args.flag("data-only") ? "data" : "all",
      tables: args.list("table"),
      excludedTables: args.list("exclude-table"),
      jobs,
      ...(note === undefined ? {} : { note }),
      destination: await chooseDestination(context, output),
      project,
      git: head?.commit === undefined ? null : { commit: head.commit, branch: head.branch ?? null },
      pgroveVersion: version,
    });
    context.output.note(describe(live.target.label, result));
    if (output === "-") return;
    await context.output.answer({ path: result.path, manifest: result.manifest }, () => result.path ?? "");
  },
});

function chooseFormat(
  given: string | undefined,
  compress: string | undefined,
  output: string | undefined,
  jobs: number,
) {
  const named = output === undefined || output === "-" ? undefined : formatOfFileName(output);
  const format = (given ?? (jobs > 1 ? "directory" : named?.format) ?? "custom") as DumpFormat;
  if (jobs > 1 && format !== "directory") {
    throw usageError(`--jobs ${jobs} needs the directory format, not ${format}`, "--format directory");
  }
  const codec: Codec | undefined = compress === undefined ? codecOfName(named, format) : parseCodec(compress);
  return { format, codec };
}

/** `-o x.sql` means uncompressed SQL, as its name says. */
function codecOfName(named: ReturnType<typeof formatOfFileName>, format: DumpFormat): Codec | undefined {
  return named?.format === format ? named.codec : undefined;
}

async function chooseDestination(context: Context, output: string | undefined): Promise<Destination> {
  if (output === undefined) return { kind: "store", folder: await context.storeDir() };
  if (output === "-") {
    if (context.flags.json) throw usageError("-o - writes the dump to stdout, where --json has no room");
    return { kind: "stdout", write: (chunk) => context.output.write(chunk) };
  }
  const path = resolve(context.cwd, expandHome(output, context.home));
  return { kind: "file", path, overwrite: context.flags.yes };
}

async function projectName(context: Context): Promise<string> {
  return (await context.config())?.config.project ?? "default";
}

function describe(label: string, { manifest }: DumpResult): string {
  const { database_size_bytes, size_bytes, codec, duration_ms, tables } = manifest;
  const from = `${formatBytes(database_size_bytes)}, ${plural(tables.length, "table")}`;
  return `  dumped  ${label}: ${from} → ${formatBytes(size_bytes)} (${codec}) in ${formatDuration(duration_ms)}`;
}
