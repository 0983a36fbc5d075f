/** The container engine: which one it is, and what its programs are called. Nothing else knows podman from docker. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command, EngineName } from "./command.ts";
import type { Variables } from "./engine-endpoint.ts";
import type { Runner } from "./process.ts";

/** What commands for the engine name as their program, whichever engine there is. */
export const ENGINE_PROGRAM = "docker";

/** The engine that a runner's commands for containers go to. */
export function engineOf({ engine }: Pick<Runner, "engine">): EngineName {
  return engine ?? "docker";
}

/** The runner, with commands for the engine given to the one that `choose` names; it is asked with the first of them. */
export function withEngine(base: Runner, choose: () => EngineName, env: Variables = process.env): Runner {
  const at = (command: Command) =>
    command.file === ENGINE_PROGRAM && choose() === "podman" ? asPodman(command, env) : command;
  return {
    get engine() {
      return choose();
    },
    ask: async (path) => (choose() === "podman" ? undefined : await base.ask?.(path)),
    capture: (command, limits) => base.capture(at(command), limits),
    stream: (command, io, abort) => base.stream(at(command), io, abort),
    inherit: (command) => base.inherit(at(command)),
    duplex: (command) => base.duplex(at(command)),
  };
}

/**
 * `podman` understands what `docker` is told, but for compose, which it hands on to Docker's own compose beside its
 * socket. That is called here without the detour, which podman knows from 4.7 on only.
 */
function asPodman(command: Command, env: Variables): Command {
  const [first, ...rest] = command.args;
  if (first !== "compose") return { ...command, file: "podman" };
  const program = findComposeProgram(env);
  const socket = findPodmanSocket(env);
  if (program === undefined || socket === undefined) return { ...command, file: "podman" };
  return { ...command, file: program, args: rest, env: { ...command.env, DOCKER_HOST: socket } };
}

/** Where Docker's packages put compose, as a plugin of its client. */
const PLUGIN_FOLDERS = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"] as const;

function findComposeProgram(env: Variables): string | undefined {
  const own = env.DOCKER_CONFIG || join(env.HOME ?? "", ".docker");
  const folders = [join(own, "cli-plugins"), ...PLUGIN_FOLDERS.map((each) => `${each}/docker/cli-plugins`)];
  const plugin = folders.map((folder) => join(folder, "docker-compose")).find((file) => existsSync(file));
  return plugin ?? Bun.which("docker-compose", { PATH: env.PATH ?? "" }) ?? undefined;
}

/** Podman's socket as a URL: the one that is named, else that of this user's service where it is there. */
function findPodmanSocket(env: Variables): string | undefined {
  if (env.CONTAINER_HOST) return env.CONTAINER_HOST;
  const folder = process.getuid?.() === 0 ? "/run" : env.XDG_RUNTIME_DIR;
  const socket = folder === undefined ? undefined : `${folder}/podman/podman.sock`;
  if (socket !== undefined && existsSync(socket)) return `unix://${socket}`;
  return env.DOCKER_HOST || undefined; // set to nothing, compose would take docker's own
}
