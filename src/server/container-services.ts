/** Containers of services, stopped around a restore and started again after. */
import { configError, missingError, type PgroveError } from "../errors.ts";
import type { EngineName } from "../sys/command.ts";
import { captureDocker } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import type { Runner } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { type Listed, listOnEngine } from "./engine-list.ts";
import type { BeforeStop, Server } from "./server.ts";

/** Long enough for a service to end by itself before docker kills it (10 s each, unless its container says otherwise). */
const STOP_TIMEOUT_MS = 180_000;

/** A server may have much to write before it ends; killed, it would have to recover at its next start. */
export const SERVER_GRACE_S = 60;

/** Stops the container of a server, with more patience than docker's ten seconds. */
export async function stopServerContainer(runner: Runner, id: string, status: string): Promise<void> {
  if (status === "exited" || status === "created" || status === "dead") return;
  // A paused process does not see the signal that asks it to end.
  if (status === "paused") await captureDocker(runner, ["unpause", id], { timeoutMs: STOP_TIMEOUT_MS });
  await captureDocker(runner, ["stop", "-t", String(SERVER_GRACE_S), id], { timeoutMs: STOP_TIMEOUT_MS });
}

/** Stops containers by id. */
export async function stopContainers(runner: Runner, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await captureDocker(runner, ["stop", ...ids], { timeoutMs: STOP_TIMEOUT_MS });
}

/** Stops the containers of services, after `before` was told which; resolves with their ids. */
export async function stopServiceContainers(
  runner: Runner,
  ids: readonly string[],
  before?: BeforeStop,
): Promise<readonly string[]> {
  if (ids.length > 0) await before?.(ids);
  await stopContainers(runner, ids);
  return ids;
}

/** Docker's words, and podman's. */
const MISSING = /no such container: (\S+)|"([^"]+)" found: no such container/i;

/** Starts containers by id or name. */
export async function startContainers(runner: Runner, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  try {
    await captureDocker(runner, ["start", ...ids], { timeoutMs: STOP_TIMEOUT_MS });
  } catch (error) {
    const missing = error instanceof ToolError && MISSING.exec(error.failure.stderr.join("\n"));
    if (!missing) throw error;
    throw missingError(
      "service_missing",
      `there is no container ${missing[1] ?? missing[2]}`,
      `${engineOf(runner)} ps -a`,
    );
  }
}

/** The server itself is among the services (exit 3): it would be stopped, and what is done in it with it. */
export function serverIsNoService(name: string): PgroveError {
  return configError(
    `\`services\` in pgrove.yaml names ${name}, which is the database server itself`,
    "services are what uses the database: leave the server out",
  );
}

/** Services that are containers by name, for the servers that have no compose file. */
export function servicesByName(runner: Runner): Pick<Server, "stopServices" | "startServices"> {
  return {
    stopServices: async (names, before) =>
      await stopServiceContainers(runner, await findRunningByName(runner, names), before),
    startServices: (handles) => startContainers(runner, handles),
  };
}

/** The ids of those of the named containers that run. Throws (exit 3) for a name that no container has. */
export async function findRunningByName(runner: Runner, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  return pickByName(names, await listOnEngine(runner, "container", []), engineOf(runner));
}

/** The ids of those of the named containers that run, picked from all that there are. */
export function pickByName(names: readonly string[], listed: readonly Listed[], engine: EngineName): string[] {
  return names.flatMap((name) => {
    const row = listed.find(({ id, name: known }) => known.split(",").includes(name) || (id !== "" && id === name));
    if (row === undefined) {
      throw configError(
        `there is no container ${name}, which \`services\` in pgrove.yaml names`,
        `${engine} ps -a  shows the containers; without a compose file, services are containers by name`,
      );
    }
    return row.state === "running" ? [row.id] : [];
  });
}
