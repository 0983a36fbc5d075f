/** Whether a dump is in a store that is the user's own: a branch may bring dumps along, and name any folder as the store. */
import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import { type LoadedConfig, loadConfig, pathInWorktree } from "../config/load-config.ts";
import type { Repository } from "../repo/git.ts";
import { listWorktrees } from "../repo/worktree.ts";
import { isInside } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";

export interface StorePlace {
  loaded: LoadedConfig;
  repository: Repository;
  environment: Environment;
  runner: Runner;
}

/** False for whatever lies elsewhere, in a worktree or git folder of the repository, or in a store that only a branch names. */
export async function isInOwnStore(tools: StorePlace, dump: string, storeDir: string): Promise<boolean> {
  const [folder, store] = await Promise.all([realpath(dirname(dump)), realpath(storeDir).catch(() => undefined)]);
  if (folder !== store || (await realpath(dump)) !== `${folder}${dump.slice(dirname(dump).length)}`) return false;
  const { repository, runner } = tools;
  const worktrees = await listWorktrees(repository, runner);
  for (const root of [repository.commonDir, ...worktrees.map((worktree) => worktree.root)]) {
    if (await isInside(root, store)) return false;
  }
  return await isStoreOfMain(tools);
}

/** Whether the store is where it is without the branch: BACKUP_DIR, the usual folder, or the one that main's file names. */
async function isStoreOfMain({ loaded, environment, repository }: StorePlace): Promise<boolean> {
  const { dir } = loaded.config.dumps;
  if (dir === undefined || (environment.BACKUP_DIR ?? "").trim() !== "") return true;
  if (repository.mainRoot === undefined) return false;
  const file = pathInWorktree(loaded, loaded.file, repository.mainRoot);
  const mains: LoadedConfig | undefined = await loadConfig(file, { environment }).catch(() => undefined);
  return mains?.config.dumps.dir === dir;
}
