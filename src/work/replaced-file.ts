/** Clears the second names that a killed run gave to the file it was just replacing, and to what lies beside that. */
import { rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, normalize } from "node:path";
import { identityAt, isTemporaryPath, publishFile } from "../sys/files.ts";
import type { ReplacedFile } from "../sys/run-record.ts";

/** Whether a run writes such a thing down: each second name is a temporary one of that file, or of one beside it. */
export function isOwnReplaced({ path, asides }: ReplacedFile): boolean {
  return (
    isAbsolute(path) &&
    normalize(path) === path &&
    Object.entries(asides).every(
      ([ending, aside]) =>
        /^(\.[a-z]+)*$/.test(ending) &&
        dirname(aside) === dirname(path) &&
        isTemporaryPath(aside) &&
        basename(aside).startsWith(`.${basename(path)}${ending}.`),
    )
  );
}

/**
 * Where the new file has taken its place, the old one goes, with all that was its own; where it has not, that comes back. What somebody
 * else has written there meanwhile is left alone, and so is the old one.
 */
export async function clearReplaced({ path, by, asides }: ReplacedFile): Promise<void> {
  const here = identityAt(path);
  const old = identityAt(asides[""] ?? "");
  if (here !== undefined && here !== by && here !== old) return;
  for (const [ending, aside] of Object.entries(asides)) {
    const isMissing = identityAt(path + ending) === undefined && identityAt(aside) !== undefined;
    if (here !== by && isMissing) await publishFile(aside, path + ending);
    await rm(aside, { force: true });
  }
}
