/** What an answer depends on that is written down in files. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load-config.ts";
import { pathInWorktree } from "../config/load-config.ts";
import { readRegistry } from "../repo/registry.ts";

export interface WatchedPlace {
  root: string;
  /** The git folder that all worktrees share. */
  commonDir: string;
  stateDir: string;
  storeDir: string;
  /** The approvals. */
  trustFile: string;
  /** pgrove.yaml as it is now, or was when it could last be read. */
  config(): Promise<LoadedConfig>;
}

const OF_GIT = ["HEAD", "index", "logs/HEAD"];

/** The files and folders to look at, those of worktrees that were made since among them. */
export async function listWatched(place: WatchedPlace): Promise<string[]> {
  const { root, commonDir, stateDir, storeDir, trustFile } = place;
  const loaded = await place.config();
  const [ids, state] = await Promise.all([namesIn(join(commonDir, "worktrees")), namesIn(stateDir)]);
  const gitDirs = [commonDir, ...ids.map((id) => join(commonDir, "worktrees", id))];
  const roots = [root, ...(await readRegistry(stateDir).catch(() => ({ rows: [] }))).rows.map(({ path }) => path)];
  const { migrations, seeds, env } = loaded.config;
  const own = (folder: string) =>
    [...migrations.dirs, seeds.dir, env.file, loaded.file].map((path) => pathInWorktree(loaded, path, folder));
  return [
    ...[join(commonDir, "worktrees"), stateDir, storeDir, trustFile],
    ...state.map((name) => join(stateDir, name)),
    ...gitDirs.flatMap((dir) => OF_GIT.map((name) => join(dir, name))),
    ...roots.flatMap(own),
  ];
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
