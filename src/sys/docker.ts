/** The docker command line: the one place that knows its arguments' order and its complaints. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { failure, missingError, PgroveError } from "../errors.ts";
import type { Env } from "./child-environment.ts";
import type { Command, Limits, Runner } from "./process.ts";
import { ToolError } from "./tool-error.ts";
import { objectAt, stringAt } from "./untyped.ts";

export function dockerCommand(args: readonly string[], env: Env = {}, secrets: readonly string[] = []): Command {
  return { file: "docker", args, env, secrets };
}

const NO_ENGINE =
  /cannot connect to the docker daemon|is the docker daemon running|error during connect|failed to connect to the docker API|permission denied while trying to connect/i;

/** An error of the docker client, said in words that help. */
export function explainDockerError(error: unknown): unknown {
  if (error instanceof PgroveError && error.code === "program_missing") {
    return missingError(
      "docker_missing",
      "docker is not installed, or not on PATH",
      "install Docker, or use a server without it (`server: {local: {}}` in pgrove.yaml)",
    );
  }
  if (!(error instanceof ToolError)) return error;
  const said = error.failure.stderr.join("\n");
  if (/permission denied/i.test(said) && NO_ENGINE.test(said)) {
    return missingError(
      "docker_denied",
      "docker is running, but this user may not use it",
      "add yourself to the group docker (`sudo usermod -aG docker $USER`), then log in again",
    );
  }
  if (NO_ENGINE.test(said)) {
    return missingError("docker_down", `docker is not running${contextNote()}`, "start Docker, then try again");
  }
  return error;
}

function contextNote(): string {
  const host = process.env.DOCKER_HOST;
  return host === undefined ? "" : ` (DOCKER_HOST is ${host})`;
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
      throw missingError("docker_silent", `docker ${args[0]} did not answer within ${seconds} s`, "restart Docker");
    }
    throw explainDockerError(error);
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

/**
 * Whether the engine runs on this machine, so that its published ports are ours. Read from DOCKER_HOST or the current
 * context's file, because asking the client costs 10 ms.
 */
export function engineIsLocal(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const endpoint = env.DOCKER_HOST || contextEndpoint(env);
  return endpoint === undefined || /^(unix|npipe):/.test(endpoint);
}

function contextEndpoint(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const folder = env.DOCKER_CONFIG || join(homedir(), ".docker");
  const name = env.DOCKER_CONTEXT || stringAt(readJson(join(folder, "config.json")), "currentContext");
  if (name === undefined || name === "" || name === "default") return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const meta = readJson(join(folder, "contexts", "meta", id, "meta.json"));
  const endpoints = objectAt(meta, "Endpoints");
  return stringAt(objectAt(endpoints, "docker"), "Host");
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // no docker configuration: the default endpoint
  }
}
