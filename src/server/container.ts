/** A container that is already there, by name or id. */
import { missingError, usageError } from "../errors.ts";
import { captureDocker, dockerCommand } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import {
  findRunningByName,
  serverIsNoService,
  servicesByName,
  startContainers,
  stopServerContainer,
} from "./container-services.ts";
import { describeContainer, inspectContainer, waitUntilReady } from "./found-container.ts";
import type { Login, LogOptions, ServerOfKind, ServerSpec, ServerTools, StartOptions } from "./server.ts";

export type ContainerSpec = Extract<ServerSpec, { kind: "container" }>;

/** The server inside a container that pgrove did not make. */
export function createContainerServer(spec: ContainerSpec, login: Login, { runner }: ServerTools): ServerOfKind {
  const label = `container ${spec.container}`;
  const found = describeContainer({
    runner,
    label,
    login,
    find: () => inspectContainer(runner, spec.container),
    absent: () =>
      missingError(
        "container_absent",
        `there is no container ${spec.container}`,
        `${engineOf(runner)} ps -a  shows the containers; check server.container in pgrove.yaml`,
      ),
  });

  const start = async ({ services = [], ...wait }: StartOptions): Promise<void> => {
    const facts = await found.require();
    found.forget();
    if (facts.status === "paused") await captureDocker(runner, ["unpause", facts.id], { abort: wait.abort });
    else if (facts.status !== "running") await startContainers(runner, [facts.id]);
    await waitUntilReady(runner, facts.id, label, wait);
    await startContainers(runner, services);
  };

  const stop = async (services?: readonly string[]): Promise<void> => {
    if (services !== undefined && services.length > 0) {
      await servicesByName(runner).stopServices(services);
      return;
    }
    const { id, status } = await found.require();
    found.forget();
    await stopServerContainer(runner, id, status);
  };

  const byName = servicesByName(runner);
  return {
    spec,
    label,
    inspect: found.inspect,
    access: found.access,
    reach: found.reach,
    open: found.open,
    start,
    stop,
    logs: async (options) => containerLogs((await found.require()).id, options),
    ...byName,
    stopServices: async (names, before) => {
      const { id } = await found.require();
      if ((await findRunningByName(runner, names)).includes(id)) throw serverIsNoService(spec.container);
      return await byName.stopServices(names, before);
    },
  };
}

function containerLogs(own: string, { follow, tail, services = [] }: LogOptions) {
  if (services.length > 1) throw usageError("the log of one container is shown at a time");
  const flags = [...(follow ? ["--follow"] : []), ...(tail === undefined ? [] : ["--tail", String(tail)])];
  return dockerCommand(["logs", ...flags, services[0] ?? own]);
}
