/** What `docker inspect` says of a container, as the facts that a server of PostgreSQL needs. No spawns here. */
import type { EngineName } from "../sys/command.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { portInside, readImageLogin } from "./image-settings.ts";
import type { Access, Login, ServerState } from "./server.ts";

export interface ContainerFacts {
  engine: EngineName;
  id: string;
  name: string;
  image: string;
  /** Docker's word: created, running, paused, restarting, removing, exited, dead. */
  status: string;
  exitCode: number;
  /** starting, healthy, unhealthy; undefined without a health check. */
  health: string | undefined;
  startedAt: string | undefined;
  env: Readonly<Record<string, string>>;
  /** The port that the server listens on inside. */
  inside: number;
  mounts: readonly Mount[];
  /** The host ports that it is to publish, by the one inside (`5432/tcp`); empty where docker chooses. */
  bindings: ReadonlyMap<string, readonly string[]>;
  published: { host: string; port: number } | undefined;
  /** The port that it publishes on the engine's machine, where that is another one. */
  farPort: number | undefined;
  addresses: readonly string[];
}

export interface Mount {
  /** Docker's word: bind, volume, tmpfs. */
  type: string;
  /** A volume's name, or the folder of the engine's machine. */
  source: string;
  /** The path inside. */
  target: string;
}

/** Where the engine's published ports are. */
export interface EnginePlace {
  /** The engine runs on this machine, so that its published ports are ours. */
  local: boolean;
  engine: EngineName;
  /** A container in the host's network is in ours: not so where the engine runs in a virtual machine. */
  sharesNetwork: boolean;
}

/** One element of `docker inspect`'s answer. */
export function readContainer(inspected: unknown, place: EnginePlace): ContainerFacts {
  const state = objectAt(inspected, "State");
  const config = objectAt(inspected, "Config");
  const env = readEnvironment(objectAt(config, "Env"));
  const status = stringAt(state, "Status") ?? "unknown";
  const startedAt = stringAt(state, "StartedAt");
  const inside = portInside(env, readWords(inspected));
  const published = publishedPort(inspected, inside, place);
  return {
    engine: place.engine,
    id: stringAt(inspected, "Id") ?? "",
    name: (stringAt(inspected, "Name") ?? "").replace(/^\//, ""),
    image: imageAsWritten(stringAt(config, "Image") ?? ""),
    status,
    exitCode: Number(objectAt(state, "ExitCode") ?? 0),
    health: stringAt(objectAt(state, "Health"), "Status") || undefined,
    startedAt: status === "running" ? startedAt : undefined,
    ...{ env, inside },
    ...{ mounts: readMounts(inspected), bindings: readPortBindings(inspected) },
    published: place.local ? published : undefined,
    farPort: place.local ? undefined : published?.port,
    addresses: readAddresses(inspected),
  };
}

/** Podman shows names in full. */
function imageAsWritten(image: string): string {
  return image.replace(/^(?:localhost|docker\.io)\/(?:library\/)?/, "");
}

function readEnvironment(list: unknown): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of Array.isArray(list) ? list : []) {
    if (typeof entry !== "string") continue;
    const equals = entry.indexOf("=");
    if (equals > 0) env[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return env;
}

/** The command line of its first process. */
function readWords(inspected: unknown): string[] {
  const args = objectAt(inspected, "Args");
  return [stringAt(inspected, "Path") ?? "", ...(Array.isArray(args) ? args.map(String) : [])];
}

function readMounts(inspected: unknown): Mount[] {
  const mounts = objectAt(inspected, "Mounts");
  return (Array.isArray(mounts) ? mounts : []).map((mount: unknown) => {
    const type = stringAt(mount, "Type") ?? "";
    const source = stringAt(mount, type === "volume" ? "Name" : "Source") ?? "";
    return { type, source, target: stringAt(mount, "Destination") ?? "" };
  });
}

function readPortBindings(inspected: unknown): Map<string, string[]> {
  const bindings: Record<string, unknown> = Object(objectAt(objectAt(inspected, "HostConfig"), "PortBindings"));
  const portsOf = (list: unknown) => (Array.isArray(list) ? list.map((each) => stringAt(each, "HostPort") ?? "") : []);
  return new Map(Object.entries(bindings).map(([inside, list]) => [inside, portsOf(list)]));
}

function publishedPort(inspected: unknown, inside: number, place: EnginePlace): ContainerFacts["published"] {
  const host = objectAt(inspected, "HostConfig");
  if (stringAt(host, "NetworkMode") === "host") {
    return place.sharesNetwork ? { host: "127.0.0.1", port: inside } : undefined;
  }
  const key = `${inside}/tcp`;
  // A stopped container has no ports, but its bindings say where a fixed one will be.
  const now = readBindings(objectAt(objectAt(objectAt(inspected, "NetworkSettings"), "Ports"), key));
  const fixed = readBindings(objectAt(objectAt(host, "PortBindings"), key));
  return [...now, ...fixed].sort((a, b) => rank(a.host) - rank(b.host))[0];
}

function readBindings(bindings: unknown): { host: string; port: number }[] {
  if (!Array.isArray(bindings)) return [];
  return bindings.flatMap((binding: unknown) => {
    const port = Number(stringAt(binding, "HostPort"));
    if (!Number.isInteger(port) || port < 1) return [];
    return [{ host: reachableHost(stringAt(binding, "HostIp") ?? ""), port }];
  });
}

/** "Every address of this machine" is reached at the loopback one. */
function reachableHost(address: string): string {
  return address === "" || address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
}

function rank(host: string): number {
  return host === "127.0.0.1" ? 0 : host.includes(":") ? 2 : 1;
}

/** The container's own addresses in all its networks; none in the host's network. */
function readAddresses(inspected: unknown): string[] {
  const networks = objectAt(objectAt(inspected, "NetworkSettings"), "Networks");
  if (typeof networks !== "object" || networks === null) return [];
  return Object.values(networks)
    .flatMap((network: unknown) => [stringAt(network, "IPAddress"), stringAt(network, "GlobalIPv6Address")])
    .filter((address): address is string => address !== undefined && address !== "");
}

/** The container's state in pgrove's words. */
export function stateOf(facts: ContainerFacts): ServerState {
  const { condition, detail } = conditionOf(facts);
  const state: ServerState = { condition, container: { id: facts.id, name: facts.name, image: facts.image } };
  if (detail !== undefined) state.detail = detail;
  if (facts.startedAt !== undefined) state.startedAt = facts.startedAt;
  if (facts.published !== undefined) Object.assign(state, facts.published);
  if (facts.farPort !== undefined) state.farPort = facts.farPort;
  return state;
}

function conditionOf({
  engine,
  status,
  health,
  exitCode,
  name,
}: ContainerFacts): Pick<ServerState, "condition" | "detail"> {
  switch (status) {
    case "running":
      // A check that asks rarely says so long after connections are taken.
      if (health === "starting") return { condition: "running", detail: "its health check has not passed yet" };
      if (health === "unhealthy") return { condition: "running", detail: "its health check fails" };
      return { condition: "running" };
    case "restarting":
      return { condition: "starting", detail: `restarting again and again, exit code ${exitCode}` };
    case "paused":
      return { condition: "stopped", detail: `paused; ${engine} unpause ${name} wakes it` };
    case "created":
      return { condition: "stopped", detail: "created, never started" };
    case "exited":
      return { condition: "stopped", detail: exitCode === 0 ? "exited" : `exited with code ${exitCode}` };
    default:
      return { condition: "stopped", detail: status };
  }
}

/** The login that counts: what pgrove.yaml says, else what the container was made with. Its password is its own user's only. */
export function accessOf(facts: Pick<ContainerFacts, "image" | "env">, login: Login): Access {
  const own = readImageLogin(facts.image, facts.env);
  const user = login.user ?? own.user;
  const password = login.password ?? (user === own.user ? own.password : undefined);
  const access: Access = { user, database: login.database ?? own.database };
  if (login.options !== undefined) access.options = login.options;
  if (password !== undefined && password !== "") access.password = password;
  return access;
}
