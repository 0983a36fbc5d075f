/**
 * The versions, or formats, that tests are run with where what they show hardly differs from one to the other: one of them
 * in `npm test`, by turns from file to file, so that each has its share; all of them in the long form. A test whose subject
 * is the version or the format itself runs with all of them always.
 */
export function takingTurns<const T>(among: readonly [T, ...T[]], file: string): readonly [T, ...T[]] {
  if (process.env.PGROVE_SLOW_TESTS === "1") return among;
  const own = file.split("/").slice(-2).join("/"); // where the repository lies is nothing to go by
  const turn = Bun.hash.crc32(own);
  return [among[turn % among.length] ?? among[0]];
}
