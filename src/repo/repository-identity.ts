/** Which repository this is: the identity of its main worktree, which a copy of the folder must not go on with. */
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { IDENTITY, readIdentity } from "./git-files.ts";
import { registryFile } from "./registry.ts";
import { ensureIdentity } from "./worktree.ts";

/** The file that says where the git folder was when it got its identity. */
const HOME = "pgrove-home";

/**
 * The identity of the repository with that common git folder, given to it when it has none. One that was copied with its
 * folder gets a new one, and its registry is put aside: what that knows belongs to the worktrees of the other.
 */
export async function ensureRepositoryIdentity(commonDir: string, stateDir: string): Promise<string> {
  const homeFile = join(commonDir, HOME);
  const home = (await readTextIfExists(homeFile))?.trimEnd();
  if (home !== undefined && (await isCopyOf(commonDir, home))) {
    const registry = registryFile(stateDir);
    await rename(registry, `${registry}.copied`).catch((error: unknown) => {
      if (errorCode(error) !== "ENOENT") throw error;
    });
    await rm(join(commonDir, IDENTITY), { force: true });
  }
  const identity = await ensureIdentity(commonDir);
  if (home !== commonDir) await writeFileAtomic(homeFile, `${commonDir}\n`);
  return identity;
}

/** Whether another folder, still there, has the same identity. One folder may be reached by two paths. */
async function isCopyOf(commonDir: string, home: string): Promise<boolean> {
  if (home === commonDir) return false;
  const [here, there] = await Promise.all([stat(commonDir), stat(home).catch(() => undefined)]);
  if (there === undefined || (here.ino === there.ino && here.dev === there.dev)) return false;
  const [own, other] = await Promise.all([readIdentity(commonDir), readIdentity(home)]);
  return own !== undefined && own === other;
}
