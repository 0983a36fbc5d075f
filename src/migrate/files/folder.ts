/** The files in the folders of migrations, listed and read in one go: a thousand of them take some milliseconds. */
import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, posix, relative, sep } from "node:path";
import { findEscape } from "../../config/paths.ts";
import { isFolderScript, isNumberedFolder } from "../../repo/migration-layout.ts";
import { isSparse } from "../../repo/sparse.ts";
import { errorCode } from "../../sys/files.ts";
import type { Finding } from "../migration.ts";
import { type FolderFile, fileFinding, isInFolder } from "./layout.ts";
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

/** What lies in the folders of migrations. */
export interface Listing {
  /** By name. Those of a folder that is a migration are among them. */
  files: FolderFile[];
  /** In folders below, which are not taken in: they may have been meant to be. */
  deeper: FolderFile[];
  findings: Finding[];
}

/** What the folders hold. What is no regular file, or leads out of the repository, is a finding. */
export async function listFolders(
  dirs: readonly string[],
  root: string,
  ignore: readonly string[] = [],
): Promise<Listing> {
  const files = new Map<string, FolderFile>(); // by path: folders may be named twice
  const deeper = new Map<string, FolderFile>();
  const findings: Finding[] = [];
  for (const dir of dirs) {
    const { folder, below } = folderOf(dir);
    const listed = listFolder(folder, below, root);
    if (!Array.isArray(listed)) {
      findings.push(listed);
      continue;
    }
    const isIgnored = ignores(ignore, folder);
    const nameFile = namesOf(root);
    for (const entry of listed) {
      const file = nameFile(entry);
      if (isIgnored(file.path)) continue;
      const found = entry.isFile() ? "file" : await classify(entry, file, root);
      if (found === "file") files.set(file.path, file);
      else if (found === "folder" && !below) {
        for (const each of listBelow(file, nameFile)) {
          if (!isIgnored(each.path)) (isInFolder(each) ? files : deeper).set(each.path, each);
        }
      } else if (typeof found === "object") findings.push(found);
    }
  }
  for (const path of files.keys()) deeper.delete(path); // another of the folders takes it in
  return { files: inOrder(files), deeper: inOrder(deeper), findings };
}

/** Sorted as text by their paths: without a function that compares, which takes longer than reading the names. */
function inOrder(files: ReadonlyMap<string, FolderFile>): FolderFile[] {
  return [...files.keys()].sort().flatMap((path) => files.get(path) ?? []);
}

type NameFile = (entry: Pick<Dirent, "name" | "parentPath">) => FolderFile;

/** Names the entries of folders; each folder's own path is asked once, since that takes longer than reading a file. */
function namesOf(root: string): NameFile {
  const prefixes = new Map<string, string>();
  return ({ name, parentPath }) => {
    const prefix = prefixes.get(parentPath) ?? shownPath(root, join(parentPath, "_")).slice(0, -1);
    prefixes.set(parentPath, prefix);
    const fileName = isFolderScript(name) ? ofFolder(parentPath, name) : name;
    return { path: `${parentPath}${sep}${name}`, shown: `${prefix}${name}`, fileName };
  };
}

/** "up.sql" says nothing by itself. */
function ofFolder(parentPath: string, name: string): string {
  const folder = basename(parentPath);
  return isNumberedFolder(folder) ? `${folder}/${name}` : name;
}

/** The patterns of `migrations.ignore`: with a slash for the path within the folder, else for a name wherever it is. */
export function ignores(patterns: readonly string[], folder: string): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const globs = patterns.map((pattern) => ({ pattern, glob: new Bun.Glob(pattern.replace(/\/$/, "/**")) }));
  return (path) => {
    const way = relative(folder, path).split(sep).join("/");
    return globs.some(({ pattern, glob }) =>
      pattern.includes("/") ? glob.match(way) : way.split("/").some((part) => glob.match(part)),
    );
  };
}

/** What is no regular file: a link may be as good as one, and "nothing" has nothing to do with migrations. */
async function classify(
  entry: Dirent,
  file: FolderFile,
  root: string,
): Promise<Finding | "file" | "folder" | "nothing"> {
  const { path, shown, fileName } = file;
  const isNamed = /\.(?:sql|go)$/.test(fileName);
  if (entry.isSymbolicLink() && isNamed) return (await findLinkProblem(path, shown, root)) ?? "file";
  const found = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry;
  if (found?.isFile()) return "file"; // nothing of it is read unless its name is right
  if (found?.isDirectory()) return findFolderMigration(file) ?? "folder";
  return isNamed
    ? fileFinding("error", { rule: "unreadable", file: shown, message: "is not a regular file" })
    : "nothing";
}

const NEVER_MIGRATIONS = /^(?:\.|node_modules$|__pycache__$|__tests__$|meta$)/;

/** The files of a folder that is not configured, and of those below it. */
function listBelow({ path, fileName }: FolderFile, nameFile: NameFile): FolderFile[] {
  if (NEVER_MIGRATIONS.test(fileName)) return [];
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const file = nameFile(entry);
      if (entry.isDirectory()) return listBelow(file, nameFile);
      return entry.isFile() ? [file] : [];
    });
  } catch {
    return []; // it may be nobody's business
  }
}

function listFolder(folder: string, below: boolean, root: string): Dirent[] | Finding {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: below });
  } catch (error) {
    const shown = shownPath(root, folder);
    const code = errorCode(error);
    if (code === "ENOENT" && isSparse(root)) {
      return fileFinding("error", {
        ...{ rule: "folder_left_out", file: shown, message: `the folder ${shown} is not in this sparse checkout` },
        hint: `git sparse-checkout add '${shown}'`,
      });
    }
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
