/** Words that may be needed more often than there are: the second round of them carries the number 2, and so on. */
import { mixKeys } from "./mix.ts";
import { createPermutation } from "./permutation.ts";
import type { CellSite, OfRow } from "./site.ts";

export interface NumberedDraw {
  /** From 0 to the space less one. */
  index: OfRow<number>;
  /** 0 in the first round, else the number to write behind: 2, 3, … */
  number: OfRow<number>;
}

/** By chance and without a number; where values may not repeat, each of the space once a round. */
export function drawNumbered(site: CellSite, space: number, distinct = site.distinct): NumberedDraw {
  if (!distinct) return { index: site.pick(space), number: () => 0 };
  const permute = createPermutation(space, mixKeys(site.key, 7));
  return {
    index: (row) => permute(row % space),
    number: (row) => (row < space ? 0 : Math.floor(row / space) + 1),
  };
}
