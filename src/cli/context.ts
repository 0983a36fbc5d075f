/** What a command is handed. Each part is made when it is first asked for, and once. */

import { homedir } from "node:os";
import { type Environment, wantsJsonLog } from "../config/env-vars.ts";
import type { PgroveError } from "../errors.ts";
import { userKeyFile } from "../repo/state.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { Loss } from "../resolve/protection.ts";
import type { LiveTarget, Target } from "../resolve/target.ts";
import type { TargetPlace } from "../resolve/target-place.ts";
import { type Clock, systemClock } from "../sys/clock.ts";
import type { EngineName } from "../sys/command.ts";
import { withEngine } from "../sys/engine.ts";
import { findEngine } from "../sys/engine-program.ts";
import { isMarked } from "../sys/hook-mark.ts";
import { isTerminal } from "../sys/is-terminal.ts";
import { once } from "../sys/once.ts";
import type { OperationTools } from "../sys/operation.ts";
import { type Runner, systemRunner } from "../sys/process.ts";
import { redact } from "../sys/redact.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { type Interruptions, watchSignals } from "../sys/signals.ts";
import { type CommandPlace, createPlaces } from "./command-place.ts";
import type { Flags } from "./flags.ts";
import type { Output } from "./output.ts";
import { createPrompt, type Prompt } from "./prompt.ts";
import { canRedraw } from "./terminal.ts";

export interface Context extends CommandPlace {
  /** pgrove's own. */
  readonly version: string;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly environment: Environment;
  /** Where the user stands: what relative paths on the command line are relative to. */
  readonly cwd: string;
  readonly home: string;
  /** The file of the key that pgrove signs with for this user. */
  readonly userKey: string;
  readonly flags: Flags;
  readonly output: Output;
  readonly prompt: Prompt;
  /** The command line as it was typed, without secrets: for hints. */
  readonly commandLine: string;
  /** From the first call on, Ctrl-C and TERM abort its signal instead of ending the process. */
  interruptions(): Interruptions;
  /** The error to end with, once such a signal has come. */
  interrupted(): PgroveError | undefined;
  operationTools(): Promise<OperationTools>;
  /** The same for what sessions are enough for: the dumps' folder is not asked for. */
  sessionTools(): Promise<OperationTools>;
  /** Where targets are resolved from. */
  readonly targetPlace: TargetPlace;
  resolveTarget(text?: string): Promise<Target>;
  /** The target with its server open; throws (exit 4) when it does not run. */
  openTarget(text?: string, database?: string): Promise<LiveTarget>;
  /** Resolves when what is lost may be lost; refuses (exit 5) else. The command line is put into the hint. */
  requireConsent(loss: Omit<Loss, "command">): Promise<void>;
}

export interface ContextOptions {
  version: string;
  argv: readonly string[];
  flags: Flags;
  output: Output;
  environment?: Environment;
  cwd?: string;
  runner?: Runner;
  clock?: Clock;
}

/** The context of this process. */
export function createContext(options: ContextOptions): Context {
  const { version, flags, output, environment = process.env, cwd = process.cwd() } = options;
  const { clock = systemClock } = options;
  let namedEngine: EngineName | undefined;
  const foundEngine = once(() => findEngine(environment.PATH));
  const runner = withEngine(options.runner ?? systemRunner, () => namedEngine ?? foundEngine(), environment);
  const home = environment.HOME || homedir();
  const userKey = userKeyFile(environment, home);
  const places = createPlaces({
    ...{ flags, output, environment, cwd, home, runner },
    useEngine: (engine) => {
      namedEngine = engine;
    },
    approveImage: (image) => requireApproved({ key: "client_image", text: image }),
  });
  const commandLine = redact(["pgrove", ...options.argv.map(quoteWord)].join(" "));
  const { note } = output;

  let watched: Interruptions | undefined;
  const interruptions = () => {
    watched ??= watchSignals();
    return watched;
  };
  const prompt = createPrompt({
    ...{ available: isTerminal(0) && isTerminal(2), before: output.flush },
    interrupted: () => interruptions().abort,
  });
  const sessionTools = once(async (): Promise<OperationTools> => {
    const stateDir = await places.stateDir();
    const progress = await makeProgress(output, environment);
    const { lockWaitMs } = flags;
    const wait = lockWaitMs === undefined ? {} : { lockWaitMs };
    const bound = isMarked(environment) ? { mayRun: requireApprovedFiles } : {};
    const asked = { repositoryIdentity: () => identify(places), mayDropSnapshots: () => approveDrops(context) };
    const tools = { runner, clock, stateDir, userKey, progress, note, began: output.useRun, ...asked };
    return { ...tools, abort: interruptions().abort, ...wait, ...bound };
  });
  const operationTools = once(async (): Promise<OperationTools> => {
    const { openStore } = await import("./open-store.ts");
    return await openStore(context, await sessionTools());
  });
  const requireApproved: TargetPlace["requireApproved"] = (item) => approveItem(context, item);
  const requireApprovedFiles = (files: readonly string[]) => approveFiles(context, files);
  const keptProtection = once(() => keepProtection(context));
  const around = { cwd, environment, envFile: flags.envFile, note };
  const targetPlace: TargetPlace = { ...places, ...around, requireApproved, keptProtection };
  const resolveTarget = async (text?: string) => {
    const resolving = await import("../resolve/resolve.ts");
    const target = await resolving.resolveTarget(text, targetPlace);
    output.conceal(secretsOfTarget(target));
    return target;
  };
  const context: Context = {
    ...places,
    ...{ version, runner, clock, environment, cwd, home, userKey, flags, output, prompt, commandLine },
    interruptions,
    interrupted: () => watched?.received(),
    ...{ operationTools, sessionTools },
    targetPlace,
    resolveTarget,
    openTarget: async (text, database) => {
      const { openTarget } = await import("../resolve/target.ts");
      return await openTarget(await resolveTarget(text), await places.serverTools(), database);
    },
    requireConsent: async (loss) => {
      const { requireConsent } = await import("../resolve/protection.ts");
      const { yes, confirm } = flags;
      await requireConsent({ ...loss, command: commandLine }, { yes, confirm, prompt });
    },
  };
  return context;
}

/** The identity of the repository, where there is one. */
async function identify(places: CommandPlace): Promise<string | undefined> {
  const [repository, stateDir] = await Promise.all([places.repository(), places.stateDir()]);
  if (repository === undefined) return undefined;
  const { ensureRepositoryIdentity } = await import("../repo/repository-identity.ts");
  return await ensureRepositoryIdentity(repository.commonDir, stateDir);
}

async function keepProtection(context: Context) {
  const { findKeptProtection } = await import("./kept-protection.ts");
  return await findKeptProtection(context);
}

async function approveItem(context: Context, item: TrustItem): Promise<void> {
  const trust = await import("./trust.ts");
  await trust.requireApproved(context, item);
}

/** A branch that keeps fewer snapshots is asked about. */
async function approveDrops(context: Context): Promise<void> {
  const trust = await import("./trust.ts");
  await trust.requireTrust(context, { keys: ["snapshots.keep"] });
}

async function approveFiles(context: Context, files: readonly string[]): Promise<void> {
  const hook = await import("./hook-files.ts");
  await hook.requireApprovedFiles(context, files);
}

/** What is never to be shown. A password that is a name of the database's own would only blacken that. */
function secretsOfTarget({ server, login, name }: Target): string[] {
  const { user, database, password } = server.kind === "url" ? server.connection : login;
  const names = ["postgres", user, database, login.user, login.database, name];
  return [password ?? "", login.password ?? ""].filter((each) => each.length >= 4 && !names.includes(each));
}

async function makeProgress(output: Output, environment: Environment): Promise<OperationTools["progress"]> {
  const { createProgress } = await import("./progress.ts");
  const redraw = canRedraw(isTerminal(2), environment) && !wantsJsonLog(environment);
  const columns = redraw ? (await import("node:process")).stderr.columns || 80 : 80;
  return createProgress(output, { redraw, columns: () => columns, nowMs: () => performance.now() });
}
