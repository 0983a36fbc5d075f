/** What this worktree's branch takes away in pgrove.yaml: compared with what the default branch has committed. */
import { join } from "node:path";
import type { Config } from "../config/config-schema.ts";
import type { Environment } from "../config/env-vars.ts";
import { type LoadedConfig, readConfigText } from "../config/load-config.ts";
import { PgroveError } from "../errors.ts";
import { findDefaultCommit, isOnDefaultBranch, readCommitted } from "../repo/approved-files.ts";
import { listLoosened } from "../repo/loosened.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { Runner } from "../sys/process.ts";
import type { CommandPlace } from "./command-place.ts";

interface BranchScene extends Pick<CommandPlace, "repository"> {
  readonly environment: Environment;
  readonly runner: Runner;
}

/** What is less than on the default branch; nothing where that has no pgrove.yaml, or the branch does not change it. */
export async function listLoosenedItems(place: BranchScene, loaded: LoadedConfig): Promise<TrustItem[]> {
  const before = await readDefault(place, loaded);
  return before === undefined ? [] : listLoosened(before, loaded.config);
}

const READ = new WeakMap<LoadedConfig, Promise<Config | undefined>>();

/** The default branch's pgrove.yaml, where this branch has another one. Read once in a run. */
export function readDefault(place: BranchScene, loaded: LoadedConfig): Promise<Config | undefined> {
  const read = READ.get(loaded) ?? findDefault(place, loaded);
  READ.set(loaded, read);
  return read;
}

/**
 * The default branch's pgrove.yaml. Undefined where the branch that is checked out has the same one: what its user changes
 * there without a commit is the user's.
 */
async function findDefault(place: BranchScene, loaded: LoadedConfig): Promise<Config | undefined> {
  if (await isOnDefaultBranch(loaded.root)) return undefined;
  const repository = await place.repository().catch(undefinedWithoutGit);
  const commit = repository && (await findDefaultCommit(repository, place.runner));
  if (commit === undefined) return undefined;
  const [text, own] = await Promise.all([readFrom(place, loaded, commit), readFrom(place, loaded, "HEAD")]);
  if (text === undefined || own === undefined || text === own) return undefined;
  const { environment } = place;
  return await readConfigText(text, loaded, { environment, envFile: loaded.envFile.values });
}

/** Whatever needs git says that it is missing; no branch was checked out without it. */
function undefinedWithoutGit(error: unknown): undefined {
  if (error instanceof PgroveError && error.code === "git_missing") return;
  throw error;
}

/** By whichever of its names, since a branch may have moved it. */
async function readFrom({ runner }: BranchScene, { file, dir, root }: LoadedConfig, commit: string) {
  const names = [
    file,
    ...[dir, root].flatMap((folder) => ["pgrove.yaml", "pgrove.yml"].map((name) => join(folder, name))),
  ];
  for (const name of new Set(names)) {
    const text = await readCommitted({ root, file: name, commit }, runner);
    if (text !== undefined) return text;
  }
  return undefined;
}
