import { open, stat } from "node:fs/promises";
import { configError, missingError, type PgroveError } from "../errors.ts";
import { errorCode } from "../sys/files.ts";

/** Configuration is never larger; what is would only cost time and memory. */
const MAX_BYTES = 1024 * 1024;

/**
 * The text of a configuration file in UTF-8, without a byte order mark. Throws a missingError (exit 4) when there is
 * none, and a configError (exit 3) when it is no regular file, larger than 1 MiB, not UTF-8, or has NUL bytes in it.
 */
export async function loadTextFile(path: string, what: string): Promise<string> {
  try {
    const found = await stat(path); // before opening, which would wait for ever on a named pipe
    if (found.isDirectory()) throw configError(`${what} is a folder: ${path}`);
    if (!found.isFile()) throw configError(`${what} is not a regular file: ${path}`);
    return decode(await readLimited(path, what), path, what);
  } catch (error) {
    throw explain(error, path, what);
  }
}

async function readLimited(path: string, what: string): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const bytes = new Uint8Array(MAX_BYTES + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > MAX_BYTES) throw configError(`${what} is larger than 1 MiB: ${path}`);
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

function decode(bytes: Uint8Array, path: string, what: string): string {
  if (bytes.includes(0)) throw configError(`${what} has NUL bytes in it: ${path}`, "save it as UTF-8 text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes); // takes the byte order mark away
  } catch {
    throw configError(`${what} is not UTF-8 text: ${path}`, "save it as UTF-8 text");
  }
}

function explain(error: unknown, path: string, what: string): unknown {
  const code = errorCode(error);
  const known: Record<string, PgroveError> = {
    ENOENT: missingError("file_missing", `${what} does not exist: ${path}`),
    ENOTDIR: missingError("file_missing", `${what} does not exist: ${path}`),
    ELOOP: configError(`${what} is a link that leads to itself: ${path}`),
    EACCES: configError(`${what} may not be read: ${path}`, "check its permissions and its folder's"),
    EPERM: configError(`${what} may not be read: ${path}`, "check its permissions and its folder's"),
    ENAMETOOLONG: configError(`${what} has too long a path: ${path.slice(0, 80)}…`),
  };
  return (code === undefined ? undefined : known[code]) ?? error;
}
