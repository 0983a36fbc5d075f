/** Pearson's chi-square test with fixed seeds; the critical values are those of probability 0.001. */
import { describe, expect, test } from "bun:test";
import { drawExponential, drawNormal, drawWeighted, drawZipf } from "../../../../src/seed/generate/distribution.ts";
import { exponential, naturalLog, power } from "../../../../src/seed/generate/exact-math.ts";
import { drawBelow, mixKeys } from "../../../../src/seed/generate/mix.ts";

const ROWS = 100_000;
const KEY = mixKeys(7, 11);

/** By Wilson and Hilferty's approximation, with z of 0.001. */
function criticalValue(freedom: number): number {
  const part = 2 / (9 * freedom);
  return freedom * (1 - part + 3.0902 * Math.sqrt(part)) ** 3;
}

function chiSquare(bins: readonly number[], shares: readonly number[]): number {
  return bins.reduce((sum, count, bin) => {
    const expected = (shares[bin] ?? 0) * ROWS;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

function countBins(bins: number, binOf: (row: number) => number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (let row = 0; row < ROWS; row++) {
    const bin = binOf(row);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

function normalShare(z: number): number {
  // Simpson's rule over the density, from -8.
  const steps = 2000;
  const width = (z + 8) / steps;
  let sum = 0;
  for (let step = 0; step <= steps; step++) {
    const weight = step === 0 || step === steps ? 1 : step % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((-8 + step * width) ** 2) / 2);
  }
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}

const WEIGHTS = [80, 15, 5, 0.5];
const ZIPF_RANKS = 50;
const zipfTotal = Array.from({ length: ZIPF_RANKS }, (_, rank) => 1 / (rank + 1)).reduce((a, b) => a + b);
const EDGES = [-2, -1, -0.5, 0, 0.5, 1, 2];

const CASES: readonly { name: string; shares: readonly number[]; binOf: (row: number) => number }[] = [
  { name: "uniform", shares: new Array(20).fill(0.05), binOf: (row) => drawBelow(KEY, row, 20) },
  {
    name: "weighted",
    shares: WEIGHTS.map((weight) => weight / 100.5),
    binOf: drawWeighted(KEY, WEIGHTS),
  },
  {
    name: "zipf",
    shares: Array.from({ length: ZIPF_RANKS }, (_, rank) => 1 / (rank + 1) / zipfTotal),
    binOf: drawZipf(KEY, ZIPF_RANKS, 1),
  },
  {
    name: "normal",
    shares: [...EDGES, 8].map((edge, bin) => normalShare(edge) - (bin === 0 ? 0 : normalShare(EDGES[bin - 1] ?? 0))),
    binOf: (() => {
      const draw = drawNormal(KEY, -1000, 1000, 50, 10);
      return (row) => EDGES.filter((edge) => (draw(row) - 50) / 10 > edge).length;
    })(),
  },
  {
    name: "exponential",
    shares: [1 - Math.exp(-0.5), Math.exp(-0.5) - Math.exp(-1), Math.exp(-1) - Math.exp(-2), Math.exp(-2)],
    binOf: (() => {
      const draw = drawExponential(KEY, 0, 1000, 10);
      return (row) => [5, 10, 20].filter((edge) => draw(row) > edge).length;
    })(),
  },
];

describe.each([...CASES])("$name", ({ shares, binOf }) => {
  test("has its shape", () => {
    expect(chiSquare(countBins(shares.length, binOf), shares)).toBeLessThan(criticalValue(shares.length - 1));
  });

  test("another shape would be found out", () => {
    const skewed = countBins(shares.length, (row) => (row % 50 === 0 ? 0 : binOf(row)));
    const other = shares.map((share, bin) =>
      bin === 0 ? share * 0.9 : share + (shares[0] ?? 0) * 0.1 * (share / (1 - (shares[0] ?? 0))),
    );
    expect(chiSquare(skewed, other)).toBeGreaterThan(criticalValue(shares.length - 1));
  });
});

test("Zipf's law holds for many ranks, too: the first thousand have their share of a million", () => {
  const draw = drawZipf(KEY, 1_000_000, 1);
  const first = countBins(2, (row) => (draw(row) < 1000 ? 0 : 1));
  const harmonic = (count: number) =>
    Array.from({ length: count }, (_, rank) => 1 / (rank + 1)).reduce((a, b) => a + b);
  const share = harmonic(1000) / harmonic(1_000_000);
  expect(chiSquare(first, [share, 1 - share])).toBeLessThan(criticalValue(1));
});

test("the exact logarithm, exponential and power agree with the library's to fourteen digits", () => {
  for (const value of [1e-9, 0.1, 0.75, 1, 1.5, 2, Math.E, 1000, 1e15]) {
    expect(naturalLog(value)).toBeCloseTo(Math.log(value), 12);
    expect(power(value, -1.2) / value ** -1.2).toBeCloseTo(1, 12);
  }
  for (const value of [-30, -1, 0, 0.5, 1, 20]) expect(exponential(value) / Math.exp(value)).toBeCloseTo(1, 12);
});
