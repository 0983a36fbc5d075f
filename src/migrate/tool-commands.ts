/** `migrations.command`: another tool migrates, with pgrove's consent, backup, rehearsal, lock and journal around it. */
import { EXIT, PgroveError, usageError } from "../errors.ts";
import { type Connection, connectionEnvironment, formatConnectionUrl } from "../postgres/url.ts";
import { whereaboutsOf } from "../resolve/reach.ts";
import { withReach } from "../resolve/relayed.ts";
import { findStrayFiles, findWays } from "../resolve/stray-variables.ts";
import type { LiveTarget, Target } from "../resolve/target.ts";
import { targetVariables } from "../resolve/target-variables.ts";
import {
  aimCommand,
  migrateByTool,
  requireToolCommand,
  runTool,
  type ToolRun,
  type ToolVerb,
  upToTool,
} from "./command-tool.ts";
import { openIfRunning, watchingMain } from "./main-ledgers.ts";
import type { MigrateDialogue, MigrateRequest } from "./request.ts";
import type { BackedUp } from "./run/backup-first.ts";
import type { Rehearsal } from "./run/rehearse.ts";
import { withWayBack } from "./run/way-back.ts";
import type { BackupKind } from "./settings.ts";
import { toolPath } from "./tool-path.ts";
import type { MigrateTools } from "./tools.ts";
import { openMigrations, type TargetMigrations } from "./worktree-migrations.ts";

export type ToolOutcome =
  | { kind: "tool-planned"; command: string; words: readonly string[] }
  | { kind: "tool-done"; done: ToolMigrated };

export interface ToolMigrated {
  target: Target;
  command: string;
  durationMs: number;
  backup: BackedUp | undefined;
  rehearsal: Rehearsal | undefined;
}

/** One run of the tool in a worktree, but for the variables of the database that it works on. */
interface PreparedTool {
  verb: ToolVerb;
  /** What follows the tool's command: a new migration's name, or what was typed behind `--`. */
  words: readonly string[];
  command: string;
  root: string;
}

/**
 * `up` and `down`. Throws (exit 2) for what means nothing to another tool, (exit 3) when it has no command for the verb,
 * (exit 5) when that was not approved.
 */
export async function migrateByCommand(
  tools: MigrateTools,
  migrations: TargetMigrations,
  request: MigrateRequest,
  backupKind: BackupKind,
  dialogue: MigrateDialogue,
): Promise<ToolOutcome> {
  const { verb, word, toolWords: words, options } = request;
  if (verb === "goto") throw upToTool(verb);
  if (word === undefined && request.wish(0).kind === "nothing") {
    throw usageError(
      "--all means nothing to another tool",
      "name how far: pgrove migrate down base        with {target} in it",
    );
  }
  const command = aimCommand(requireToolCommand(migrations.settings, verb), verb, word);
  if (options.dryRun) return { kind: "tool-planned", command, words };
  await dialogue.trust();
  const prepared = { verb, words, command, root: migrations.root };
  return { kind: "tool-done", done: await migrateTarget(tools, prepared, request, backupKind, dialogue) };
}

async function migrateTarget(
  tools: MigrateTools,
  prepared: PreparedTool,
  request: MigrateRequest,
  backupKind: BackupKind,
  dialogue: MigrateDialogue,
): Promise<ToolMigrated> {
  const { command, verb } = prepared;
  const { options, target: targetText } = request;
  const live = await tools.openTarget(targetText);
  const { target } = live;
  const rehearsal = options.rehearse ? await rehearseTool(tools, live, prepared, dialogue) : undefined;
  if (verb === "down" || target.protected || rehearsal !== undefined) await dialogue.consentToTool(command, target);
  const backup = backupKind === "none" ? undefined : await saveFirst(tools, targetText, backupKind, dialogue);
  const started = performance.now();
  const operation = await tools.operationTools();
  const work = async () =>
    await withReach(target, await tools.serverTools(), async (way) => {
      const run = describeRun(tools, prepared, await variablesOf(tools, target, prepared.root, way));
      await migrateByTool(operation, live, run, options.lockWaitMs);
    });
  const main = target.worktree === undefined ? undefined : await openIfRunning(() => tools.openTarget("main"));
  const watched =
    main === undefined ? work() : watchingMain({ own: live, main, now: tools.clock.now() }, command, work);
  await watched.catch((error: unknown) => {
    throw withWayBack(error, backup);
  });
  return { target, command, durationMs: Math.round(performance.now() - started), backup, rehearsal };
}

async function saveFirst(
  tools: MigrateTools,
  targetText: string | undefined,
  kind: "dump" | "snapshot",
  dialogue: MigrateDialogue,
): Promise<BackedUp> {
  const { backUpFirst } = await import("./run/backup-first.ts");
  return await backUpFirst(tools, targetText, { kind }, dialogue);
}

async function rehearseTool(
  tools: MigrateTools,
  live: LiveTarget,
  prepared: PreparedTool,
  dialogue: MigrateDialogue,
): Promise<Rehearsal> {
  const { rehearse } = await import("./run/rehearse.ts");
  const rehearsal = await rehearse(await tools.operationTools(), live, {
    whenBusy: (sessions) => dialogue.whenBusy(live.target, sessions),
    run: async (work, copy) => {
      const started = performance.now();
      await withReach(copy.target, await tools.serverTools(), async (way) => {
        const env = await variablesOf(tools, copy.target, prepared.root, way, copy.database);
        await runTool(work.tools, describeRun(tools, prepared, env));
      });
      return [{ name: prepared.command, durationMs: performance.now() - started, locks: [] }];
    },
  });
  dialogue.tellRehearsal(rehearsal, live.target);
  return rehearsal;
}

export interface ToolQuestion {
  verb: "status" | "history" | "create";
  /** As it was typed. */
  target?: string | undefined;
  words: readonly string[];
}

/** What the tool printed. */
export interface ToolAnswer {
  command: string;
  output: readonly string[];
}

/** `status`, `history` and `create`: what the tool prints is the answer. Throws as `migrateByCommand` does. */
export async function askTool(
  tools: MigrateTools,
  { verb, target, words }: ToolQuestion,
  trust: MigrateDialogue["trust"],
): Promise<ToolAnswer> {
  const { settings, root } = await openMigrations(tools, target);
  const command = requireToolCommand(settings, verb);
  await trust();
  const output: string[] = [];
  const tell: ToolRun["tell"] = (line, stream) => {
    if (stream === "stdout") output.push(line);
    else tools.targetPlace.note(line);
  };
  const ask = async (env: Readonly<Record<string, string>>) => {
    const place = placeOf(tools, { command, root }, env);
    await runTool(await tools.operationTools(), { verb, command, words, place, tell });
  };
  await askServer(tools, target, root, ask).catch(async (error: unknown) => {
    // A new migration can be written while the server does not run.
    if (verb !== "create" || !(error instanceof PgroveError) || error.exit !== EXIT.missing) throw error;
    await ask({});
  });
  return { command, output };
}

/** Hands on the variables of the target, which hold as long as `ask` takes. */
async function askServer(
  tools: MigrateTools,
  text: string | undefined,
  root: string,
  ask: (env: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const target = await tools.resolveTarget(text);
  await withReach(target, await tools.serverTools(), async (way) => ask(await variablesOf(tools, target, root, way)));
}

function describeRun(tools: MigrateTools, prepared: PreparedTool, env: Readonly<Record<string, string>>): ToolRun {
  const { verb, command, words } = prepared;
  const { note } = tools.targetPlace;
  return { verb, command, words, place: placeOf(tools, prepared, env), tell: (line) => note(`  ${line}`) };
}

/** The worktree's folder, where the tool's own programs are found before others. */
function placeOf(
  { targetPlace: { environment } }: MigrateTools,
  { command, root }: Pick<PreparedTool, "command" | "root">,
  env: Readonly<Record<string, string>>,
): ToolRun["place"] {
  return { cwd: root, env: { ...env, PATH: toolPath(command, root, env.PATH ?? environment.PATH) } };
}

/**
 * The target's variables, those that every tool knows, where `env.set` does not say otherwise, and those of the env files
 * at `root` that would lead elsewhere: the environment counts more than the files. `found` is the way there, `database` a copy
 * of the target's.
 */
async function variablesOf(
  tools: MigrateTools,
  target: Target,
  root: string,
  found: Connection,
  database?: string,
): Promise<Record<string, string>> {
  const connection = database === undefined ? found : { ...found, database };
  const usual = {
    DATABASE_URL: formatConnectionUrl(connection, "show", "program"),
    ...connectionEnvironment(connection),
  };
  const strays = await findStraysAt(tools, root, { target, connection, real: found });
  const { variables } = await targetVariables(tools, target, whereaboutsOf(connection));
  return { ...usual, ...strays, ...variables };
}

interface Led {
  target: Target;
  /** Where the tool is to work. */
  connection: Connection;
  /** The target's own database, which is another one where a copy is worked on. */
  real: Connection;
}

/** Variables of the env files that lead to main's database, or past the copy, as they have to be. */
async function findStraysAt(
  { config, resolveTarget, serverTools }: MigrateTools,
  root: string,
  { target, connection, real }: Led,
): Promise<Record<string, string>> {
  const loaded = await config();
  if (loaded === undefined) return {};
  const ways = await findWays(target, connection, { main: () => resolveTarget("main"), serverTools });
  const past = { own: connection, main: real, names: ways?.names ?? [] };
  const found = await Promise.all(
    [...(ways === undefined ? [] : [ways]), past].map((each) => findStrayFiles(root, each, loaded)),
  );
  const variables = found.flat().flatMap((each) => each.variables);
  return Object.fromEntries(variables.map(({ name, own }) => [name, own]));
}
