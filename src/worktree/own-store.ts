/** Whether a dump is in a store that is the user's own: a branch may bring dumps along, and name any folder as the store. */
import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { type LoadedConfig, loadConfig, pathInWorktree } from "../config/load-config.ts";
import { listWorktrees } from "../repo/worktree.ts";
import { isInside } from "../sys/files.ts";
import type { WorktreeTools } from "./tools.ts";

/** False for whatever lies elsewhere, in a worktree or git folder of the repository, or in a store that only a branch names. */
export async function isInOwnStore(tools: WorktreeTools, dump: string, storeDir: string): Promise<boolean> {
  const [folder, store] = await Promise.all([realpath(dirname(dump)), realpath(storeDir).catch(() => undefined)]);
  if (folder !== store || (await realpath(dump)) !== `${folder}${dump.slice(dirname(dump).length)}`) return false;
  const { repository, operation } = tools;
  const worktrees = await listWorktrees(repository, operation.runner);
  for (const root of [repository.commonDir, ...worktrees.map((worktree) => worktree.root)]) {
    if (await isInside(root, store)) return false;
  }
  return await isStoreOfMain(tools);
}

/** Whether the store is where it is without the branch: BACKUP_DIR, the usual folder, or the one that main's file names. */
async function isStoreOfMain({ loaded, place, repository }: WorktreeTools): Promise<boolean> {
  const { dir } = loaded.config.dumps;
  if (dir === undefined || (place.environment.BACKUP_DIR ?? "").trim() !== "") return true;
  if (repository.mainRoot === undefined) return false;
  const file = pathInWorktree(loaded, loaded.file, repository.mainRoot);
  const mains: LoadedConfig | undefined = await loadConfig(file, { environment: place.environment }).catch(
    () => undefined,
  );
  return mains?.config.dumps.dir === dir;
}
