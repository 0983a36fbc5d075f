/** `migrations.command`: another tool migrates, with pgrove's consent, backup, rehearsal, lock and journal around it. */
import { EXIT, PgroveError } from "../../errors.ts";
import { requireToolCommand, type ToolRun, type ToolVerb } from "../../migrate/command-tool.ts";
import type { Rehearsal } from "../../migrate/run/rehearse.ts";
import type { BackupKind } from "../../migrate/settings.ts";
import { connectionEnvironment, formatConnectionUrl } from "../../postgres/url.ts";
import { requireReach } from "../../resolve/reach.ts";
import type { LiveTarget, Target } from "../../resolve/target.ts";
import type { Context } from "../context.ts";
import { formatDuration } from "../format.ts";
import { askAboutSessions } from "../sessions.ts";
import { targetVariables } from "../target-variables.ts";
import { requireTrust } from "../trust.ts";
import type { BackedUp } from "./backup.ts";
import { openMigrations } from "./migrations.ts";
import { rehearsalDocument, renderRehearsal } from "./rehearsal.ts";
import { backupDocument, withWayBack } from "./way-back.ts";

export interface CommandToolRequest {
  verb: ToolVerb;
  /** As it was typed. */
  target?: string | undefined;
  /** What follows the tool's command: a new migration's name, or what was typed behind `--`. */
  words: readonly string[];
  dryRun?: boolean;
  rehearse?: boolean;
  backup?: BackupKind;
  /** How long to wait for another run that migrates the same database. */
  lockWaitMs?: number;
}

/** One run of the tool in a worktree, but for the variables of the database that it works on. */
interface Prepared {
  request: CommandToolRequest;
  command: string;
  root: string;
}

/** Runs the tool's command for a verb. Throws (exit 3) when it has none, (exit 5) when it was not approved. */
export async function runCommandTool(context: Context, request: CommandToolRequest): Promise<undefined> {
  const { settings, root } = await openMigrations(context, request.target);
  const command = requireToolCommand(settings, request.verb);
  if (request.dryRun) {
    const said = { dry_run: true, command, arguments: request.words };
    return void (await context.output.answer(said, () => `would run: ${[command, ...request.words].join(" ")}`));
  }
  await requireTrust(context, { instead: "or run the tool itself" });
  const prepared = { request, command, root };
  if (request.verb === "status" || request.verb === "create") return await answerByTool(context, prepared);
  return await migrate(context, prepared);
}

/** `status` and `create`: what the tool prints is the answer. */
async function answerByTool(context: Context, prepared: Prepared): Promise<undefined> {
  const { verb, target } = prepared.request;
  const env = await variablesOf(context, await context.resolveTarget(target)).catch((error: unknown) => {
    // A new migration can be written while the server does not run.
    if (verb !== "create" || !(error instanceof PgroveError) || error.exit !== EXIT.missing) throw error;
    return {};
  });
  const printed: string[] = [];
  const { runTool } = await import("../../migrate/command-tool.ts");
  const tell: ToolRun["tell"] = (line, stream) => {
    if (stream === "stdout") printed.push(line);
    else context.output.note(line);
  };
  await runTool(await context.operationTools(), { ...describeRun(prepared, env), tell });
  const document = { command: prepared.command, output: printed };
  return void (await context.output.answer(document, () => printed.join("\n")));
}

/** `up` and `down`. */
async function migrate(context: Context, prepared: Prepared): Promise<undefined> {
  const { verb, target: targetText, rehearse = false, backup: kind = "none", lockWaitMs = 0 } = prepared.request;
  const { migrateByTool } = await import("../../migrate/command-tool.ts");
  const live = await context.openTarget(targetText);
  const { target } = live;
  const run = { ...describeRun(prepared, await variablesOf(context, target)), tell: teller(context) };
  const rehearsal = rehearse ? await rehearseTool(context, live, prepared) : undefined;
  if (rehearsal !== undefined) context.output.note(renderRehearsal(rehearsal, target.label));
  if (verb === "down" || target.protected || rehearsal !== undefined) {
    await context.requireConsent({ target, what: `${prepared.command} would be run on ${target.label}` });
  }
  const backup = kind === "none" ? undefined : await backUp(context, targetText, kind);
  const started = performance.now();
  await migrateByTool(await context.operationTools(), live, run, lockWaitMs).catch((error: unknown) => {
    throw withWayBack(error, backup);
  });
  const durationMs = Math.round(performance.now() - started);
  const document = {
    ...{ target: target.name, command: prepared.command, duration_ms: durationMs },
    backup: backupDocument(backup),
    rehearsal: rehearsal === undefined ? null : rehearsalDocument(rehearsal),
  };
  const said = `${target.label}: ${prepared.command}, done in ${formatDuration(durationMs)}`;
  return void (await context.output.answer(document, () => said));
}

function describeRun({ request, command, root }: Prepared, env: Readonly<Record<string, string>>) {
  return { verb: request.verb, command, words: request.words, place: { cwd: root, env } };
}

function teller({ output }: Context): ToolRun["tell"] {
  return (line) => output.note(`  ${line}`);
}

/** The target's variables, and those that every tool knows, where `env.set` does not say otherwise. */
async function variablesOf(context: Context, target: Target, database?: string): Promise<Record<string, string>> {
  const found = await requireReach(target, await context.serverTools());
  const connection = database === undefined ? found : { ...found, database };
  const usual = { DATABASE_URL: formatConnectionUrl(connection, "show"), ...connectionEnvironment(connection) };
  return { ...usual, ...(await targetVariables(context, target, connection)) };
}

async function rehearseTool(context: Context, live: LiveTarget, prepared: Prepared): Promise<Rehearsal> {
  const [{ rehearse }, { runTool }] = await Promise.all([
    import("../../migrate/run/rehearse.ts"),
    import("../../migrate/command-tool.ts"),
  ]);
  return await rehearse(await context.operationTools(), live, {
    whenBusy: (sessions) => askAboutSessions(context, live.target.label, sessions),
    run: async ({ tools }, copy) => {
      const env = await variablesOf(context, copy.target, copy.database);
      const started = performance.now();
      await runTool(tools, { ...describeRun(prepared, env), tell: teller(context) });
      return [{ name: prepared.command, durationMs: performance.now() - started, locks: [] }];
    },
  });
}

async function backUp(context: Context, targetText: string | undefined, kind: "dump" | "snapshot"): Promise<BackedUp> {
  const { backUpBefore } = await import("./backup.ts");
  return await backUpBefore(context, targetText, { kind });
}
