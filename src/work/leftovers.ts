/** Clears what killed runs left outside the servers: files, folders in containers, client containers, services. */
import { lstat, rm } from "node:fs/promises";
import { messageOf } from "../errors.ts";
import { CLIENT_LABEL } from "../postgres/client-image-toolbox.ts";
import { removeStage, stagePath } from "../postgres/docker-toolbox.ts";
import type { Stage, Toolbox } from "../postgres/toolbox.ts";
import { inspectNamed } from "../server/engine-inspect.ts";
import { listOnEngine } from "../server/engine-list.ts";
import type { Server } from "../server/server.ts";
import { captureDocker } from "../sys/docker.ts";
import { isTemporaryPath, pathExists } from "../sys/files.ts";
import { forgetRun, type Operation, type OperationTools } from "../sys/operation.ts";
import type { Runner } from "../sys/process.ts";
import type { RunId } from "../sys/run-id.ts";
import {
  findEndedRuns,
  isOwnPath,
  keepRun,
  type Leftover,
  type OpenRun,
  removeRecord,
  TEMPORARY_LASTS_MS,
} from "../sys/run-record.ts";
import { objectAt } from "../sys/untyped.ts";
import { clearBeside, isOwnBeside } from "./beside-dumps.ts";
import { clearReplaced, isOwnReplaced } from "./replaced-file.ts";

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

/** What a server says of a run. */
export interface RunSessions {
  /** It holds its claim, or has sessions. */
  isAtWork(run: RunId): Promise<boolean>;
  end(run: RunId): Promise<unknown>;
}

/**
 * Clears the leftovers of the dead runs of this state folder. A run is forgotten once its sessions were ended too, which
 * can only be done on the server that it worked on; by that server's claims the death of one is known that did not run
 * on this machine. What cannot be cleared now is noted and kept.
 */
export async function clearLeftovers(tools: OperationTools, server: string, sessions: RunSessions): Promise<void> {
  const { dead, elsewhere, foreign } = await findEndedRuns(tools);
  for (const file of foreign) {
    tools.note(
      `left alone, since it is not signed by you: ${file}; if it is yours, look at what it names and remove it`,
    );
  }
  const gone = await Promise.all(
    elsewhere.map(async (each) => {
      const isGone =
        each.server === ""
          ? await mayAllGo(each, tools.clock.now())
          : each.server === server && !(await sessions.isAtWork(each.run));
      return isGone ? [each] : [];
    }),
  );
  for (const record of [...dead, ...gone.flat()]) {
    try {
      for (const leftover of record.leftovers) await clearLeftover(tools.runner, record.run, leftover);
      if (record.leftovers.length > 0) await keepRun(tools, { ...record, leftovers: [] });
      if (record.server !== "" && record.server !== server) continue;
      if (record.server !== "") await sessions.end(record.run);
      const isKnownDead = record.server !== "" || dead.includes(record);
      await (isKnownDead ? forgetRun(tools, record) : removeRecord(tools, record));
      tools.note(`cleared what an interrupted ${record.operation} of ${record.target} had left`);
    } catch (error) {
      tools.note(`an interrupted ${record.operation} left something that cannot be cleared yet: ${messageOf(error)}`);
    }
  }
}

/**
 * Whether what is left of a run without a server can be seen from here, and may go though nobody can tell whether that run
 * lives: it is going already, whoever takes it away. What is just being written is not, for as long as it may take.
 */
async function mayAllGo({ leftovers }: OpenRun, now: Date): Promise<boolean> {
  const going = leftovers.map(async (each) => {
    if (each.kind === "beside-dumps") return await pathExists(each.folder);
    const found = each.kind === "path" ? await lstat(each.path).catch(() => undefined) : undefined;
    if (each.kind !== "path" || found === undefined) return false;
    return !isTemporaryPath(each.path) || now.getTime() - found.mtimeMs > TEMPORARY_LASTS_MS;
  });
  return !(await Promise.all(going)).includes(false);
}

async function clearLeftover(runner: Runner, run: RunId, leftover: Leftover): Promise<void> {
  if (!isOwnLeftover(run, leftover)) throw new Error(`pgrove makes no such thing: ${JSON.stringify(leftover)}`);
  switch (leftover.kind) {
    case "path":
      if (leftover.path === "") return;
      await rm(leftover.path, { recursive: !isTemporaryPath(leftover.path), force: true });
      return;
    case "container-path":
      if (await containerRuns(runner, leftover.container)) await removeStage(runner, leftover.container, leftover.path);
      return;
    case "client-containers": {
      const found = await listIds(runner, `label=${CLIENT_LABEL}=${leftover.run}`);
      if (found.length > 0) await captureDocker(runner, ["rm", "-f", ...found]);
      return;
    }
    case "stopped-services": {
      const all = await listIds(runner);
      const there = leftover.containers.filter((id) => all.includes(id));
      if (there.length > 0) await captureDocker(runner, ["start", ...there]);
      return;
    }
    case "beside-dumps":
      await clearBeside(leftover);
      return;
    case "replaced-file":
      await clearReplaced(leftover);
  }
}

/** Whether a run makes such a thing for itself: else a record does not make it go, whoever has signed it. */
function isOwnLeftover(run: RunId, leftover: Leftover): boolean {
  switch (leftover.kind) {
    case "path":
      return leftover.path === "" || isOwnPath(leftover.path, run);
    case "container-path":
      return leftover.path === stagePath(run);
    case "client-containers":
      return leftover.run === run;
    case "stopped-services":
      return leftover.containers.every((id) => /^[0-9a-f]{64}$/.test(id));
    case "beside-dumps":
      return isOwnBeside(leftover);
    case "replaced-file":
      return isOwnReplaced(leftover);
    default:
      return false; // a newer pgrove's
  }
}

/** A container that is gone took its files along; one that is stopped keeps them until it runs again. */
async function containerRuns(runner: Runner, container: string): Promise<boolean> {
  const found = await inspectNamed(runner, container);
  if (found === undefined) return false;
  if (objectAt(objectAt(found, "State"), "Running") !== true) throw new Error("its container is stopped");
  return true;
}

async function listIds(runner: Runner, ...filters: readonly string[]): Promise<string[]> {
  return (await listOnEngine(runner, "container", filters)).map(({ id }) => id);
}
