import type { StoredDump } from "../../dump/store.ts";
import { EXIT } from "../../errors.ts";
import type { EnvCheck } from "../../monitor/env-check.ts";
import { dumpedAt, readStatus, type TargetStatus } from "../../monitor/status.ts";
import type { Target } from "../../resolve/target.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { renderFailure } from "../failure.ts";
import { formatAge, formatBytes, formatDuration, plural } from "../format.ts";
import { describeServer, serverDocument } from "../server-lines.ts";
import { formatFields } from "../table.ts";
import { TARGET } from "../target-argument.ts";

export const command = defineCommand({
  meta: {
    details: "Says what it knows when the server is down, too; the exit code is 4 then.",
    examples: [
      { line: "pgrove status", about: "main's server and database" },
      { line: "pgrove status @staging --json | jq .database.size_bytes", about: "for scripts" },
    ],
  },
  args: { target: TARGET },
  async run({ args, context }) {
    const target = await context.resolveTarget(args.target);
    const now = context.clock.now();
    const [tools, storeDir] = await Promise.all([context.serverTools(), context.storeDir()]);
    const status = await readStatus({ target, tools, storeDir, now });
    const env = await findEnvCheck(context, target, status);
    const document = { ...documentOf(target.name, status, now), env: envDocument(env) };
    await context.output.answer(
      document,
      () => `${target.label}\n${formatFields([...fieldsOf(status, now), ...envField(env)])}`,
    );
    if (env !== undefined && env.wrong.length > 0) context.output.warn(describeWrong(target, env));
    const { problem } = status;
    if (problem === undefined) return EXIT.ok;
    if (!context.flags.json) await context.output.complain(renderFailure({ ...problem, message: problem.message }));
    return problem.exit;
  },
});

/** Where a worktree's programs would really go. Asked of main's and the other worktrees' own files. */
async function findEnvCheck(
  context: Context,
  target: Target,
  { connection }: TargetStatus,
): Promise<EnvCheck | undefined> {
  const isWorktree = target.name === "main" || target.worktree !== undefined;
  const loaded = isWorktree ? await context.config() : undefined;
  if (loaded === undefined || connection === undefined) return undefined;
  const root = await findRoot(context, target);
  if (root === undefined) return undefined;
  const { checkEnvFile } = await import("../../monitor/env-check.ts");
  return await checkEnvFile(target, root, connection, loaded);
}

/** Where the worktree is now: it may have been moved. */
async function findRoot(context: Context, { worktree: row }: Target): Promise<string | undefined> {
  const repository = await context.repository();
  if (row === undefined || repository === undefined) return repository?.mainRoot;
  const { listWorktrees } = await import("../../repo/worktree.ts");
  return (await listWorktrees(repository, context.runner)).find(({ id }) => id === row.id)?.root;
}

function describeWrong({ label, worktree }: Target, { file, wrong }: EnvCheck): string {
  const mend = worktree === undefined ? "" : `\nnext: pgrove provision ${label}`;
  return `warning: programs of ${label} work on another database: in ${file}, ${wrong.join(", ")}${mend}`;
}

function envField(env: EnvCheck | undefined): [string, string][] {
  if (env === undefined) return [];
  return [["env file", env.wrong.length === 0 ? env.file : `${env.file} (names another database)`]];
}

function envDocument(env: EnvCheck | undefined) {
  return env === undefined ? null : { file: env.file, matches: env.wrong.length === 0 };
}

function fieldsOf({ server, database, schema, user, url, facts, lastDump }: TargetStatus, now: Date) {
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
