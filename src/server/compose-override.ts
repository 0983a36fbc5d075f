/**
 * A worktree's own copy of a compose project: the override file that sets it apart from main's, laid over the
 * worktree's checkout of the files.
 */
import { failure } from "../errors.ts";
import type { ComposeConfig, ComposeNetwork, ComposePort, ComposeService, ComposeVolume } from "./compose-config.ts";
import { portInside } from "./image-settings.ts";
import { formatOwnerLabels, type Owner } from "./owner-labels.ts";

/** A port of the host that services publish. */
export interface PublishedPort {
  service: string;
  /** The port inside. */
  target: number;
  /** The host's port in the files: main's, or one that the worktree has been given already. */
  published: number;
}

export interface PortNames {
  /** The database's service. */
  service: string;
  /** `ports` of pgrove.yaml: names that the user has given. */
  configured: Readonly<Record<string, number>>;
  /** What the worktree has already: the files may take its ports from its env file. */
  allocated?: Readonly<Record<string, number>>;
}

/**
 * The published ports by name, each number once: the database's is `db`; one that pgrove.yaml names keeps that name;
 * of the others, a service's only one is called like the service, and further ones `<service>_<target>`.
 */
export function listPublishedPorts(config: ComposeConfig, names: PortNames): Record<string, PublishedPort> {
  const ports = collectPorts(config);
  const named = new Map<string, PublishedPort>();
  const nameIfFree = (name: string | undefined, port: PublishedPort) => {
    if (name !== undefined && !named.has(name)) named.set(name, port);
  };
  // The surest names first: they must not be taken by a service that happens to be called so.
  for (const port of ports) nameIfFree(findKnownName(config, names, port), port);
  const unnamed = ports.filter((port) => ![...named.values()].includes(port));
  const isTaken = (name: string) => named.has(name) || Object.hasOwn(names.configured, name);
  for (const port of unnamed) {
    const name = listPossibleNames(port, ports).find((each) => !isTaken(each));
    nameIfFree(name, port);
  }
  return Object.fromEntries(named);
}

/** Each published number once, though it may be published at several addresses. */
function collectPorts(config: ComposeConfig): PublishedPort[] {
  const ports = new Map<number, PublishedPort>();
  for (const [service, { ports: ofService }] of config.services) {
    for (const { target, published } of ofService) {
      if (published !== undefined && !ports.has(published)) ports.set(published, { service, target, published });
    }
  }
  return [...ports.values()];
}

function findKnownName(config: ComposeConfig, names: PortNames, port: PublishedPort): string | undefined {
  const own = config.services.get(names.service);
  const inside = portInside(Object.fromEntries(own?.environment ?? []), own?.words ?? []);
  if (port.service === names.service && port.target === inside) return "db";
  const findName = (ports: Readonly<Record<string, number>>) =>
    Object.keys(ports).find((name) => name !== "db" && ports[name] === port.published);
  return findName(names.allocated ?? {}) ?? findName(names.configured);
}

function listPossibleNames({ service, target, published }: PublishedPort, all: readonly PublishedPort[]): string[] {
  const isOnly = all.filter((port) => port.service === service).length === 1;
  return [...(isOnly ? [service] : []), `${service}_${target}`, `${service}_${target}_${published}`];
}

export interface Separation {
  /** As `listPublishedPorts` names them. */
  published: Readonly<Record<string, PublishedPort>>;
  /** The worktree's port for each of these names. */
  ports: Readonly<Record<string, number>>;
  owner: Owner;
}

const HEADER = [
  "# Made by pgrove: what sets this worktree's containers apart from the main worktree's.",
  "# It is written anew by `pgrove provision`; changes made here are lost.",
];

/**
 * The override file. It gives every service its own host ports, container name and labels, and the project its own
 * volumes and networks. Throws (exit 1) when a published port has no number in `ports`.
 */
export function renderOverride(config: ComposeConfig, separation: Separation): string {
  const labels = formatOwnerLabels(separation.owner);
  const own = <T extends { external: boolean }>(entries: ReadonlyMap<string, T>) =>
    [...entries].filter(([, { external }]) => !external);
  return [
    ...HEADER,
    ...section(
      "services",
      [...config.services].map(([name, service]) => [name, serviceLines(config, service, labels, separation)]),
    ),
    ...section(
      "volumes",
      own(config.volumes).map(([key, volume]) => [key, namedLines(config.project, key, volume, labels)]),
    ),
    ...section(
      "networks",
      own(config.networks).map(([key, network]) => [key, networkLines(config.project, key, network, labels)]),
    ),
    "",
  ].join("\n");
}

type Labels = Readonly<Record<string, string>>;

/** JSON is YAML, and needs no further quoting: neither names nor numbers hold a `$`. */
const write = (value: unknown) => JSON.stringify(value);

function section(title: string, entries: readonly [string, readonly string[]][]): string[] {
  if (entries.length === 0) return [];
  return [
    `${title}:`,
    ...entries.flatMap(([name, lines]) => [`  ${write(name)}:`, ...lines.map((line) => `    ${line}`)]),
  ];
}

function serviceLines(
  config: ComposeConfig,
  service: ComposeService,
  labels: Labels,
  separation: Separation,
): string[] {
  const lines = [`labels: ${write(labels)}`];
  if (service.containerName !== undefined) lines.push("container_name: !reset null");
  if (service.ports.some(({ published }) => published !== undefined)) {
    const ports = service.ports.map((port) => write(ownPort(port, separation)));
    lines.push(`ports: !override [${ports.join(", ")}]`);
  }
  const networks = serviceNetworks(config, service);
  if (networks.length > 0) lines.push(`networks: {${networks.join(", ")}}`);
  return lines;
}

function ownPort({ target, published, hostIp, protocol }: ComposePort, separation: Separation) {
  return {
    target,
    protocol,
    ...(hostIp === undefined ? {} : { host_ip: hostIp }),
    ...(published === undefined ? {} : { published: String(requireOwnPort(published, separation)) }),
  };
}

function requireOwnPort(published: number, { published: named, ports }: Separation): number {
  const name = Object.keys(named).find((each) => named[each]?.published === published);
  const port = name === undefined ? undefined : ports[name];
  if (port !== undefined) return port;
  throw failure(
    "port_unallocated",
    `the worktree has no port of its own for ${name ?? published}, which the compose files publish at ${published}`,
    "pgrove provision",
  );
}

/**
 * Other services may call a container by its fixed name: in the project's own networks it keeps that as an alias. An
 * address that the file gives it goes, together with the network's subnet.
 */
function serviceNetworks(config: ComposeConfig, { containerName, networks }: ComposeService): string[] {
  return networks.flatMap(({ name, fixedAddresses }) => {
    const network = config.networks.get(name);
    if (network === undefined || network.external) return [];
    const settings = [
      ...(containerName === undefined ? [] : [`"aliases": ${write([containerName])}`]),
      ...(network.hasSubnet ? fixedAddresses.map((key) => `${write(key)}: !reset null`) : []),
    ];
    return settings.length === 0 ? [] : [`${write(name)}: {${settings.join(", ")}}`];
  });
}

/**
 * A name that the file fixes would be shared with main. It is replaced rather than taken off: a compose that did not
 * know `!reset` would otherwise go on with main's volume.
 */
function namedLines(project: string, key: string, { name }: ComposeVolume | ComposeNetwork, labels: Labels): string[] {
  const usual = `${project}_${key}`;
  return [`labels: ${write(labels)}`, ...(name === usual ? [] : [`name: ${write(usual)}`])];
}

/** Two networks cannot have the same addresses. */
function networkLines(project: string, key: string, network: ComposeNetwork, labels: Labels): string[] {
  return [...namedLines(project, key, network, labels), ...(network.hasSubnet ? ["ipam: !reset null"] : [])];
}
