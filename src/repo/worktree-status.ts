/** What `git status` says of a working tree. */
import type { Runner } from "../sys/process.ts";
import { gitCommand } from "./git.ts";

/** Paths with changes that are in no commit, relative to the folder; folders end with a slash. One spawn, which leaves the index as it is. */
export async function readStatusPaths(root: string, options: readonly string[], runner: Runner): Promise<string[]> {
  const args = ["--no-optional-locks", "status", "--porcelain", "-z", "--untracked-files=normal", ...options];
  const { stdout } = await runner.capture(gitCommand(root, args));
  return readPaths(stdout);
}

/** `XY path`, NUL; after a rename or copy the old path follows. */
function readPaths(status: string): string[] {
  const fields = status.split("\0").filter((field) => field !== "");
  const paths: string[] = [];
  for (let place = 0; place < fields.length; place++) {
    const field = fields[place] ?? "";
    paths.push(field.slice(3));
    if (/^[RC]|^.[RC]/.test(field)) place++;
  }
  return paths;
}
