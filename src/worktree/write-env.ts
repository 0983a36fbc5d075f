/** Writes what `env` in pgrove.yaml says into a worktree's env files. */
import { dirname, relative } from "node:path";
import { pathInWorktree } from "../config/load-config.ts";
import { gitCommand } from "../repo/git.ts";
import type { GitWorktree } from "../repo/worktree.ts";
import { renderVariables } from "../resolve/env-lines.ts";
import type { Whereabouts } from "../resolve/reach.ts";
import type { Target } from "../resolve/target.ts";
import { pathExists } from "../sys/files.ts";
import { type EnvBlockResult, writeEnvBlock } from "./env-block.ts";
import type { WorktreeTools } from "./tools.ts";

/** What git makes of a file. */
export type KnownToGit = "ignored" | "untracked" | "tracked";

/** An env file, relative to the worktree. */
export type WrittenEnv = EnvBlockResult & {
  file: string;
  variables: Readonly<Record<string, string>>;
  /** Names of variables that need a port, where no port leads there. */
  unreachable: readonly string[];
  git: KnownToGit;
};

/**
 * The first one, and the others of which the branch has the folder. Where the database publishes no port, variables that
 * need one are left out, and files in which nothing else is to stand.
 */
export async function writeEnvFiles(
  tools: WorktreeTools,
  { root, branch }: Pick<GitWorktree, "root" | "branch">,
  target: Target,
  known: Whereabouts,
): Promise<WrittenEnv[]> {
  const { loaded, operation } = tools;
  const { file: first, set, others = [] } = loaded.config.env;
  const written: WrittenEnv[] = [];
  for (const each of [{ file: first, set }, ...others]) {
    const { variables, unreachable } = renderVariables(known, { target, branch }, loaded, each.set);
    if (unreachable.length > 0 && Object.keys(variables).length === 0) continue;
    const file = pathInWorktree(loaded, each.file, root);
    const shown = relative(root, file);
    if (written.length > 0 && !(await pathExists(dirname(file)))) {
      operation.note(`${shown} is not written: this branch has no folder ${dirname(shown)}`);
      continue;
    }
    const result = await writeEnvBlock(file, variables, root);
    written.push({ ...result, file: shown, variables, unreachable, git: await askGit(tools, root, shown) });
  }
  return written;
}

/** Whether git ignores a file, as it should one with a password in it, would take it up, or has it already. One spawn. */
async function askGit({ operation }: WorktreeTools, root: string, file: string): Promise<KnownToGit> {
  const question = ["ls-files", "-t", "--cached", "--others", "--exclude-standard", "--", `:(literal)${file}`];
  const { stdout } = await operation.runner.capture(gitCommand(root, question), { allowFailure: true });
  if (stdout === "") return "ignored";
  return stdout.startsWith("?") ? "untracked" : "tracked";
}
