import { basename, resolve } from "node:path";
import { EXIT, missingError, usageError } from "../../errors.ts";
import { asOwnRole } from "../../resolve/reach.ts";
import { openTarget } from "../../resolve/target.ts";
import { querySql, runSql, type SqlSource } from "../../sql/run-sql.ts";
import { pathExists } from "../../sys/files.ts";
import { readStdin, readWholeFile, STDIN_PATH } from "../../sys/input.ts";
import { isTerminal } from "../../sys/is-terminal.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";

export const command = defineCommand({
  meta: {
    details: [
      "Table and csv go through the server's own psql: its backslash commands work, every statement counts for itself, and the first error ends the run (exit 1).",
      '--format json, which --json implies, runs everything in one transaction and prints {"version":1,"results":[{"command","count","rows":[{…}]}]}, one result per statement.',
    ].join("\n"),
    examples: [
      { line: "pgrove sql -c 'select count(*) from users'", about: "one statement on main" },
      { line: "pgrove sql @staging -f report.sql --format csv > report.csv", about: "a file, on an environment" },
      { line: "pgrove sql < fix.sql", about: "from standard input" },
    ],
  },
  args: {
    target: TARGET,
    command: { type: "string", alias: "c", valueHint: "SQL", description: "the SQL to run" },
    file: { type: "string", alias: "f", valueHint: "FILE", description: "a file with the SQL; - is standard input" },
    format: { type: "enum", valueHint: "FORMAT", options: ["table", "csv", "json"], description: "how rows are shown" },
  },
  async run({ args, context }) {
    const source = await openSource(args.command, args.file, context.cwd);
    const target = asOwnRole(await context.resolveTarget(args.target));
    const live = await openTarget(target, await context.serverTools());
    const tools = await context.operationTools();
    const { output } = context;
    const format = context.flags.json ? "json" : args.format;
    if (format === "json") {
      const document = { version: 1, results: await querySql(live, tools, source) };
      await output.show(Buffer.from(`${JSON.stringify(document)}\n`));
      return EXIT.ok;
    }
    const sink = { output: output.show, notice: output.note };
    await runSql(live, tools, source, format === "csv" ? "csv" : "table", sink);
    return EXIT.ok;
  },
});

async function openSource(text: string | undefined, file: string | undefined, cwd: string): Promise<SqlSource> {
  if (text !== undefined && file !== undefined) throw usageError("-c and -f exclude each other");
  if (text !== undefined) return { name: "sql", open: () => bytesOf(text) };
  if (file !== undefined && file !== "-") {
    const path = resolve(cwd, file);
    if (!(await pathExists(path))) throw missingError("file_missing", `there is no file ${path}`);
    return { name: basename(path), path, open: () => readWholeFile(path) };
  }
  if (isTerminal(0)) throw usageError("there is no SQL: give -c SQL, -f FILE, or send it to standard input");
  return { name: "<stdin>", path: STDIN_PATH, open: readStdin };
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(`${text}\n`);
}
