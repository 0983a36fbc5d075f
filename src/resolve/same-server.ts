/** Whether two targets are one database, by what is said of them: nothing is dialled. */
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { type Connection, eachAddress, isSocket } from "../postgres/url.ts";
import { openServer } from "../server/open-server.ts";
import type { ServerTools } from "../server/server.ts";
import { once } from "../sys/once.ts";
import type { Target } from "./target.ts";

/** How long a name server may take. Two names that it does not tell are compared as they are written. */
const LOOKUP_MS = 2_000;

/** Tells of others whether they lead to one server with the target, and there to one database. The target is asked once. */
export function sameDatabaseAs(one: Target, tools: ServerTools): (other: Target) => Promise<boolean> {
  const database = once(() => databaseOf(one, tools));
  const addresses = once(() => addressesOf(one, tools));
  return async (other) => {
    const [own, others] = await Promise.all([database(), databaseOf(other, tools)]);
    if (own === undefined || own !== others) return false;
    if (one.server.kind !== "url" && Bun.deepEquals(one.server, other.server)) return true;
    const candidates = await addressesOf(other, tools);
    for (const address of await addresses()) {
      for (const candidate of candidates) {
        if (address.port === candidate.port && (await isSameHost(address, candidate))) return true;
      }
    }
    return false;
  };
}

type ServerAddress = Pick<Connection, "host" | "hostaddr" | "port">;

/** Where the server is said to be; a container's is the port that it publishes. */
async function addressesOf({ server, login }: Target, tools: ServerTools): Promise<ServerAddress[]> {
  if (server.kind === "url") return eachAddress(server.connection);
  const state = await openServer(server, login, tools)
    .inspect()
    .catch(() => undefined); // without its engine nobody works on it either
  const { host, port } = state ?? {};
  return host === undefined || port === undefined ? [] : [{ host, port }];
}

/** The database that is meant; undefined where only a server could say that does not. */
export async function databaseOf({ server, login }: Target, tools: ServerTools): Promise<string | undefined> {
  if (login.database !== undefined) return login.database;
  if (server.kind === "url") return server.connection.database;
  const access = openServer(server, login, tools).access();
  return (await access.catch(() => undefined))?.database; // stopped: no work is done there either
}

async function isSameHost(one: ServerAddress, other: ServerAddress): Promise<boolean> {
  const [own, others] = [nameOf(one), nameOf(other)];
  if (own === others) return true;
  const [places, second] = await Promise.all([placesOf(own), placesOf(others)]);
  return places.some((place) => second.includes(place));
}

/** An address as text, the same however it is written; nobody is asked for it. */
export function spellOneWay(address: ServerAddress): string {
  return `${nameOf(address)}:${address.port}`;
}

/** "" stands for this machine. */
function nameOf(connection: ServerAddress): string {
  if (isSocket(connection)) return "";
  const name = canonical((connection.hostaddr ?? connection.host).toLowerCase().replace(/\.$/, ""));
  return isThisMachine(name) ? "" : name;
}

/** An address in the one way in which addresses are compared: of IPv6 there are many. What is none stays as it is. */
function canonical(name: string): string {
  const [address = "", zone] = name.split("%");
  if (!isIPv6(address)) return name;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high !== undefined && low !== undefined) return dotted(Number.parseInt(high, 16), Number.parseInt(low, 16));
  return zone === undefined || short === "::1" ? short : `${short}%${zone}`;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** Whoever calls these reaches the own machine. */
const ANYWHERE_HERE = new Set(["localhost", "::1", "::", "0.0.0.0"]);

function isThisMachine(address: string): boolean {
  if (ANYWHERE_HERE.has(address) || /^127(\.\d{1,3}){3}$/.test(address)) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some((each) => each.address === address));
}

async function placesOf(name: string): Promise<string[]> {
  if (name === "") return [""];
  const { lookup } = await import("node:dns/promises");
  const found = await Promise.race([
    lookup(name, { all: true }).catch(() => []), // not known here: it is compared by its name
    Bun.sleep(LOOKUP_MS).then(() => []),
  ]);
  return [name, ...found.map(({ address }) => (isThisMachine(canonical(address)) ? "" : canonical(address)))];
}
