/** Writes what `env` in pgrove.yaml says into a worktree's env files. */
import { dirname, relative } from "node:path";
import { parseEnv } from "../config/env-file.ts";
import { renderLines } from "../config/env-template.ts";
import { pathInWorktree } from "../config/load-config.ts";
import { gitCommand } from "../repo/git.ts";
import type { GitWorktree } from "../repo/worktree.ts";
import { createRenderer, formatVariable, renderVariables } from "../resolve/env-lines.ts";
import type { Whereabouts } from "../resolve/reach.ts";
import type { Target } from "../resolve/target.ts";
import { pathExists } from "../sys/files.ts";
import { readBranchTemplate } from "./branch-template.ts";
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
 * Those of which the branch has the folder. Where the database publishes no port, variables that
 * need one are left out, and files in which nothing else is to stand.
 */
export async function writeEnvFiles(
  tools: WorktreeTools,
  { root, branch }: Pick<GitWorktree, "root" | "branch">,
  target: Target,
  known: Whereabouts,
): Promise<WrittenEnv[]> {
  const { loaded, operation } = tools;
  const { others = [], ...first } = loaded.config.env;
  const written: WrittenEnv[] = [];
  for (const each of [first, ...others]) {
    const { variables, unreachable } = renderVariables(known, { target, branch }, loaded, each.set);
    if (unreachable.length > 0 && Object.keys(variables).length === 0) continue;
    const file = pathInWorktree(loaded, each.file, root);
    const shown = relative(root, file);
    if (!(await pathExists(dirname(file)))) {
      operation.note(`${shown} is not written: this branch has no folder ${dirname(shown)}`);
      continue;
    }
    const render = createRenderer(known, { target, branch }, loaded);
    const lines =
      each.template === undefined ? undefined : await fillTemplate(tools, root, each.template, variables, render);
    const result = await writeEnvBlock(file, variables, root, lines);
    written.push({ ...result, file: shown, variables, unreachable, git: await askGit(tools, root, shown) });
  }
  return written;
}

/** The template's lines, as the worktree's own branch has it, and behind them what it does not say. */
async function fillTemplate(
  { loaded }: WorktreeTools,
  root: string,
  template: string,
  variables: Readonly<Record<string, string>>,
  render: ReturnType<typeof createRenderer>,
): Promise<string[]> {
  const text = await readBranchTemplate(loaded, template, root);
  const lines = renderLines(text, {
    variable: (name) => {
      const value = variables[name];
      return value === undefined ? undefined : formatVariable(name, value);
    },
    text: (line) => render(line, relative(loaded.root, template)),
  });
  const said = parseEnv(lines.join("\n"));
  const more = Object.entries(variables).filter(([name, value]) => said[name] !== value);
  return [...lines, ...more.map(([name, value]) => formatVariable(name, value))];
}

/** Whether git ignores a file, as it should one with a password in it, would take it up, or has it already. One spawn. */
async function askGit({ operation }: WorktreeTools, root: string, file: string): Promise<KnownToGit> {
  const question = ["ls-files", "-t", "--cached", "--others", "--exclude-standard", "--", `:(literal)${file}`];
  const { stdout } = await operation.runner.capture(gitCommand(root, question), { allowFailure: true });
  if (stdout === "") return "ignored";
  return stdout.startsWith("?") ? "untracked" : "tracked";
}
