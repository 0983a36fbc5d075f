/** What would change for a container if compose made it anew, for people to decide on. No spawns here. */
import { engineEndpoint, engineIsLocal } from "../sys/engine-endpoint.ts";
import type { ComposeConfig, ComposeService } from "./compose-config.ts";
import type { ContainerFacts, Mount } from "./container-inspect.ts";

/** In a few words each: image, environment, mounts, ports. Nothing of values, which may be secrets. */
export function describeChanges(facts: ContainerFacts, config: ComposeConfig, name: string): string[] {
  const service = config.services.get(name);
  if (service === undefined) return [];
  return [
    ...describeImage(facts, service),
    ...describeEnvironment(facts, service),
    ...describeMounts(facts.mounts, listWanted(config, service)),
    ...describePorts(facts.bindings, service),
  ];
}

function describeImage({ image }: ContainerFacts, service: ComposeService): string[] {
  return service.image === undefined || service.image === image ? [] : [`image ${image} becomes ${service.image}`];
}

function describeEnvironment({ env }: ContainerFacts, { environment }: ComposeService): string[] {
  const names = [...environment].filter(([name, value]) => env[name] !== value).map(([name]) => name);
  return names.length === 0 ? [] : [`environment: ${names.sort().join(", ")}`];
}

function listWanted(config: ComposeConfig, { mounts }: ComposeService): Mount[] {
  return mounts.flatMap(({ type, source = "", target }) => {
    const name = type === "volume" ? (config.volumes.get(source)?.name ?? source) : source;
    return name === "" ? [] : [{ type, source: name, target }];
  });
}

/** Folders of an engine that is elsewhere, which compose files mean as this machine's. */
export function describeFarMounts({ engine, mounts }: Pick<ContainerFacts, "engine" | "mounts">): string[] {
  const bound = mounts.filter(({ type }) => type === "bind");
  if (bound.length === 0 || engineIsLocal(engine)) return [];
  const folders = bound.map(({ source, target }) => `${source} at ${target}`).join(", ");
  return [
    `the engine is on another machine (${engineEndpoint(engine)}), and so is what the compose files mount: ${folders}`,
  ];
}

/** A volume without a name is compose's to keep. */
const NAMELESS = /^[0-9a-f]{64}$/;

function describeMounts(now: readonly Mount[], wanted: readonly Mount[]): string[] {
  const fits = (one: Mount) => (other: Mount) => one.target === other.target && one.source === other.source;
  const gone = now.filter((mount) => !NAMELESS.test(mount.source) && !wanted.some(fits(mount)));
  const made = wanted.filter((mount) => !now.some(fits(mount)));
  const changed = gone.filter(({ target }) => made.some((mount) => mount.target === target));
  return [
    ...changed.map(({ target, source }) => `${target} is no longer in ${source}`),
    ...gone.filter((mount) => !changed.includes(mount)).map(({ target, source }) => `without ${source} at ${target}`),
    ...made
      .filter(({ target }) => !changed.some((mount) => mount.target === target))
      .map(({ target, source }) => `with ${source} at ${target}`),
  ];
}

function describePorts(bindings: ReadonlyMap<string, readonly string[]>, { ports }: ComposeService): string[] {
  const wanted = new Map<string, string[]>();
  for (const { target, protocol, published } of ports) {
    const key = `${target}/${protocol}`;
    wanted.set(key, [...(wanted.get(key) ?? []), String(published ?? "")]);
  }
  const describe = (map: ReadonlyMap<string, readonly string[]>, key: string) =>
    [...new Set((map.get(key) ?? []).map((port) => (port === "0" ? "" : port)))].sort().join();
  const keys = [...new Set([...bindings.keys(), ...wanted.keys()])];
  const changed = keys.filter(
    (key) => bindings.has(key) !== wanted.has(key) || describe(bindings, key) !== describe(wanted, key),
  );
  return changed.map((key) => (wanted.has(key) ? `port ${key} published otherwise` : `port ${key} published no more`));
}
