/** The files in the folders of migrations, listed and read in one go: a thousand of them take some milliseconds. */
import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { findEscape } from "../../config/paths.ts";
import { errorCode } from "../../sys/files.ts";
import type { Finding } from "../migration.ts";
import { type FolderFile, fileFinding } from "./layout.ts";
import { findFolderMigration } from "./near-miss.ts";

/** What at the end of a configured folder takes in the folders below it. */
const BELOW = `${sep}**`;

/** The folder that is configured, and whether those below it count. */
export function folderOf(dir: string): { folder: string; below: boolean } {
  return dir.endsWith(BELOW) ? { folder: dir.slice(0, -BELOW.length), below: true } : { folder: dir, below: false };
}

/** The path as people see it: relative to the root, with slashes. */
export function shownPath(root: string, path: string): string {
  const way = relative(root, path).split(sep).join("/");
  return way === "" ? "." : way;
}

/** A configured folder as git has it: relative to the worktree's root, "." for the root itself. */
export interface ShownFolder {
  shown: string;
  below: boolean;
}

/** The configured folders, relative to the root. */
export function showFolders(dirs: readonly string[], root: string): ShownFolder[] {
  return dirs.map((dir) => {
    const { folder, below } = folderOf(dir);
    return { shown: shownPath(root, folder), below };
  });
}

/** Whether a path, relative to the root and with slashes, lies in one of the folders. */
export function isInFolders(folders: readonly ShownFolder[], path: string): boolean {
  const own = posix.dirname(path);
  return folders.some(({ shown, below }) => own === shown || (below && (shown === "." || own.startsWith(`${shown}/`))));
}

/** The files of the folders, by name. What is no regular file, or leads out of the repository, is a finding. */
export async function listFolders(
  dirs: readonly string[],
  root: string,
): Promise<{ files: FolderFile[]; findings: Finding[] }> {
  const files = new Map<string, FolderFile>(); // by path: folders may be named twice
  const findings: Finding[] = [];
  for (const dir of dirs) {
    const { folder, below } = folderOf(dir);
    const listed = listFolder(folder, below, root);
    if (!Array.isArray(listed)) {
      findings.push(listed);
      continue;
    }
    const prefixes = new Map<string, string>(); // asked once for each folder: it takes longer than reading a file
    for (const entry of listed) {
      const { name, parentPath } = entry;
      const path = `${parentPath}${sep}${name}`;
      const prefix = prefixes.get(parentPath) ?? shownPath(root, join(parentPath, "_")).slice(0, -1);
      prefixes.set(parentPath, prefix);
      const file = { path, shown: `${prefix}${name}`, fileName: name };
      const wrong = entry.isFile() ? undefined : await findOtherKind(entry, file, root);
      if (wrong === undefined) files.set(path, file);
      else if (wrong !== "nothing") findings.push(wrong);
    }
  }
  return { files: [...files.values()].sort((a, b) => (a.shown < b.shown ? -1 : 1)), findings };
}

/** What is no regular file: undefined for a link that is as good as one, "nothing" for what has nothing to do with migrations. */
async function findOtherKind(entry: Dirent, file: FolderFile, root: string): Promise<Finding | "nothing" | undefined> {
  const { path, shown, fileName } = file;
  const isNamed = /\.(?:sql|go)$/.test(fileName);
  if (entry.isSymbolicLink() && isNamed) return await findLinkProblem(path, shown, root);
  const found = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry;
  if (found?.isFile()) return undefined; // nothing of it is read unless its name is right
  if (found?.isDirectory()) return findFolderMigration(file) ?? "nothing";
  return isNamed
    ? fileFinding("error", { rule: "unreadable", file: shown, message: "is not a regular file" })
    : "nothing";
}

function listFolder(folder: string, below: boolean, root: string): Dirent[] | Finding {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: below });
  } catch (error) {
    const shown = shownPath(root, folder);
    const code = errorCode(error);
    if (code === "ENOENT") {
      return fileFinding("error", {
        ...{ rule: "folder_missing", file: shown, message: `there is no folder ${shown}` },
        hint: "pgrove migrate create NAME        makes it; or set migrations.dir in pgrove.yaml",
      });
    }
    const why = code === "ENOTDIR" ? "is not a folder" : `cannot be read (${code ?? "unknown error"})`;
    return fileFinding("error", { rule: "unreadable", file: shown, message: why });
  }
}

async function findLinkProblem(path: string, shown: string, root: string): Promise<Finding | undefined> {
  const unreadable = (message: string) =>
    fileFinding("error", { rule: "unreadable", file: shown, message, hint: "put the file itself there" });
  const outside = await findEscape(shown, { dir: root, root });
  if (outside !== undefined) return unreadable(outside);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return undefined;
  return unreadable(found === undefined ? "is a link to nothing" : "is not a regular file");
}

const DECODER = new TextDecoder("utf-8", { fatal: true }); // takes the byte order mark away

/** The file's text, or what is wrong with it. */
export function readFolderFile({ path, shown }: FolderFile): string | Finding {
  const unreadable = (message: string, hint?: string) =>
    fileFinding("error", { rule: "unreadable", file: shown, message, ...(hint === undefined ? {} : { hint }) });
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return unreadable(`cannot be read (${errorCode(error) ?? "unknown error"})`, "check its permissions");
  }
  if (bytes.includes(0)) return unreadable("has NUL bytes in it", "save it as UTF-8 text");
  try {
    return DECODER.decode(bytes);
  } catch {
    return unreadable("is not UTF-8 text", "save it as UTF-8 text");
  }
}
