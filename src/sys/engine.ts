/** The container engine: which one it is, and what its programs are called. Nothing else knows podman from docker. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command, EngineName } from "./command.ts";
import type { Runner } from "./process.ts";

type Variables = Readonly<Record<string, string | undefined>>;

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
    capture: (command, limits) => base.capture(at(command), limits),
    stream: (command, io, abort) => base.stream(at(command), io, abort),
    inherit: (command) => base.inherit(at(command)),
    duplex: (command) => base.duplex(at(command)),
  };
}

/** The engine of this machine: docker where its program is, else podman where that is. */
export function findEngine(path = process.env.PATH ?? ""): EngineName {
  const docker = Bun.which("docker", { PATH: path });
  if (docker !== null) return isPodmanInDisguise(docker) ? "podman" : "docker";
  return Bun.which("podman", { PATH: path }) === null ? "docker" : "podman";
}

/** Far above a wrapper's length, far below a program's. */
const LONGEST_WRAPPER = 4096;

/** The package podman-docker brings a shell script called docker, which hands on to podman. */
function isPodmanInDisguise(program: string): boolean {
  try {
    if (statSync(program).size > LONGEST_WRAPPER) return false;
    const file = openSync(program, "r");
    try {
      const text = Buffer.alloc(LONGEST_WRAPPER);
      return /^\s*exec\s+\S*podman\b/m.test(text.toString("utf8", 0, readSync(file, text)));
    } finally {
      closeSync(file);
    }
  } catch {
    return false; // one that cannot be read is taken at its word
  }
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
