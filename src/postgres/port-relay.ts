/** A port of this machine that leads into a container that publishes none, for programs which know nothing of containers. */
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { readTextIfExists } from "../sys/files.ts";

const LOOPBACK = "127.0.0.1";
/** How long the far ends are given to leave by themselves; nothing is killed after it. */
const FAREWELL_MS = 5_000;

export interface PortRelay {
  host: string;
  port: number;
  /** Ends the port and what still goes through it. */
  close(): Promise<void>;
}

/**
 * Listens on a free port of the loopback address; `dial` opens the way for each connection. Inside, a server may trust
 * whoever comes from there without a password, so only this user's own programs are let through where the system tells whose
 * they are.
 */
export async function openPortRelay(dial: () => Duplex): Promise<PortRelay> {
  const open = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on("error", () => socket.destroy());
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (!(await isOwnSocket(socket))) {
      socket.destroy();
      return;
    }
    const joined = join(socket, dial());
    open.add(joined);
    void joined.then(() => open.delete(joined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: LOOPBACK, port: 0 }, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    ...{ host: LOOPBACK, port },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, FAREWELL_MS);
      await Promise.race([Promise.all(open), late.promise]);
      clearTimeout(timer); // which would keep the process
    },
  };
}

/** Resolves when both have ended. */
function join(socket: Socket, far: Duplex): Promise<void> {
  return new Promise((resolve) => {
    far.on("error", () => socket.destroy());
    far.once("end", resolve);
    far.once("close", resolve);
    socket.pipe(far);
    far.pipe(socket);
    // Behind the pipes' own listeners, which stop the far end: what it still says is dropped, for else it could not leave.
    socket.once("close", () => {
      far.end();
      far.resume();
    });
  });
}

/** Whether the program at the other end of a loopback connection is this user's, by the kernel's own list of sockets. */
async function isOwnSocket(socket: Socket): Promise<boolean> {
  const table = await readTextIfExists("/proc/net/tcp");
  if (table === undefined) return true;
  const own = process.getuid?.();
  return own === undefined || findSocketOwner(table, socket.remotePort ?? 0, socket.localPort ?? 0) === own;
}

/** The user's number of the socket from port to port, in the text of Linux's `/proc/net/tcp`. */
export function findSocketOwner(table: string, from: number, to: number): number | undefined {
  for (const line of table.split("\n")) {
    const [, local = "", remote = "", , , , , uid] = line.trim().split(/\s+/);
    if (portOf(local) === from && portOf(remote) === to) return Number(uid);
  }
  return undefined;
}

/** `0100007F:1538` */
function portOf(address: string): number {
  return Number.parseInt(address.split(":")[1] ?? "", 16);
}
