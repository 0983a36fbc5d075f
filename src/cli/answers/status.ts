/** What `status` answers. */
import type { StatusDocument } from "../../answers/status.ts";
import type { StoredDump } from "../../dump/store.ts";
import type { EnvCheck } from "../../monitor/env-check.ts";
import { dumpedAt, type TargetStatus } from "../../monitor/status.ts";
import type { Target } from "../../resolve/target.ts";
import { formatAge, formatBytes, formatDuration, plural } from "../format.ts";
import { describeServer, serverDocument } from "../server-lines.ts";

/** What is known, as lines for people. */
export function fieldsOf({ server, database, schema, user, url, facts, lastDump }: TargetStatus, now: Date) {
  const fields: [string, string | undefined][] = [
    ["server", `${server.label}: ${describeServer(server.state)}`],
    ["version", facts === undefined ? undefined : `PostgreSQL ${facts.version}`],
    ["uptime", facts === undefined ? undefined : formatDuration(now.getTime() - facts.startedAt.getTime())],
    ["database", database],
    ["schema", schema],
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

/** The same for scripts. */
export function documentOf(target: string, status: TargetStatus, now: Date): StatusDocument {
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
      schema: status.schema ?? null,
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

export function envField(env: EnvCheck | undefined): [string, string][] {
  if (env === undefined) return [];
  return [["env file", isRight(env) ? env.file : `${env.file} (names another database)`]];
}

export function envDocument(env: EnvCheck | undefined) {
  return env === undefined ? null : { file: env.file, matches: isRight(env), strays: env.strays };
}

function isRight({ wrong, strays }: EnvCheck): boolean {
  return wrong.length === 0 && strays.length === 0;
}

/** What to warn of, a text each. */
export function describeWrong({ label, worktree }: Target, { file, wrong, strays, isHidden }: EnvCheck): string[] {
  const mend = worktree === undefined ? "" : `\nnext: pgrove provision ${label}`;
  const other = `programs of ${label} work on another database: in ${file}, ${wrong.join(", ")}${mend}`;
  return [...(wrong.length === 0 ? [] : [`warning: ${other}`]), ...warnOfStrays(label, strays, isHidden)];
}

/** That some of a worktree's variables lead its programs to main's data. `isHidden`: by no port of this machine. */
export function warnOfStrays(label: string, strays: readonly string[], isHidden: boolean): string[] {
  if (strays.length === 0) return [];
  const names = [...new Set(strays.map((each) => each.split(" ")[0] ?? ""))].join(", ");
  const how = isHidden ? `${names}), with {database}, and host and port as they are` : `${names})`;
  return [
    `warning: programs of ${label} that read these work on MAIN's database: ${strays.join(", ")}\n` +
      `next: name them in env.set of pgrove.yaml (${how}, then: pgrove provision ${label}`,
  ];
}
