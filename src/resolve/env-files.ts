/** The files of a worktree from which its programs have their database, wherever they lie. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isSettingsFile } from "./settings-files.ts";

/** `.envrc` is direnv's, whose plain lines are the same. */
const ENV_FILE = /^\.env(?:rc|(?:\.[\w-]+)*)$/;
/** Patterns for people to copy, and what is not plain text. */
const NO_SOURCE = /\.(?:example|sample|template|tmpl|dist|defaults|schema|vault|enc|bak)$/;
const SKIPPED = new Set(["node_modules", "vendor", "dist", "build", "target", "venv", "coverage"]);
/** As deep as the packages of a repository lie: `apps/web/.env`. */
const DEPTH = 2;
const MOST_FOLDERS = 500;

/** Where Maven's and Gradle's resources lie, in a package of its own or not. */
const RESOURCES = /(?:^|\/)src(?:\/main(?:\/resources(?:\/config)?)?)?$/;

/** The files of a worktree that say where its programs' database is: absolute, those near the root first. */
export interface SourceFiles {
  env: string[];
  /** Spring's, .NET's and their kin. */
  settings: string[];
}

/** Links are passed over, but for an env file that is one. */
export async function listSourceFiles(root: string): Promise<SourceFiles> {
  const found: SourceFiles = { env: [], settings: [] };
  let level = [root];
  let folders = 0;
  for (let depth = 0; level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++folders > MOST_FOLDERS) return found;
      const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) {
          if (!entry.name.startsWith(".") && !SKIPPED.has(entry.name)) next.push(path);
        } else if (isSettingsFile(entry.name)) found.settings.push(path);
        else if (depth <= DEPTH && ENV_FILE.test(entry.name) && !NO_SOURCE.test(entry.name)) found.env.push(path);
      }
    }
    level = depth < DEPTH ? next : next.filter((path) => RESOURCES.test(path));
  }
  return found;
}
