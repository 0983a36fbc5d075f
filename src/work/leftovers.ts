/** Clears what killed runs left outside the servers: files, folders in containers, client containers, services. */
import { rm } from "node:fs/promises";
import { messageOf } from "../errors.ts";
import { CLIENT_LABEL } from "../postgres/client-image-toolbox.ts";
import { removeStage, stagePath } from "../postgres/docker-toolbox.ts";
import type { Stage, Toolbox } from "../postgres/toolbox.ts";
import type { Server } from "../server/server.ts";
import { captureDocker } from "../sys/docker.ts";
import {
  findDeadRuns,
  forgetRun,
  keepRun,
  type Leftover,
  type Operation,
  type OperationTools,
} from "../sys/operation.ts";
import type { Runner } from "../sys/process.ts";
import type { RunId } from "../sys/run-id.ts";

/** Writes down the stage of a place's programs, before it is made. Resolves with the function that forgets it. */
export async function rememberStage(
  operation: Operation,
  server: Server,
  place: Toolbox["place"],
  stage: Stage,
): Promise<() => Promise<void>> {
  if (place === "container") {
    const state = await server.inspect();
    const container = state.container?.id ?? "";
    return await operation.remember({ kind: "container-path", container, path: stagePath(operation.run) });
  }
  const forgetFolder = await operation.remember({ kind: "path", path: stage.hostFolder ?? "" });
  if (place === "host") return forgetFolder;
  const forgetContainers = await operation.remember({ kind: "client-containers", run: operation.run });
  return async () => {
    await forgetFolder();
    await forgetContainers();
  };
}

/**
 * Clears the leftovers of the dead runs of this state folder. A run is forgotten once its sessions were ended too, which
 * can only be done on the server that it worked on. What cannot be cleared now is noted and kept.
 */
export async function clearLeftovers(
  tools: OperationTools,
  server: string,
  endSessions: (run: RunId) => Promise<unknown>,
): Promise<void> {
  for (const record of await findDeadRuns(tools.stateDir)) {
    try {
      for (const leftover of record.leftovers) await clearLeftover(tools.runner, leftover);
      if (record.leftovers.length > 0) await keepRun(tools.stateDir, { ...record, leftovers: [] });
      if (record.server !== server) continue;
      await endSessions(record.run);
      await forgetRun(tools.stateDir, record, tools.clock.now());
      tools.note(`cleared what an interrupted ${record.operation} of ${record.target} had left`);
    } catch (error) {
      tools.note(`an interrupted ${record.operation} left something that cannot be cleared yet: ${messageOf(error)}`);
    }
  }
}

async function clearLeftover(runner: Runner, leftover: Leftover): Promise<void> {
  switch (leftover.kind) {
    case "path":
      if (leftover.path !== "") await rm(leftover.path, { recursive: true, force: true });
      return;
    case "container-path":
      if (await containerRuns(runner, leftover.container)) await removeStage(runner, leftover.container, leftover.path);
      return;
    case "client-containers": {
      const ids = await captureDocker(runner, ["ps", "-aq", "--filter", `label=${CLIENT_LABEL}=${leftover.run}`]);
      const found = ids.split("\n").filter((id) => id !== "");
      if (found.length > 0) await captureDocker(runner, ["rm", "-f", ...found]);
      return;
    }
    case "stopped-services": {
      const all = (await captureDocker(runner, ["ps", "-aq", "--no-trunc"])).split("\n");
      const there = leftover.containers.filter((id) => all.includes(id));
      if (there.length > 0) await captureDocker(runner, ["start", ...there]);
    }
  }
}

/** A container that is gone took its files along; one that is stopped keeps them until it runs again. */
async function containerRuns(runner: Runner, container: string): Promise<boolean> {
  const listed = await captureDocker(runner, ["ps", "-aq", "--no-trunc", "--filter", `id=${container}`]);
  if (listed.trim() === "") return false;
  const state = await captureDocker(runner, ["inspect", "-f", "{{.State.Running}}", container]);
  if (state.trim() !== "true") throw new Error("its container is stopped");
  return true;
}
