/** Where the engine is, as its client would find out: by the variables, else by the current context. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { EngineName } from "./command.ts";
import { objectAt, stringAt } from "./untyped.ts";

/**
 * Whether the engine runs on this machine, so that its published ports are ours. Read from the variables, or the current
 * context's file, because asking the client costs 10 ms. Podman's machines hand their ports on to this one.
 */
export function engineIsLocal(engine: EngineName, env: Variables = process.env): boolean {
  const endpoint = engineEndpoint(engine, env);
  return endpoint === undefined || /^(unix|npipe):/.test(endpoint);
}

/** The engine's address as a URL; undefined for the usual one. */
export function engineEndpoint(engine: EngineName, env: Variables = process.env): string | undefined {
  return engine === "podman" ? env.CONTAINER_HOST || undefined : env.DOCKER_HOST || contextEndpoint(env);
}

export type Variables = Readonly<Record<string, string | undefined>>;

function contextEndpoint(env: Variables): string | undefined {
  const folder = env.DOCKER_CONFIG || join(homedir(), ".docker");
  const name = env.DOCKER_CONTEXT || stringAt(readJson(join(folder, "config.json")), "currentContext");
  if (name === undefined || name === "" || name === "default") return undefined;
  const id = new Bun.CryptoHasher("sha256").update(name).digest("hex");
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
