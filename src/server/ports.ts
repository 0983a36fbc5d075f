/** Ports for worktrees: chosen from what a worktree is, so that it is mostly given the same ones again, and tried. */
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { EXIT, failure, PgroveError } from "../errors.ts";
import { errorCode } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { inspectAll } from "./engine-inspect.ts";

/** Both ends belong to it. */
export interface PortRange {
  from: number;
  to: number;
}

export interface PortRequest {
  /** The worktree's UUID. */
  identity: string;
  /** The ports to choose, by name, each with the main worktree's. */
  names: Readonly<Record<string, number>>;
  /** Where all of them are taken from; left out, each from the ports above its main one. */
  range?: PortRange;
  /** The ports that the repository's worktrees have already. */
  taken: ReadonlySet<number>;
}

export type IsFree = (port: number) => Promise<boolean>;

const FIRST_UNPRIVILEGED = 1024;
const LAST = 65_535;
const DEFAULT_WIDTH = 999;

/**
 * A port for each name: the one that identity and name point to, else the next free one, from the range's start again
 * after its end. No two names are given the same one, and none the main worktree's. Throws (exit 1) when none is left.
 */
export async function choosePorts(request: PortRequest, isFree: IsFree): Promise<Record<string, number>> {
  const used = new Set([...request.taken, ...Object.values(request.names)]);
  const chosen: [string, number][] = [];
  // Sorted, so that the order in a file does not matter.
  for (const name of Object.keys(request.names).sort()) {
    const range = request.range ?? rangeAbove(request.names[name] ?? 0);
    const port = await findFreePort(range, startIn(range, request.identity, name), used, isFree);
    if (port === undefined) throw noPortLeft(name, range);
    used.add(port);
    chosen.push([name, port]);
  }
  return Object.fromEntries(chosen);
}

/** The ports above the main one: moved up where they are privileged, and down where there are not that many. */
function rangeAbove(base: number): PortRange {
  const from = Math.min(Math.max(base + 1, FIRST_UNPRIVILEGED), LAST - DEFAULT_WIDTH + 1);
  return { from, to: from + DEFAULT_WIDTH - 1 };
}

function startIn({ from, to }: PortRange, identity: string, name: string): number {
  const hash = createHash("sha256").update(`${identity}\0${name}`).digest();
  return from + (hash.readUInt32BE() % (to - from + 1));
}

async function findFreePort(
  { from, to }: PortRange,
  start: number,
  used: ReadonlySet<number>,
  isFree: IsFree,
): Promise<number | undefined> {
  const width = to - from + 1;
  for (let step = 0; step < width; step++) {
    const port = from + ((start - from + step) % width);
    if (!used.has(port) && (await isFree(port))) return port;
  }
  return undefined;
}

function noPortLeft(name: string, { from, to }: PortRange): PgroveError {
  return failure(
    "ports_used_up",
    `no port is free for ${name}: all of ${from} to ${to} are taken`,
    "set another worktrees.port_range in pgrove.yaml, or remove worktrees that are not needed: pgrove list",
  );
}

/**
 * Tells whether a port is free: nothing listens on it, on loopback or on all addresses, and no container publishes
 * it, not even a stopped one. Docker is asked once; where it does not answer, no container counts.
 */
export function portChecker(runner: Runner): IsFree {
  let published: Promise<ReadonlySet<number>> | undefined;
  return async (port) => {
    published ??= findPublishedPorts(runner);
    return !(await published).has(port) && (await canListen(port));
  };
}

/** Loopback is where programs listen, all addresses are where docker does unless it is told otherwise. */
const ADDRESSES = ["127.0.0.1", "::1", "0.0.0.0", "::"];

async function canListen(port: number): Promise<boolean> {
  // One after the other: they would be in each other's way.
  for (const address of ADDRESSES) if (!(await canListenOn(address, port))) return false;
  return true;
}

/** A machine without such an address has nothing that listens there. */
const NO_SUCH_ADDRESS = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);

function canListenOn(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(NO_SUCH_ADDRESS.has(errorCode(error) ?? "")));
    server.listen({ host, port, exclusive: true, ipv6Only: host === "::" }, () => server.close(() => resolve(true)));
  });
}

async function findPublishedPorts(runner: Runner): Promise<ReadonlySet<number>> {
  try {
    return readPublishedPorts(await inspectAll(runner));
  } catch (error) {
    if (error instanceof PgroveError && error.exit === EXIT.missing) return new Set(); // no docker, no containers
    throw error;
  }
}

/** The host ports of containers as the engine shows them: what is bound now, and what a stopped one binds when it is started again. */
export function readPublishedPorts(inspected: readonly unknown[]): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const container of inspected) {
    const fixed = objectAt(objectAt(container, "HostConfig"), "PortBindings");
    const now = objectAt(objectAt(container, "NetworkSettings"), "Ports");
    for (const bindings of [fixed, now]) for (const port of publishedPorts(bindings)) ports.add(port);
  }
  return ports;
}

/** The host ports of bindings as docker inspect shows them. */
export function publishedPorts(bindings: unknown): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const place of Object.values(Object(bindings)).flat()) addPorts(ports, stringAt(place, "HostPort") ?? "");
  return ports;
}

/** `5432`, or `9000-9010` for any one of them. */
function addPorts(ports: Set<number>, written: string): void {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(written) ?? [];
  for (let port = Number(first); port <= Number(last ?? first); port++) ports.add(port);
}
