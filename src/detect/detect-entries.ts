/** The upper levels of a repository's tree. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Which of the paths git ignores; they are relative to the root. */
export type AskIgnored = (paths: readonly string[]) => Promise<readonly string[]>;

/** A file or folder met on the way; `path` is relative to the root, with `/`. */
export interface FoundEntry {
  path: string;
  name: string;
  isFolder: boolean;
}

const DEEPEST = 3;
const MOST_FOLDERS = 3000;
const SKIPPED = new Set(["node_modules", "vendor", "dist", "build", "target", "venv", "__pycache__", "coverage"]);
const ENTERED_THOUGH_HIDDEN = new Set([".docker", ".devcontainer", ".deploy"]);

/** What is named by a custom of its own although it lies deep: the resources of Maven and Gradle. */
const DEEP = /(^|\/)src\/main\/resources(\/|$)/;
const DEEPEST_OF_ALL = 6;

/**
 * A repository's files and folders, four levels deep and sorted. Breadth first, so that what is near the root is found
 * even when the limit is met. Links are passed over: they may lead anywhere.
 */
export async function listEntries(root: string): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  let level = [""];
  let folders = 0;
  for (let depth = 0; depth <= DEEPEST_OF_ALL && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++folders > MOST_FOLDERS) return found;
      for (const entry of await readFolder(join(root, folder))) {
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        const isFolder = entry.isDirectory();
        if (isFolder && !isEntered(entry.name)) continue;
        if (!isFolder && !entry.isFile()) continue;
        found.push({ path, name: entry.name, isFolder });
        if (isFolder) next.push(path);
      }
    }
    level = depth < DEEPEST ? next : next.filter((path) => DEEP.test(path));
  }
  return found;
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isEntered(name: string): boolean {
  return name.startsWith(".") ? ENTERED_THOUGH_HIDDEN.has(name) : !SKIPPED.has(name);
}
