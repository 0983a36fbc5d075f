/** The engine's program on this machine: which there is, and whether it is the engine's own or a script in its place. */
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { EngineName } from "./command.ts";

/** The engine of this machine: docker where its program is, else podman where that is. */
export function findEngine(path = process.env.PATH ?? ""): EngineName {
  const docker = Bun.which("docker", { PATH: path });
  if (docker !== null) return isPodmanInDisguise(docker) ? "podman" : "docker";
  return Bun.which("podman", { PATH: path }) === null ? "docker" : "podman";
}

/** Far above a wrapper's length, far below a program's. */
const LONGEST_WRAPPER = 4096;

/** The package podman-docker brings a shell script called docker, which hands on to podman; others link it to podman. */
function isPodmanInDisguise(program: string): boolean {
  return /^podman/.test(linkedName(program)) || /^\s*exec\s+\S*podman\b/m.test(readWrapper(program) ?? "");
}

/** Whether `docker` on PATH is docker's own client: what else stands in its place may well go to another engine. */
export function hasDockersClient(path = process.env.PATH ?? ""): boolean {
  const docker = Bun.which("docker", { PATH: path });
  return docker !== null && /^(com\.)?docker/.test(linkedName(docker)) && readWrapper(docker) === undefined;
}

/** What the program that is really started is called. */
function linkedName(program: string): string {
  try {
    return basename(realpathSync(program));
  } catch {
    return ""; // it has gone since it was found
  }
}

/** The text of a program that is short enough for a script; undefined for any other, and for one that cannot be read. */
function readWrapper(program: string): string | undefined {
  try {
    if (statSync(program).size > LONGEST_WRAPPER) return undefined;
    const file = openSync(program, "r");
    try {
      const text = Buffer.alloc(LONGEST_WRAPPER);
      return text.toString("utf8", 0, readSync(file, text));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // it is taken at its word
  }
}
