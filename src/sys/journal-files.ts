/** The journal's files: `journal.jsonl`, and those that were full: `journal.000001.jsonl` and so on, the oldest first. */
import { lstat, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { failure } from "../errors.ts";
import { errorCode, readTextIfExists } from "./files.ts";

/** From this size on a file is full. About 2,500 lines, which are read in some milliseconds. */
const FULL_BYTES = 1 << 20;
/** How many full ones stay: some 40,000 runs. */
const FULL_ONES_KEPT = 32;

const FULL_NAME = /^journal\.(\d{6,})\.jsonl$/;

/** Where lines are appended. */
export function journalPath(stateDir: string): string {
  return join(stateDir, "journal.jsonl");
}

function fullPath(stateDir: string, number: number): string {
  return join(stateDir, `journal.${String(number).padStart(6, "0")}.jsonl`);
}

/** The full files, oldest first, by their numbers, which begin with 1. */
export async function listFullFiles(stateDir: string): Promise<{ number: number; path: string }[]> {
  const names = await readdir(stateDir).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  return names
    .flatMap((name) => FULL_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .map((number) => ({ number, path: fullPath(stateDir, number) }));
}

/** The number of the oldest full file that is still there, when the newest one has that number. */
export function oldestKept(newest: number): number {
  return Math.max(1, newest - FULL_ONES_KEPT + 1);
}

/**
 * Puts the file aside when it is full, and removes what is too old. Only for whoever has the journal for himself. Throws (exit 1)
 * for what pgrove has not made: a link that came with a stranger's `.git` would have lines written to any file.
 */
export async function rotateWhenFull(stateDir: string): Promise<void> {
  const found = await lstat(journalPath(stateDir)).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isFile()) {
    const message = `${journalPath(stateDir)} is not a regular file, so nothing is written there`;
    throw failure("not_a_file", message, "look at it, and remove it");
  }
  if (found.size < FULL_BYTES) return;
  const full = await listFullFiles(stateDir);
  const number = (full.at(-1)?.number ?? 0) + 1;
  await rename(journalPath(stateDir), fullPath(stateDir, number));
  const old = full.filter((each) => each.number < oldestKept(number));
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}

/** The text of each file, the newest first; each is read when it is asked for. */
export async function* readFilesBackwards(stateDir: string): AsyncGenerator<string> {
  let full = await listFullFiles(stateDir);
  for (;;) {
    const text = await readTextIfExists(journalPath(stateDir));
    const now = await listFullFiles(stateDir);
    const wasRotated = now.at(-1)?.number !== full.at(-1)?.number;
    full = now;
    if (wasRotated) continue; // meanwhile, and the text may be that of the next file
    if (text !== undefined) yield text;
    break;
  }
  for (const { path } of full.reverse()) yield (await readTextIfExists(path)) ?? "";
}
