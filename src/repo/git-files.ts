/** What git's own files say; git is not asked. */
import { realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { readTextIfExists } from "../sys/files.ts";

/** The file that holds a worktree's identity, in its own git folder. */
export const IDENTITY = "pgrove-id";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Without links; a path that is gone as it is. */
export async function realPath(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/**
 * The git folder that a worktree's `.git` file names; undefined when there is no such file. What is there and is no file,
 * or cannot be read, leads to itself: it is nobody's, and not gone.
 */
export async function readPointer(dotGit: string): Promise<string | undefined> {
  const text = await readTextIfExists(dotGit).catch(() => dotGit);
  if (text === undefined) return undefined;
  return await realPath(resolve(dirname(dotGit), text.trimEnd().replace(/^gitdir: /, "")));
}

/** A worktree's own git folder, and the one that all of them share; undefined where a folder is no worktree's. */
export async function readGitFolders(root: string): Promise<{ gitDir: string; commonDir: string } | undefined> {
  const gitDir = await readPointer(join(root, ".git"));
  if (gitDir === undefined) return undefined;
  const shared = await readTextIfExists(join(gitDir, "commondir"));
  return { gitDir, commonDir: resolve(gitDir, shared?.trimEnd() ?? "") };
}

/** The identity in a worktree's own git folder; undefined when it has none. */
export async function readIdentity(gitDir: string): Promise<string | undefined> {
  const text = (await readTextIfExists(join(gitDir, IDENTITY)))?.trim();
  return text !== undefined && UUID.test(text) ? text : undefined;
}

/** The branch that a file like HEAD names; undefined when it names none. */
export async function readBranch(file: string): Promise<string | undefined> {
  const text = await readTextIfExists(file);
  return /^ref: refs\/(?:heads|remotes\/[^/\n]+)\/(.+)$/m.exec(text ?? "")?.[1];
}

/** `core.bare` and `core.worktree` of a git configuration, as git itself writes them. */
export function readCore(config: string): { bare: boolean; worktree: string | undefined } {
  let section = "";
  const core = { bare: false, worktree: undefined as string | undefined };
  for (const line of config.split("\n")) {
    const head = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line);
    if (head !== null) section = (head[1] ?? "").toLowerCase();
    const [, key = "", value = ""] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section !== "core") continue;
    if (key.toLowerCase() === "bare") core.bare = /^(true|yes|on|1)$/i.test(value);
    if (key.toLowerCase() === "worktree") core.worktree = value.replace(/^"(.*)"$/, "$1");
  }
  return core;
}
