/** Worktrees that lie within the main one, where git takes them for files that nobody has added yet. */
import { dirname, isAbsolute, relative } from "node:path";
import { gitCommand } from "../repo/git.ts";
import type { WorktreeTools } from "./tools.ts";

/** The folder of the worktrees, relative to the main one, where it lies within it and git does not ignore it. */
export async function findUnignoredFolder(
  { repository: { mainRoot, commonDir }, operation }: Pick<WorktreeTools, "repository" | "operation">,
  root: string,
): Promise<string | undefined> {
  if (mainRoot === undefined || isWithin(commonDir, root) || !isWithin(mainRoot, root)) return undefined;
  const path = relative(mainRoot, root);
  const question = gitCommand(mainRoot, ["check-ignore", "--quiet", "--", path]);
  const { exitCode } = await operation.runner.capture(question, { allowFailure: true });
  if (exitCode !== 1) return undefined; // 0: ignored; 128: git cannot tell
  return dirname(path) === "." ? path : dirname(path);
}

function isWithin(folder: string, path: string): boolean {
  const between = relative(folder, path);
  return between !== "" && between.split("/")[0] !== ".." && !isAbsolute(between);
}
