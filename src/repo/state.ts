import { isAbsolute, join } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import type { Repository } from "./git.ts";

/**
 * Where pgrove remembers things: inside the git folder that all worktrees share, so that it goes with the repository;
 * outside git under XDG_STATE_HOME. Absolute; nothing is created.
 */
export function stateDir(
  repository: Pick<Repository, "commonDir"> | undefined,
  environment: Environment,
  home: string,
): string {
  if (repository !== undefined) return repositoryState(repository);
  return join(xdgFolder(environment.XDG_STATE_HOME, join(home, ".local", "state")), "pgrove");
}

/** The same for a repository. */
export function repositoryState({ commonDir }: Pick<Repository, "commonDir">): string {
  return join(commonDir, "pgrove");
}

/** The key that pgrove signs with for this user: outside of every repository, since their `.git` may be a stranger's. */
export function userKeyFile(environment: Environment, home: string): string {
  return join(xdgFolder(environment.XDG_STATE_HOME, join(home, ".local", "state")), "pgrove", "user.key");
}

/** An XDG folder, or its default: the specification says that a relative one is to be ignored. */
export function xdgFolder(given: string | undefined, fallback: string): string {
  return given !== undefined && isAbsolute(given) ? given : fallback;
}
