/** Moments to strike at: drawn from a seed, so that a failing one can be struck again. */
import type { Sql } from "postgres";
import { waitFor } from "../engine/run.ts";
import type { Repo, Started } from "./program.ts";
import { listSessionsOf } from "./world.ts";

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Set for the fuller form: more moments, more signals. */
export const thorough = process.env.PGROVE_SLOW_TESTS === "1";

/** `count` places in [0, 1), one in each equal part of it. */
export function spread(count: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index) => (index + random()) / count);
}

/** Waits until so many bytes of a dump are on the disk. Throws when the program ended before. */
export async function waitForBytes(repo: Repo, program: Started, bytes: number): Promise<void> {
  const reached = async () => {
    if (!program.isRunning()) throw new Error(`it ended before ${bytes} bytes were written:\n${program.said()}`);
    return (repo.partialBytes() ?? -1) >= bytes;
  };
  await waitFor(`${bytes} bytes of the dump`, 30_000, reached, 1);
}

/** Waits until a statement of the program waits inside the server, for a lock or at a gate. Throws when it ended before. */
export async function waitUntilHeld(sql: Sql, repo: Repo, program: Started, statement: RegExp): Promise<void> {
  const held = async () => {
    if (!program.isRunning()) throw new Error(`it ended without waiting in ${statement}:\n${program.said()}`);
    return (await listSessionsOf(sql, repo)).some(({ waits, query }) => waits && statement.test(query));
  };
  await waitFor(`${statement} to wait in the server`, 30_000, held, 5);
}

/** Waits for words on the program's stderr. Throws when it ended without them. */
export async function waitForWords(program: Started, words: RegExp): Promise<void> {
  const said = async () => {
    if (words.test(program.said())) return true;
    if (!program.isRunning()) throw new Error(`it ended without saying ${words}:\n${program.said()}`);
    return false;
  };
  await waitFor(`${words} on stderr`, 30_000, said, 2);
}
