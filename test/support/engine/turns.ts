import type { Major } from "./images.ts";

/**
 * The versions that a file's tests run on where what they show hardly differs from one to the other: one of them in
 * `npm test`, by turns from file to file, so that each version has its share; all of them in the long form. A test whose
 * subject is the version itself runs on all of them always.
 */
export function takingTurns<M extends Major>(among: readonly [M, ...M[]], file: string): readonly [M, ...M[]] {
  if (process.env.PGROVE_SLOW_TESTS === "1") return among;
  const own = file.split("/").slice(-2).join("/"); // where the repository lies is nothing to go by
  const turn = Bun.hash.crc32(own);
  return [among[turn % among.length] ?? among[0]];
}
