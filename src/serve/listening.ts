/** Where a server listens, and by what names it may be asked. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { messageOf, refusal, usageError } from "../errors.ts";

export interface Listening {
  address: string;
  /** 0: any that is free. */
  port: number;
  isLoopback: boolean;
  isEncrypted: boolean;
  /** Further names it is asked by, in lower case, with a port where it is not the usual one. */
  names: readonly string[];
}

export interface TlsFiles {
  certificate: string;
  key: string;
}

/** What makes a server fit to be reached from elsewhere. */
export interface Exposure {
  tls: TlsFiles | undefined;
  /** The origin that a proxy on this machine serves it under: "https://db.example.org". */
  behindProxy: string | undefined;
  hasTokens: boolean;
}

const USUAL_PORT = 4711;
const USUAL_ADDRESS = "127.0.0.1";
const LOOPBACK = /^(127\.|::1$)/;

/** Reads ADDRESS, ADDRESS:PORT, [V6]:PORT or PORT. Throws (exit 2) at what is none. */
export function readListen(text: string | undefined): { address: string; port: number } {
  if (text === undefined) return { address: USUAL_ADDRESS, port: USUAL_PORT };
  const [, six, four = "", port] =
    /^(?:\[([0-9a-fA-F:]+)\]|(localhost|[0-9.]+\.[0-9.]+))?(?::?(\d{1,5}))?$/.exec(text) ?? [];
  const named = six ?? four;
  const isForm = text !== "" && [named, port].some((part) => part !== undefined && part !== "");
  const address = named === "localhost" || (named === "" && isForm) ? USUAL_ADDRESS : named;
  const number = port === undefined ? USUAL_PORT : Number(port);
  if (isIP(address) === 0 || number > 65_535) {
    throw usageError(`--listen takes an address of this machine and a port, not ${text}`, "--listen 127.0.0.1:4711");
  }
  return { address, port: number };
}

/** Where to listen. Refuses (exit 5) an address that others can reach without tokens and encryption. */
export async function planListening(text: string | undefined, exposure: Exposure): Promise<Listening> {
  const { address, port } = readListen(text);
  const { tls, behindProxy, hasTokens } = exposure;
  const isLoopback = LOOPBACK.test(address);
  const proxied = behindProxy === undefined ? [] : [readOrigin(behindProxy)];
  const names = [...proxied, ...(tls === undefined ? [] : await namesOfCertificate(tls))];
  const isOpen = !isLoopback || behindProxy !== undefined;
  if (isOpen && !hasTokens) {
    throw refusal("token_needed", `others could reach ${address}, and there is no token`, "pgrove serve token create");
  }
  if (!isLoopback && tls === undefined && behindProxy === undefined) {
    throw refusal(
      "tls_needed",
      `others could reach ${address}, and read what goes over the network`,
      "--tls-cert FILE --tls-key FILE, or --behind-proxy https://NAME",
    );
  }
  return { address, port, isLoopback: !isOpen, isEncrypted: tls !== undefined, names };
}

/** By what a server is asked, all in lower case. */
export interface OwnNames {
  /** The values of Host that mean it. */
  hosts: ReadonlySet<string>;
  /** The origins whose pages are its own: a page of the same name without encryption may be anybody's. */
  origins: ReadonlySet<string>;
}

/** The names of a server that listens at that port. The usual port of its scheme may be left out, as browsers do. */
export function ownNames({ address, names, isEncrypted }: Listening, port: number): OwnNames {
  const own = LOOPBACK.test(address) ? ["127.0.0.1", "localhost", "[::1]", bracketed(address)] : [bracketed(address)];
  const origins = [
    ...own.map((name) => new URL(`${isEncrypted ? "https" : "http"}://${name}:${port}`).origin),
    ...names.map((name) => new URL(`https://${name}`).origin),
    ...(isEncrypted ? names.map((name) => new URL(`https://${name}:${port}`).origin) : []),
  ];
  const explicit = [...own, ...names].map((name) => `${name}:${port}`);
  return { hosts: new Set([...origins.map((each) => new URL(each).host), ...explicit]), origins: new Set(origins) };
}

/** Whether it is one of those; a certificate's `*` stands for the first part of a name. */
export function isAmong(names: ReadonlySet<string>, name: string): boolean {
  return names.has(name) || names.has(name.replace(/^(https:\/\/)?[^.:/]+(?=\.)/, "$1*"));
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function readOrigin(text: string): string {
  if (!URL.canParse(text)) throw usageError(`--behind-proxy takes an origin, not ${text}`, "https://db.example.org");
  const { protocol, host, pathname } = new URL(text);
  if (protocol === "https:" && pathname === "/" && host !== "") return host.toLowerCase();
  throw usageError(`--behind-proxy takes an origin with https, not ${text}`, "https://db.example.org");
}

async function namesOfCertificate(tls: TlsFiles): Promise<string[]> {
  const read = async <T>(option: string, file: string, parse: (bytes: Buffer) => T) => {
    try {
      return parse(await readFile(file));
    } catch (error) {
      throw usageError(`${option} cannot be read: ${messageOf(error)}`, "--tls-cert FILE --tls-key FILE, both in PEM");
    }
  };
  const certificate = await read("--tls-cert", tls.certificate, (bytes) => new X509Certificate(bytes));
  if (!certificate.checkPrivateKey(await read("--tls-key", tls.key, createPrivateKey))) {
    throw usageError("--tls-key is not the key of --tls-cert", "--tls-cert FILE --tls-key FILE");
  }
  const { subjectAltName = "" } = certificate;
  const names = [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name = ""]) => bracketed(name));
  return names.flatMap((name) => (URL.canParse(`https://${name}`) ? [new URL(`https://${name}`).hostname] : []));
}
