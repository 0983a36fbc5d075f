/**
 * Property tests: few runs in `npm test`, the same ones each time, so that none fails by chance; many others each time in
 * `npm run test:long`.
 * A failure prints its seed and path: PGROVE_TEST_SEED=SEED and PGROVE_TEST_PATH=PATH run that one again.
 */
import type { Parameters } from "fast-check";
import { thorough } from "./faults/moments.ts";

const USUAL_SEED = 20_261_129;

/** How often a property is tried: `usual` times, and `most` times in the long form. */
export function trials(usual: number, most: number): Parameters<unknown> {
  const { PGROVE_TEST_SEED: seed, PGROVE_TEST_PATH: path } = process.env;
  return {
    numRuns: thorough ? most : usual,
    ...(seed === undefined && thorough ? {} : { seed: Number(seed ?? USUAL_SEED) }),
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  };
}
