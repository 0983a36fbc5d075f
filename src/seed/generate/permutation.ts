/** Distinct values without remembering any: the row's number, permuted over the space of values. */
import { mixKeys } from "./mix.ts";

const ROUNDS = 4;

/**
 * A permutation of 0…space-1 (space at most 2^52): a Feistel network over two digits of radix √space, walked again
 * while it leaves the space, which is format-preserving encryption's cycle walking (Black and Rogaway, 2002). Indexes from
 * `space` on begin anew: a walk that starts outside of the space may never come into it.
 */
export function createPermutation(space: number, key: number): (index: number) => number {
  const left = Math.max(1, Math.ceil(Math.sqrt(space)));
  const right = Math.max(1, Math.ceil(space / left));
  const keys = Array.from({ length: ROUNDS }, (_, round) => mixKeys(key, round + 1));
  const [first = 0, second = 0, third = 0, fourth = 0] = keys;
  return (index) => {
    let value = index < space ? index : index % space;
    do {
      let high = Math.floor(value / right);
      let low = value - high * right;
      high = (high + roundBits(low, first)) % left;
      low = (low + roundBits(high, second)) % right;
      high = (high + roundBits(low, third)) % left;
      low = (low + roundBits(high, fourth)) % right;
      value = high * right + low;
    } while (value >= space);
    return value;
  };
}

/** 31 bits, so that the sums stay small integers for spaces of everyday size. */
function roundBits(half: number, key: number): number {
  let bits = Math.imul(half ^ key, 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x297a2d39);
  return (bits ^ (bits >>> 16)) >>> 1;
}
