/** The byte stream to a server that this machine reaches: TCP or a Unix socket, encrypted as the connection asks. */
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { encrypt } from "./tls.ts";
import { type Connection, isSocket } from "./url.ts";

const CONNECT_TIMEOUT_S = 10;
/** Less than two seconds is no time for a handshake, says libpq. */
const LEAST_TIMEOUT_S = 2;

/** How long a connection may take to be made, in seconds: what the URL says, else ten. */
export function connectTimeoutS({ parameters }: Pick<Connection, "parameters">): number {
  const given = Number.parseInt(parameters.connect_timeout ?? "", 10);
  return given > 0 ? Math.max(given, LEAST_TIMEOUT_S) : CONNECT_TIMEOUT_S;
}

/** Dials once. Throws what the operating system or the handshake throws; nothing is left open then. */
export async function dial(connection: Connection, encrypted: boolean): Promise<Duplex> {
  const socket = await dialPlain(connection);
  if (!encrypted) return socket;
  const late = setTimeout(() => socket.destroy(timedOut(connection)), connectTimeoutS(connection) * 1000);
  try {
    return await encrypt(socket, connection);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function dialPlain(connection: Connection): Promise<Socket> {
  const { host, port, hostaddr } = connection;
  return new Promise((resolve, reject) => {
    const place = isSocket(connection) ? { path: socketPath(host, port) } : { host: hostaddr ?? host, port };
    const socket = connect({ ...place, allowHalfOpen: true });
    const late = setTimeout(() => socket.destroy(timedOut(connection)), connectTimeoutS(connection) * 1000);
    const fail = (error: Error) => {
      clearTimeout(late);
      reject(error);
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(late);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

/** The socket in that folder; behind `@` in Linux's own space of names. */
function socketPath(host: string, port: number): string {
  const path = `${host}/.s.PGSQL.${port}`;
  return host.startsWith("@") ? `\0${path.slice(1)}` : path;
}

function timedOut(connection: Connection): Error {
  const error = new Error(`no answer within ${connectTimeoutS(connection)} s`);
  return Object.assign(error, { code: "CONNECT_TIMEOUT" });
}
