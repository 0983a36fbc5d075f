/** The passwords in `~/.pgpass`, by libpq's rules. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { libpqHome } from "./libpq-defaults.ts";
import { type Connection, isSocket } from "./url.ts";

/** What libpq calls the sockets' folder of its own build in this file. */
const USUAL_SOCKET_FOLDERS = new Set(["/var/run/postgresql", "/run/postgresql", "/tmp"]);

/**
 * The password of the first line that fits; undefined where there is none. The file is the URL's `passfile`, PGPASSFILE's
 * or `~/.pgpass`. One that others may read is left alone, as libpq does.
 */
export async function findPassfilePassword(connection: Connection): Promise<string | undefined> {
  const file = connection.parameters.passfile || process.env.PGPASSFILE || join(libpqHome(), ".pgpass");
  const found = await stat(file).catch(() => undefined); // most people have none
  if (found === undefined || !found.isFile() || (found.mode & 0o077) !== 0) return undefined;
  const text = await readFile(file, "utf8").catch(() => ""); // somebody else's
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const password = passwordOfLine(line, connection);
    if (password !== undefined) return password;
  }
  return undefined;
}

/** `host:port:database:user:password`, where `*` is any, and `\` stands before a `:` or `\` that is meant as it is. */
function passwordOfLine(line: string, connection: Connection): string | undefined {
  const [host, port, database, user, password] = splitLine(line);
  if (password === undefined || password === "") return undefined;
  const isUsual = isSocket(connection) && USUAL_SOCKET_FOLDERS.has(connection.host);
  const pairs = [
    [host, isUsual ? "localhost" : connection.host],
    [port, String(connection.port)],
    [database, connection.database],
    [user, connection.user],
  ];
  return pairs.every(([pattern, value]) => pattern === "*" || pattern === value) ? password : undefined;
}

/** Four fields with their signs taken back, and the rest, in which a `:` needs none. */
function splitLine(line: string): string[] {
  const fields = [""];
  for (let at = 0; at < line.length; at++) {
    const sign = line.charAt(at);
    const isEscape = sign === "\\" && at + 1 < line.length;
    if (sign === ":" && fields.length < 5) fields.push("");
    else fields[fields.length - 1] += isEscape ? line.charAt(++at) : sign;
  }
  return fields;
}
