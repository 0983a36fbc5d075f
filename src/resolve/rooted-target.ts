/** A target, and the worktree whose files go with it: migrations and seeds are read there. */
import { existsSync } from "node:fs";
import type { LoadedConfig } from "../config/load-config.ts";
import type { Repository } from "../repo/git.ts";
import type { Runner } from "../sys/process.ts";
import { asOwnRole } from "./reach.ts";
import type { Target } from "./target.ts";

/** Where one stands. What costs something is asked for only when it is needed. */
export interface RootPlace {
  readonly runner: Runner;
  /** The folder to act in, which counts without a pgrove.yaml. */
  folder(): Promise<string>;
  config(): Promise<LoadedConfig | undefined>;
  repository(): Promise<Repository | undefined>;
  resolveTarget(text?: string): Promise<Target>;
}

export interface RootedTarget {
  /** With the login of the worktree's own role, where it has one. */
  target: Target;
  /** The folder of the worktree that the target belongs to, else of the one that the user stands in. */
  root: string;
  /** Undefined without a pgrove.yaml. */
  loaded: LoadedConfig | undefined;
}

/** The target that is meant, and its worktree's folder: the files there are the ones that its database knows. */
export async function resolveRootedTarget(place: RootPlace, text: string | undefined): Promise<RootedTarget> {
  const target = asOwnRole(await place.resolveTarget(text));
  const [loaded, folder] = [await place.config(), await place.folder()];
  const root = loaded === undefined ? folder : await findRoot(place, loaded, target);
  return { target, root, loaded };
}

async function findRoot(place: RootPlace, loaded: LoadedConfig, target: Target): Promise<string> {
  if (target.worktree === undefined && target.name !== "main") return loaded.root;
  const { isLinked } = await import("./main-server.ts");
  const standsInMain = !(await isLinked(loaded));
  if (target.worktree === undefined && standsInMain) return loaded.root;
  const repository = await place.repository();
  if (repository === undefined) return loaded.root;
  if (target.worktree === undefined) return repository.mainRoot ?? loaded.root;
  const { id, path } = target.worktree;
  if (existsSync(path)) return path;
  const { listWorktrees } = await import("../repo/worktree.ts"); // it may have been moved
  const all = await listWorktrees(repository, place.runner);
  return all.find((each) => each.id === id)?.root ?? loaded.root;
}
