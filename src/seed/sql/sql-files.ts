/** The SQL seed files that belong to a target: which they are, in which order, and what they hold. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, relative, resolve } from "node:path";
import { configError, messageOf, missingError } from "../../errors.ts";
import { isInside, pathExists } from "../../sys/files.ts";

/** A seed file, read. */
export interface SeedFile {
  /** Relative to the worktree, with slashes: what people see, and what the ledger knows it by. */
  file: string;
  path: string;
  sql: string;
  /** SHA-256 as hex, of its text with line ends as \n. */
  hash: string;
}

export interface SeedFilesWish {
  /** The seeds' folder, absolute. */
  dir: string;
  /** The worktree's folder, absolute. */
  root: string;
  /** The list of pgrove.yaml: paths and globs inside the folder. Undefined: base.sql, then those named for the target. */
  listed: readonly string[] | undefined;
  /** What the target's own file is called: its environment or worktree, without `.sql`. */
  names: readonly string[];
  /** Just this one, absolute. */
  only?: string;
}

/**
 * The files to run on a target, in order. Throws (exit 3) when pgrove.yaml lists one that is missing or lies outside of
 * the folder, (exit 4) when the one that was asked for is missing.
 */
export async function readSeedFiles(wish: SeedFilesWish): Promise<SeedFile[]> {
  const paths = await findPaths(wish);
  return await Promise.all(paths.map((path) => readSeedFile(path, wish.root)));
}

async function findPaths({ dir, listed, names, only }: SeedFilesWish): Promise<string[]> {
  if (only !== undefined) {
    if (!(await pathExists(only))) throw missingError("file_missing", `there is no file ${only}`, "ls seeds/*.sql");
    return [only];
  }
  if (listed !== undefined) return await findListed(dir, listed);
  const usual = ["base", ...names].map((name) => resolve(dir, `${name}.sql`));
  const inFolder = usual.filter((path) => resolve(path, "..") === resolve(dir)); // a name may hold a slash
  const there = await Promise.all(inFolder.map(async (path) => ((await pathExists(path)) ? [path] : [])));
  for (const path of there.flat()) await requireInside(dir, path, `${basename(path)} is a link`);
  return [...new Set(there.flat())];
}

/** What a repository brings along may not make pgrove read other files, and show them line by line in its errors. */
async function requireInside(dir: string, path: string, what: string): Promise<void> {
  if (await isInside(dir, path)) return;
  throw configError(`${what}, which leads out of ${dir}`, "pgrove seed runs files of that folder only: copy it there");
}

/** Globs are sorted within themselves; a file that two entries name runs at the first one. */
async function findListed(dir: string, listed: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const entry of listed) {
    for (const path of await expandEntry(dir, entry)) {
      await requireInside(dir, path, `seeds.files names ${entry}`);
      found.add(path);
    }
  }
  return [...found];
}

async function expandEntry(dir: string, entry: string): Promise<string[]> {
  if (!/[*?[{]/.test(entry)) {
    const path = resolve(dir, entry);
    if (await pathExists(path)) return [path];
    throw configError(`seeds.files names ${entry}, and there is no such file in ${dir}`, "correct pgrove.yaml");
  }
  if (!(await pathExists(dir))) return [];
  const paths = await Array.fromAsync(new Bun.Glob(entry).scan({ cwd: dir, absolute: true, onlyFiles: true }));
  return paths.sort();
}

async function readSeedFile(path: string, root: string): Promise<SeedFile> {
  const way = relative(root, path).replaceAll("\\", "/");
  const file = way.startsWith("../") ? path : way;
  const bytes = await readRegularFile(path, file);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); // it takes a byte order mark away
  } catch {
    throw configError(`${file} is not UTF-8 text`, `is it a dump? pgrove restore ${basename(path)}`);
  }
  if (text.includes("\0"))
    throw configError(`${file} holds a NUL byte`, `is it a dump? pgrove restore ${basename(path)}`);
  const hash = createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
  return { file, path, sql: text, hash };
}

async function readRegularFile(path: string, file: string): Promise<Uint8Array> {
  const mend = "a seed file is a text file of SQL statements";
  try {
    if ((await stat(path)).isFile()) return await Bun.file(path).bytes(); // a named pipe would be waited for, for ever
  } catch (error) {
    throw configError(`${file} cannot be read: ${messageOf(error)}`, mend);
  }
  throw configError(`${file} is a folder or a device`, mend);
}
