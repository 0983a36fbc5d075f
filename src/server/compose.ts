/** A service of a compose file. Found by compose's labels; started and stopped by `docker compose` itself. */
import { missingError, type PgroveError } from "../errors.ts";
import { engineOf } from "../sys/engine.ts";
import { once } from "../sys/once.ts";
import type { Command, Runner } from "../sys/process.ts";
import { findProject } from "./compose-asked.ts";
import { describeChanges, describeFarMounts } from "./compose-changes.ts";
import { composeCommand, explainComposeError } from "./compose-command.ts";
import { readComposeConfig } from "./compose-config.ts";
import { type ComposeSpec, type FoundService, findService, listComposeContainers } from "./compose-find.ts";
import type { ProjectName } from "./compose-project.ts";
import {
  describeStale,
  findStale,
  isOwnProject,
  recreateArguments,
  startArguments,
  tryArguments,
} from "./compose-start.ts";
import type { ContainerFacts } from "./container-inspect.ts";
import { SERVER_GRACE_S, serverIsNoService, startContainers, stopServiceContainers } from "./container-services.ts";
import { describeContainer, type FoundContainer, inspectContainer, waitUntilReady } from "./found-container.ts";
import type { Login, LogOptions, ServerOfKind, ServerTools, StartOptions } from "./server.ts";

const NEVER = new AbortController().signal;

/** The container that compose would make first, if there is one of that name. */
async function inspectUsual(
  runner: Runner,
  spec: ComposeSpec,
  named: Promise<ProjectName | undefined>,
): Promise<ContainerFacts | undefined> {
  const project = await named;
  if (project === undefined) return undefined;
  return await inspectContainer(runner, `${project.name}-${spec.service}-1`).catch(() => undefined); // only a guess
}

/** The server of a compose service. */
export function createComposeServer(spec: ComposeSpec, login: Login, tools: ServerTools): ServerOfKind {
  const { runner } = tools;
  const label = `compose service ${spec.service}`;
  let service: Promise<FoundService | undefined> | undefined;
  const projectOf = once(() => findProject(spec, tools));
  const findOnce = () => {
    service ??= findService(runner, spec, projectOf());
    return service;
  };
  const found = describeContainer({
    runner,
    label,
    login,
    find: async () => {
      service = findService(runner, spec, projectOf()); // asked again, for it may have been made anew
      // Looked at under its usual name meanwhile: nearly always that is the one, and 12 ms are saved.
      const [one, usual] = await Promise.all([service, inspectUsual(runner, spec, projectOf())]);
      if (one === undefined) return undefined;
      return usual?.id === one.id ? usual : await inspectContainer(runner, one.id);
    },
    absent: () => absentError(spec),
  });
  const forget = () => {
    service = undefined;
    found.forget();
  };

  const compose = async (args: readonly string[]) => composeCommand(spec, await findOnce(), args);
  const run = async (args: readonly string[], abort: AbortSignal) =>
    runCompose(tools, spec, await compose(args), abort);

  const start = async (options: StartOptions): Promise<void> => {
    const { services = [], ...wait } = options;
    const names = [...new Set([spec.service, ...services])];
    await startComposed(tools, { spec, names, compose, isThere: (await findOnce()) !== undefined, found }, options);
    forget();
    const facts = await found.require();
    for (const said of describeFarMounts(facts)) tools.note(said);
    await waitUntilReady(runner, facts.id, label, wait);
    found.forget(); // its health and its start time are other ones by now
  };

  const stop = async (services?: readonly string[]): Promise<void> => {
    const names = services === undefined || services.length === 0 ? [spec.service] : services;
    const own = names.includes(spec.service) ? await found.facts() : undefined;
    // A paused process does not see the signal that asks it to end.
    if (own?.status === "paused") await run(["unpause", spec.service], NEVER);
    await run(["stop", "-t", String(SERVER_GRACE_S), ...names], NEVER);
    forget();
  };

  return {
    spec,
    label,
    inspect: found.inspect,
    access: found.access,
    reach: found.reach,
    open: found.open,
    start,
    stop,
    logs: async (options) => compose(logArguments(spec, options)),
    stopServices: async (services, before) => {
      if (services.length === 0) return [];
      if (services.includes(spec.service)) throw serverIsNoService(spec.service);
      const project = (await findOnce())?.project ?? (await projectOf())?.name ?? "";
      return await stopServiceContainers(runner, await findRunning(runner, project, services), before);
    },
    startServices: (handles) => startContainers(runner, handles),
  };
}

interface Start {
  spec: ComposeSpec;
  names: readonly string[];
  compose(args: readonly string[]): Promise<Command>;
  /** The server has a container. */
  isThere: boolean;
  found: FoundContainer;
}

/** Starts the services; of those that have containers it is found out meanwhile whether they are as the files have them. */
async function startComposed(tools: ServerTools, start: Start, options: StartOptions): Promise<void> {
  const { spec, names, compose, isThere } = start;
  const run = async (args: readonly string[]) => runCompose(tools, spec, await compose(args), options.abort);
  const dryRun = isThere && !isOwnProject(spec) ? await compose(tryArguments(names)) : undefined;
  const [old] = await Promise.all([
    dryRun === undefined ? [] : findStale(tools.runner, dryRun, options.abort),
    run(startArguments(spec, names)),
  ]);
  if (old.length > 0 && (await offerAnew(tools, start, old, options))) await run(recreateArguments(names));
}

/** They were started as they are; made anew they are only after a yes to what would change. */
async function offerAnew(
  { runner, note }: ServerTools,
  { spec, names, found }: Start,
  old: readonly string[],
  { mayRecreate }: StartOptions,
): Promise<boolean> {
  const facts = await found.facts();
  const config = await readComposeConfig(runner, spec).catch(() => undefined);
  const changes = facts === undefined || config === undefined ? [] : describeChanges(facts, config, spec.service);
  const what = describeStale(old, changes);
  if (await mayRecreate?.(`${what}\nMade anew it loses what is in no volume.`)) return true;
  const anew = `${engineOf(runner)} compose up -d ${names.join(" ")}        makes it so; what is in no volume is lost with it`;
  note(`${what}\nstarted as it is\n${anew}`);
  return false;
}

async function runCompose(tools: ServerTools, spec: ComposeSpec, command: Command, abort: AbortSignal): Promise<void> {
  try {
    await tools.runner.stream(command, { line: (line) => noteProgress(tools, line), output: () => {} }, abort);
  } catch (error) {
    throw explainComposeError(error, spec, engineOf(tools.runner));
  }
}

async function findRunning(runner: Runner, project: string, services: readonly string[]): Promise<string[]> {
  const all = await listComposeContainers(runner, "project", project);
  return all
    .filter((one) => !one.oneoff && one.state === "running" && services.includes(one.service))
    .map((one) => one.id);
}

function absentError({ service }: ComposeSpec): PgroveError {
  return missingError("server_absent", `the compose service ${service} has no container yet`, "pgrove up");
}

function logArguments(spec: ComposeSpec, { follow, tail, services = [] }: LogOptions): string[] {
  const flags = [...(follow ? ["--follow"] : []), ...(tail === undefined ? [] : ["--tail", String(tail)])];
  return ["logs", ...flags, ...(services.length === 0 ? [spec.service] : services)];
}

/** What takes long is said; the rest of compose's progress is noise. */
function noteProgress(tools: ServerTools, line: string): void {
  if (/\b(Pulling|Pulled|Building|Built)\b/.test(line)) tools.note(line.trim());
}
