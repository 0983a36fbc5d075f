/** A service of a compose file. Found by compose's labels; started and stopped by `docker compose` itself. */
import { dirname } from "node:path";
import { failure, missingError, type PgroveError } from "../errors.ts";
import { dockerCommand, explainDockerError } from "../sys/docker.ts";
import type { Command, Runner } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { type ComposeSpec, type FoundService, findService, listComposeContainers, projectOf } from "./compose-find.ts";
import { findComposeEnvFile } from "./compose-project.ts";
import { isOwnProject, noteStale, startArguments, tryArguments } from "./compose-start.ts";
import type { ContainerFacts } from "./container-inspect.ts";
import { SERVER_GRACE_S, startContainers, stopServiceContainers } from "./container-services.ts";
import { describeContainer, inspectContainer, waitUntilReady } from "./found-container.ts";
import type { Login, LogOptions, ServerOfKind, ServerTools, StartOptions } from "./server.ts";

const NEVER = new AbortController().signal;

/** The container that compose would make first, if there is one of that name. */
async function inspectUsual(runner: Runner, spec: ComposeSpec): Promise<ContainerFacts | undefined> {
  const project = await projectOf(spec);
  if (project === undefined) return undefined;
  return await inspectContainer(runner, `${project.name}-${spec.service}-1`).catch(() => undefined); // only a guess
}

/** The server of a compose service. */
export function createComposeServer(spec: ComposeSpec, login: Login, tools: ServerTools): ServerOfKind {
  const { runner } = tools;
  const label = `compose service ${spec.service}`;
  let service: Promise<FoundService | undefined> | undefined;
  const findOnce = () => {
    service ??= findService(runner, spec);
    return service;
  };
  const found = describeContainer({
    runner,
    label,
    login,
    find: async () => {
      service = findService(runner, spec); // asked again, for it may have been made anew
      // Looked at under its usual name meanwhile: nearly always that is the one, and 12 ms are saved.
      const [one, usual] = await Promise.all([service, inspectUsual(runner, spec)]);
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

  const noteOld = async (names: readonly string[], abort: AbortSignal): Promise<void> => {
    if (isOwnProject(spec) || (await findOnce()) === undefined) return;
    await noteStale(tools, await compose(tryArguments(names)), names, abort);
  };

  const start = async ({ services = [], ...wait }: StartOptions): Promise<void> => {
    const names = [...new Set([spec.service, ...services])];
    await Promise.all([run(startArguments(spec, names), wait.abort), noteOld(names, wait.abort)]);
    forget();
    const facts = await found.require();
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
      const project = (await findOnce())?.project ?? (await projectOf(spec))?.name ?? "";
      return await stopServiceContainers(runner, await findRunning(runner, project, services), before);
    },
    startServices: (handles) => startContainers(runner, handles),
  };
}

async function runCompose(tools: ServerTools, spec: ComposeSpec, command: Command, abort: AbortSignal): Promise<void> {
  try {
    await tools.runner.stream(command, { line: (line) => noteProgress(tools, line), output: () => {} }, abort);
  } catch (error) {
    throw explainComposeError(error, spec);
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

/** `docker compose` for the spec's files, run beside the first one as its relative paths expect. */
export async function composeCommand(
  spec: ComposeSpec,
  found: FoundService | undefined,
  args: readonly string[],
): Promise<Command> {
  const first = spec.files[0] ?? "";
  const folder = dirname(first);
  const envFiles = await listEnvFiles(spec, first);
  const wanted = found === undefined ? await projectOf(spec) : undefined;
  const project = spec.project ?? (found?.unusual || wanted?.given ? (found?.project ?? wanted?.name) : undefined);
  const flags = [
    ...spec.files.flatMap((file) => ["-f", file]),
    ...(project === undefined ? [] : ["-p", project]),
    ...envFiles.flatMap((file) => ["--env-file", file]),
    ...spec.profiles.flatMap((profile) => ["--profile", profile]),
  ];
  return { ...dockerCommand(["compose", ...flags, ...args]), cwd: folder };
}

/** The env files to name, the last one first in rank; compose itself finds one that lies beside the first file. */
async function listEnvFiles({ mainFile }: ComposeSpec, first: string): Promise<string[]> {
  const own = await findComposeEnvFile(first);
  const mains = mainFile === undefined ? undefined : await findComposeEnvFile(mainFile);
  if (mains !== undefined) return own === undefined ? [mains] : [mains, own];
  return own === undefined || dirname(own) === dirname(first) ? [] : [own];
}

function logArguments(spec: ComposeSpec, { follow, tail, services = [] }: LogOptions): string[] {
  const flags = [...(follow ? ["--follow"] : []), ...(tail === undefined ? [] : ["--tail", String(tail)])];
  return ["logs", ...flags, ...(services.length === 0 ? [spec.service] : services)];
}

/** What takes long is said; the rest of compose's progress is noise. */
function noteProgress(tools: ServerTools, line: string): void {
  if (/\b(Pulling|Pulled|Building|Built)\b/.test(line)) tools.note(line.trim());
}

/** Compose's complaints in words that help. */
export function explainComposeError(error: unknown, spec: ComposeSpec): unknown {
  const explained = explainDockerError(error);
  if (!(explained instanceof ToolError) || explained.failure.aborted) return explained;
  const said = explained.failure.stderr.join("\n");
  if (/'compose' is not a docker command|unknown shorthand flag: 'f'|unknown command: docker compose/i.test(said)) {
    return missingError(
      "compose_missing",
      "docker has no compose: `docker compose` (version 2) is needed, docker-compose version 1 does not do",
      "install Docker's compose plugin: https://docs.docker.com/compose/install/",
    );
  }
  const missing = /env file (\S+) not found/.exec(said)?.[1];
  if (missing !== undefined) {
    return failure(
      "env_file_missing",
      `the compose files name an env file that is not there: ${missing}`,
      "make it; or have worktrees given main's: worktrees.share in pgrove.yaml",
    );
  }
  const lines = explained.failure.stderr.filter((line) => line.trim() !== "").slice(-6);
  return failure(
    "compose_failed",
    `docker compose failed for the service ${spec.service}:\n${lines.map((line) => `  ${line.trim()}`).join("\n")}`,
    `check ${spec.files.join(", ")}`,
    error,
  );
}
