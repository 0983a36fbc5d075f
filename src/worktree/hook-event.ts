/** What git means when it runs a hook. Read from files alone: most calls end here, and a spawn costs more than all of it. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import { readTextIfExists } from "../sys/files.ts";
import type { HookName } from "./hook-script.ts";

export type HookEvent =
  /** `git worktree add` has made the worktree that the hook runs in. */
  | { kind: "new-worktree" }
  /** Another commit is checked out. */
  | { kind: "switch"; from: string; to: string }
  /** Commits came in. */
  | { kind: "merge"; from: string; to: string };

/** The hooks that tell of something that has happened. */
export type EventHook = Exclude<HookName, "pre-push">;

/** What is there while git is in the middle of something, and checks commits out only for that. */
const AT_WORK = ["rebase-merge", "rebase-apply", "BISECT_LOG", "CHERRY_PICK_HEAD", "REVERT_HEAD"];

/** The event that a hook's arguments stand for; undefined when it is none that matters. `root` is the worktree's folder. */
export async function readHookEvent(
  hook: EventHook,
  args: readonly string[],
  { root, environment }: { root: string; environment: Environment },
): Promise<HookEvent | undefined> {
  const gitDir = await findGitDir(root, environment);
  if (gitDir === undefined || AT_WORK.some((name) => existsSync(join(gitDir, name)))) return undefined;
  if (hook === "post-merge") return args[0] === "1" ? undefined : { kind: "merge", from: "ORIG_HEAD", to: "HEAD" };
  const [from = "", to = "", flag] = args;
  if (flag !== "1" || from === to) return undefined;
  if (!/^0+$/.test(from)) return { kind: "switch", from, to };
  // The same arguments as from `git clone`, but for the folder: only a linked worktree has this file.
  return existsSync(join(gitDir, "commondir")) ? { kind: "new-worktree" } : undefined;
}

async function findGitDir(root: string, environment: Environment): Promise<string | undefined> {
  if (environment.GIT_DIR) return resolve(root, environment.GIT_DIR);
  const dotGit = join(root, ".git");
  const pointer = await readTextIfExists(dotGit).catch(() => ""); // it is a folder
  if (pointer === undefined) return undefined;
  const named = /^gitdir: (.+)$/m.exec(pointer)?.[1];
  return named === undefined ? dotGit : resolve(root, named);
}
