/** Files that belong to the user and that pgrove writes a few lines into: env files, git hooks. */
import { chmod, chown, lstat, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { configError, EXIT, failure, PgroveError, refusal } from "../errors.ts";
import { errorCode, isInside, syncFolder, temporaryPathFor, writeFileAtomic } from "../sys/files.ts";

/** Whose a file is, and who may use it. */
export interface Ownership {
  mode: number;
  uid: number;
  gid: number;
}

export interface ForeignFile extends Ownership {
  /** With links followed: a link stays one. */
  path: string;
  text: string;
}

/**
 * A file of which a part is to be changed; undefined when there is none. Throws for a link that leads out of `root`
 * (exit 5) or nowhere, and for what is no UTF-8 text (exit 3).
 */
export async function readForeignFile(file: string, root: string): Promise<ForeignFile | undefined> {
  if (!(await isInside(root, file))) {
    throw refusal(
      "link_escapes",
      `${file} is a link that leads out of ${root}`,
      "put a file of its own in the link's place; then run it again",
    );
  }
  try {
    await lstat(file);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw unusable(file, "read", error);
  }
  try {
    const path = await realpath(file);
    const { mode, uid, gid } = await stat(path);
    return { path, text: decode(await readFile(path), file), mode: mode & 0o7777, uid, gid };
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw configError(`${file} is a link that leads nowhere`, `rm '${file}'`);
    throw unusable(file, "read", error);
  }
}

/** With its byte order mark, which has to stay. */
function decode(bytes: Uint8Array, file: string): string {
  try {
    if (!bytes.includes(0)) return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Said below: bytes that are no UTF-8 would not survive being written again.
  }
  throw new PgroveError({
    ...{ code: "not_text", exit: EXIT.config },
    ...{ message: `${file} is not UTF-8 text`, hint: "save it as UTF-8 text" },
  });
}

/** Writes such a file whole or not at all, for the same people as before. Throws (exit 1) when it cannot be written. */
export async function writeForeignFile(path: string, text: string, ownership: Ownership): Promise<void> {
  const temporary = temporaryPathFor(path);
  try {
    await writeFileAtomic(temporary, text, { mode: 0o600 });
    await giveTo(temporary, ownership);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw unusable(path, "written", error);
  }
}

/** For a file that is not there yet: ours, with this mode. */
export function ownNewFile(mode: number): Ownership {
  return { mode, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

async function giveTo(path: string, { mode, uid, gid }: Ownership): Promise<void> {
  const made = await stat(path);
  if (made.uid !== uid || made.gid !== gid) {
    await chown(path, uid, gid).catch((error: unknown) => {
      if (errorCode(error) !== "EPERM") throw error; // only root may give files away
    });
  }
  await chmod(path, mode);
}

function unusable(file: string, done: "read" | "written", error: unknown): unknown {
  if (error instanceof PgroveError || errorCode(error) === undefined) return error;
  const hint = `check the permissions of ${dirname(file)}`;
  return failure("file_unusable", `${file} could not be ${done}: ${errorCode(error)}`, hint, error);
}
