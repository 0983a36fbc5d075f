/** Encrypted sessions of our own, with the same files and the same demands as those of PostgreSQL's programs. */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { isIP, type Socket } from "node:net";
import { join, resolve } from "node:path";
import type { Duplex } from "node:stream";
import type { ConnectionOptions, PeerCertificate } from "node:tls";
import { configError } from "../errors.ts";
import { libpqHome } from "./libpq-defaults.ts";
import type { Connection } from "./url.ts";

/** The files that libpq would use, where they are there: those of the URL, else those of `~/.postgresql`. */
export interface TlsFiles {
  root?: string;
  cert?: string;
  key?: string;
  crl?: string;
}

/** The environment variable of each. */
export const TLS_VARIABLES = {
  root: "PGSSLROOTCERT",
  cert: "PGSSLCERT",
  key: "PGSSLKEY",
  crl: "PGSSLCRL",
} as const satisfies Record<keyof TlsFiles, string>;

const FILES = {
  root: ["sslrootcert", "root.crt"],
  cert: ["sslcert", "postgresql.crt"],
  key: ["sslkey", "postgresql.key"],
  crl: ["sslcrl", "root.crl"],
} as const satisfies Record<keyof TlsFiles, readonly [string, string]>;

/** A file that the URL names has to be there; one of `~/.postgresql` may be. */
export function findTlsFiles({ parameters }: Pick<Connection, "parameters">): TlsFiles {
  const found: TlsFiles = {};
  for (const [kind, [parameter, usual]] of Object.entries(FILES) as [keyof TlsFiles, readonly [string, string]][]) {
    const given = parameters[parameter];
    if (given === "system") continue;
    const path = given ? resolve(given) : join(libpqHome(), ".postgresql", usual);
    if (existsSync(path)) found[kind] = path;
    else if (given && kind !== "root") throw configError(`${parameter} names a file that is not there: ${path}`);
  }
  return found;
}

/** Whether, and in which order, sessions are tried with encryption and without. */
export function tlsWays({ parameters }: Pick<Connection, "parameters">): readonly boolean[] {
  switch (parameters.sslmode) {
    case "disable":
      return [false];
    case "allow":
      return [false, true];
    case "require":
    case "verify-ca":
    case "verify-full":
      return [true];
    default:
      return parameters.channel_binding === "require" ? [true] : [true, false];
  }
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * The socket, encrypted. Throws with the code TLS_REFUSED where the server has no encryption, and what the handshake
 * throws.
 */
export async function encrypt(socket: Socket, connection: Connection): Promise<Duplex> {
  const options = await tlsOptions(connection);
  const direct = connection.parameters.sslnegotiation === "direct";
  if (!direct) await askForTls(socket);
  const { connect } = await import("node:tls");
  return await new Promise((resolve, reject) => {
    const encrypted = connect({ ...options, socket, ...(direct ? { ALPNProtocols: ["postgresql"] } : {}) });
    encrypted.once("error", reject);
    encrypted.once("close", () => reject(closed("the server closed the connection during the TLS handshake")));
    encrypted.once("secureConnect", () => {
      encrypted.removeAllListeners("close");
      encrypted.off("error", reject);
      resolve(encrypted);
    });
  });
}

async function askForTls(socket: Socket): Promise<void> {
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once("data", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(closed("the server closed the connection")));
    socket.write(SSL_REQUEST);
  });
  socket.removeAllListeners();
  // More than one byte would have come unencrypted, from who knows whom.
  if (answer.length === 1 && answer[0] === 0x53) return;
  socket.destroy();
  throw Object.assign(new Error("the server has no encryption (TLS) to offer"), { code: "TLS_REFUSED" });
}

function closed(message: string): Error {
  return Object.assign(new Error(message), { code: "CONNECTION_CLOSED" });
}

async function tlsOptions(connection: Connection): Promise<ConnectionOptions> {
  const { host, hostaddr, parameters } = connection;
  const files = findTlsFiles(connection);
  const checks = whatIsChecked(connection, files);
  const { checkServerIdentity } = await import("node:tls");
  const name = host.startsWith("/") ? (hostaddr ?? "") : host;
  const options: ConnectionOptions = {
    rejectUnauthorized: checks !== "nothing",
    checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
      checks === "name" ? checkServerIdentity(name, certificate) : undefined,
  };
  if (isIP(name) === 0 && parameters.sslsni !== "0") options.servername = name;
  if (files.root !== undefined) options.ca = await readFile(files.root);
  else if (checks !== "nothing") Object.assign(options, await systemRoots());
  if (files.crl !== undefined && checks !== "nothing") options.crl = await readFile(files.crl);
  if (parameters.sslcertmode !== "disable" && files.cert !== undefined) {
    Object.assign(options, { cert: await readFile(files.cert), key: await readKey(files) });
  }
  const { ssl_min_protocol_version: least, ssl_max_protocol_version: most } = parameters;
  if (least) Object.assign(options, { minVersion: least });
  if (most) Object.assign(options, { maxVersion: most });
  return options;
}

/**
 * As libpq: a root certificate that is there is used whatever the mode. Our sessions cannot bind the login to the channel
 * (`channel_binding=require`); they make sure of the server by its certificate and name in its place.
 */
function whatIsChecked({ parameters }: Connection, files: TlsFiles): "nothing" | "issuer" | "name" {
  const { sslmode = "prefer", sslrootcert } = parameters;
  if (sslrootcert === "system" && sslmode !== "verify-full") {
    throw configError(`sslrootcert=system asks for sslmode=verify-full, and sslmode is ${sslmode}`);
  }
  if (sslmode === "verify-full" || parameters.channel_binding === "require") {
    if (files.root === undefined && sslmode === "verify-full" && sslrootcert !== "system") throw noRoot(sslmode);
    return "name";
  }
  if (sslmode === "verify-ca" && files.root === undefined) throw noRoot(sslmode);
  return files.root === undefined ? "nothing" : "issuer";
}

function noRoot(mode: string) {
  return configError(
    `sslmode=${mode} needs a root certificate, and there is none: neither sslrootcert nor ~/.postgresql/root.crt`,
    "sslrootcert=FILE, or sslrootcert=system for those of this machine",
  );
}

const SYSTEM_ROOTS = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/** The machine's own root certificates; where they are not found, those that every program of Bun's has. */
async function systemRoots(): Promise<Pick<ConnectionOptions, "ca">> {
  const found = [process.env.SSL_CERT_FILE ?? "", ...SYSTEM_ROOTS].find((path) => path !== "" && existsSync(path));
  return found === undefined ? {} : { ca: await readFile(found) };
}

async function readKey({ cert, key }: TlsFiles): Promise<Buffer> {
  if (key === undefined) {
    throw configError(
      `there is the certificate ${cert}, and no key for it`,
      "sslkey=FILE, or ~/.postgresql/postgresql.key",
    );
  }
  const { uid, mode } = await stat(key);
  if ((mode & (uid === 0 ? 0o037 : 0o077)) !== 0) {
    throw configError(`the key ${key} can be read by others, so libpq does not use it`, `chmod 600 ${key}`);
  }
  return await readFile(key);
}
