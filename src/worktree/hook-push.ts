/** What a push would send of the worktree that it is made from, by what git gives a pre-push hook. */
import { EXIT } from "../errors.ts";
import { gitCommand } from "../repo/git.ts";
import type { Runner } from "../sys/process.ts";

/** A line of the hook's input: "<local ref> <local commit> <remote ref> <remote commit>". */
const PUSHED = /^\S+ ([0-9a-f]{40,64}) \S+ ([0-9a-f]{40,64})$/;
const NO_COMMIT = /^0+$/;

/**
 * The files of those commits that the push sends of what is checked out here, and that the remote does not have yet:
 * relative to `root`. None when another branch is pushed, or one is deleted: only these files are at hand. A remote that
 * is named by its URL has no branches here, so all of the history may count.
 */
export async function listPushedFiles(
  { remote, input, root }: { remote: string; input: string; root: string },
  runner: Runner,
): Promise<string[]> {
  const ask = (args: readonly string[]) => runner.capture(gitCommand(root, args), { allowFailure: true });
  const head = (await ask(["rev-parse", "--verify", "--quiet", "HEAD"])).stdout.trim();
  for (const line of input.split("\n")) {
    const [, local, there = ""] = PUSHED.exec(line) ?? [];
    if (local === undefined || local !== head) continue;
    const known = NO_COMMIT.test(there) || (await ask(["cat-file", "-e", there])).exitCode !== EXIT.ok ? [] : [there];
    const without = ["--not", `--remotes=${remote}`, ...known];
    const question = ["log", "--format=", "--name-only", "-z", "--no-renames", local, ...without, "--"];
    const { stdout } = await ask(question);
    return [...new Set(stdout.split(/[\0\n]+/).filter((path) => path !== ""))];
  }
  return [];
}
