import type { StoredDump } from "../../dump/store.ts";
import { EXIT } from "../../errors.ts";
import { dumpedAt, readStatus, type TargetStatus } from "../../monitor/status.ts";
import { defineCommand } from "../command.ts";
import { renderFailure } from "../failure.ts";
import { formatAge, formatBytes, formatDuration, plural } from "../format.ts";
import { describeServer, serverDocument } from "../server-lines.ts";
import { formatFields } from "../table.ts";

export const command = defineCommand({
  details: "Says what it knows when the server is down, too; the exit code is 4 then.",
  positionals: [{ name: "TARGET", target: true, about: "default: main" }],
  options: [],
  examples: [
    { line: "pgrove status", about: "main's server and database" },
    { line: "pgrove status @staging --json | jq .database.size_bytes", about: "for scripts" },
  ],
  async run(context, args) {
    const target = await context.resolveTarget(args.target);
    const now = context.clock.now();
    const [tools, storeDir] = await Promise.all([context.serverTools(), context.storeDir()]);
    const status = await readStatus({ target, tools, storeDir, now });
    const document = documentOf(target.name, status, now);
    await context.output.answer(document, () => `${target.label}\n${formatFields(fieldsOf(status, now))}`);
    const { problem } = status;
    if (problem === undefined) return EXIT.ok;
    if (!context.flags.json) await context.output.complain(renderFailure({ ...problem, message: problem.message }));
    return problem.exit;
  },
});

function fieldsOf({ server, database, user, url, facts, lastDump }: TargetStatus, now: Date) {
  const fields: [string, string | undefined][] = [
    ["server", `${server.label}: ${describeServer(server.state)}`],
    ["version", facts === undefined ? undefined : `PostgreSQL ${facts.version}`],
    ["uptime", facts === undefined ? undefined : formatDuration(now.getTime() - facts.startedAt.getTime())],
    ["database", database],
    ["user", user],
    ["url", url],
    ["size", facts === undefined ? undefined : `${formatBytes(facts.sizeBytes)} in ${plural(facts.tables, "table")}`],
    [
      "connections",
      facts === undefined ? undefined : `${facts.connections} others of ${facts.maxConnections} possible`,
    ],
    ["migration", facts?.migration],
    ["last dump", lastDump === undefined ? "none" : describeDump(lastDump, now)],
  ];
  return fields;
}

function describeDump(dump: StoredDump, now: Date): string {
  return `${dump.name} (${formatBytes(dump.sizeBytes)}, ${formatAge(dumpedAt(dump), now)})`;
}

function documentOf(target: string, status: TargetStatus, now: Date): Record<string, unknown> {
  const { server, facts, lastDump, problem } = status;
  return {
    target,
    server: {
      ...serverDocument(server.label, server.state),
      version: facts?.version ?? null,
      uptime_ms: facts === undefined ? null : now.getTime() - facts.startedAt.getTime(),
    },
    database: {
      name: status.database ?? null,
      user: status.user ?? null,
      url_redacted: status.url ?? null,
      size_bytes: facts?.sizeBytes ?? null,
      tables: facts?.tables ?? null,
      connections: facts?.connections ?? null,
      max_connections: facts?.maxConnections ?? null,
      migration: facts?.migration ?? null,
    },
    last_dump:
      lastDump === undefined
        ? null
        : {
            name: lastDump.name,
            path: lastDump.path,
            size_bytes: lastDump.sizeBytes,
            created_at: dumpedAt(lastDump).toISOString(),
          },
    error: problem === undefined ? null : { code: problem.code, message: problem.message, hint: problem.hint ?? null },
  };
}
