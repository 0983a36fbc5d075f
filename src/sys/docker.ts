/** The engine's command line, as docker and podman both understand it: the one place that knows its order and its complaints. */

import { failure, missingError, PgroveError } from "../errors.ts";
import type { Env } from "./child-environment.ts";
import type { EngineName } from "./command.ts";
import { ENGINE_PROGRAM, engineOf } from "./engine.ts";
import { engineEndpoint, engineIsLocal } from "./engine-endpoint.ts";
import type { Command, Limits, Runner } from "./process.ts";
import { ToolError } from "./tool-error.ts";

/** A command for the engine: docker's arguments, which the runner gives to the engine that there is. */
export function dockerCommand(args: readonly string[], env: Env = {}, secrets: readonly string[] = []): Command {
  return { file: ENGINE_PROGRAM, args, env, secrets };
}

const NO_ENGINE =
  /cannot connect to (the docker daemon|podman)|is the docker daemon running|error during connect|failed to connect to the docker API|permission denied while trying to connect|unable to connect to podman/i;

/** An error of the engine's client, said in words that help. */
export function explainDockerError(error: unknown, engine: EngineName): unknown {
  if (error instanceof PgroveError && error.code === "program_missing") {
    return missingError(
      "docker_missing",
      `${engine} is not installed, or not on PATH`,
      `install ${TITLES[engine]}, or use a server without it (\`server: {local: {}}\` in pgrove.yaml)`,
    );
  }
  if (!(error instanceof ToolError)) return error;
  const said = error.failure.stderr.join("\n");
  const onTheWay = explainSsh(said);
  if (onTheWay !== undefined) return onTheWay;
  if (/permission denied/i.test(said) && NO_ENGINE.test(said)) {
    return missingError(
      "docker_denied",
      `${engine} is running, but this user may not use it`,
      engine === "docker"
        ? "add yourself to the group docker (`sudo usermod -aG docker $USER`), then log in again"
        : "use your own: podman info",
    );
  }
  if (NO_ENGINE.test(said)) {
    const endpoint = engine === "docker" ? engineEndpoint(engine) : undefined;
    const overSsh = endpoint?.startsWith("ssh://") ? `try it: ${sshCommand(endpoint)} docker version` : undefined;
    const far = overSsh ?? `start it there, or name another: ${CHOICES[engine]}`;
    const hint = engineIsLocal(engine) ? START[engine] : far;
    return missingError("docker_down", `${engine} is not running${placeNote(engine)}`, hint);
  }
  const context = /context "([^"]+)"(?: does not exist|: context not found)/.exec(said)?.[1];
  if (context !== undefined) {
    return missingError("context_missing", `docker has no context ${context}`, "docker context ls");
  }
  return error;
}

/** What docker's client says of the ssh that it has started, with how that ended and its words. */
const SSH_ENDED = /command \[ssh .* docker system dial-stdio\] has exited with exit status (\d+),.*?stderr=(.*)$/s;

/** ssh's own failures, and what it met on the other machine; undefined where ssh is none of it. */
function explainSsh(said: string): PgroveError | undefined {
  const [, status, words = ""] = SSH_ENDED.exec(said) ?? [];
  const endpoint = engineEndpoint("docker");
  if (status === undefined || endpoint === undefined) return undefined;
  const last = words.trim().split("\n").at(-1)?.trim() ?? "";
  const call = `${sshCommand(endpoint)} docker version`;
  if (status === "127") {
    return missingError("docker_missing", `ssh finds no program docker at ${endpoint}: ${last}`, `try it: ${call}`);
  }
  if (status === "255") {
    return missingError("docker_unreachable", `ssh does not get to ${endpoint}: ${last}`, `try it: ${call}`);
  }
  if (!/permission denied/i.test(last)) return undefined;
  return missingError(
    "docker_denied",
    `docker at ${endpoint} is running, but the user there may not use it`,
    "add that user to the group docker on that machine (`sudo usermod -aG docker $USER`)",
  );
}

/** How ssh is called for the machine of an engine: `ssh -p 2222 me@there`. */
export function sshCommand(endpoint: string): string {
  const [, scheme, login, host = "", port] = ENDPOINT.exec(endpoint) ?? [];
  const user = login?.replace(/:.*/, "");
  const at = `${user === undefined ? "" : `${user}@`}${host.replace(/^\[|\]$/g, "")}`;
  return `ssh ${port === undefined || scheme !== "ssh" ? "" : `-p ${port} `}${at}`;
}

/** Scheme, login, host and port: `ssh://me@there:2222`. */
const ENDPOINT = /^([a-z]+):\/\/(?:([^@/]*)@)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/;

const TITLES: Readonly<Record<EngineName, string>> = { docker: "Docker", podman: "Podman" };
const START: Readonly<Record<EngineName, string>> = {
  docker: "start Docker, then try again",
  podman: "podman machine start, or whatever runs it here; then try again",
};

/** What says which engine it is. */
const CHOICES: Readonly<Record<EngineName, string>> = {
  docker: "DOCKER_HOST, or docker context use NAME",
  podman: "CONTAINER_HOST",
};

function placeNote(engine: EngineName): string {
  const variable = engine === "docker" ? "DOCKER_HOST" : "CONTAINER_HOST";
  const host = process.env[variable];
  if (host) return ` (${variable} is ${host})`;
  const endpoint = engineEndpoint(engine);
  return endpoint === undefined ? "" : ` (its context is at ${endpoint})`;
}

/** stdout of a docker command. Rejects with what is wrong with docker, or a ToolError. */
export async function captureDocker(
  runner: Runner,
  args: readonly string[],
  limits: Limits & { env?: Env; cwd?: string } = {},
): Promise<string> {
  const command = dockerCommand(args, limits.env);
  try {
    return (await runner.capture(limits.cwd === undefined ? command : { ...command, cwd: limits.cwd }, limits)).stdout;
  } catch (error) {
    if (
      limits.timeoutMs !== undefined &&
      !limits.abort?.aborted &&
      error instanceof ToolError &&
      error.failure.aborted
    ) {
      const seconds = Math.round(limits.timeoutMs / 1000);
      const engine = engineOf(runner);
      const silent = `${engine} ${args[0]} did not answer within ${seconds} s`;
      throw missingError("docker_silent", silent, `restart ${TITLES[engine]}`);
    }
    throw explainDockerError(error, engineOf(runner));
  }
}

/** JSON that a docker command printed. */
export function parseDockerJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw failure("docker_output", `docker printed something that is not JSON for ${what}`, undefined, cause);
  }
}
