/** The env files of a worktree that its programs read, wherever they lie. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** `.envrc` is direnv's, whose plain lines are the same. */
const ENV_FILE = /^\.env(?:rc|(?:\.[\w-]+)*)$/;
/** Patterns for people to copy, and what is not plain text. */
const NO_SOURCE = /\.(?:example|sample|template|tmpl|dist|defaults|schema|vault|enc|bak)$/;
const SKIPPED = new Set(["node_modules", "vendor", "dist", "build", "target", "venv", "coverage"]);
/** As deep as the packages of a repository lie: `apps/web/.env`. */
const DEPTH = 2;
const MOST_FOLDERS = 500;

/** Absolute, those near the root first. Links are passed over, but for an env file that is one. */
export async function listEnvFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  let level = [root];
  let folders = 0;
  for (let depth = 0; depth <= DEPTH; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++folders > MOST_FOLDERS) return found;
      const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) {
          if (!entry.name.startsWith(".") && !SKIPPED.has(entry.name)) next.push(path);
        } else if (ENV_FILE.test(entry.name) && !NO_SOURCE.test(entry.name)) found.push(path);
      }
    }
    level = next;
  }
  return found;
}
