/** Shapes of chance: weights, normal, exponential and Zipf's distribution, each a function of key and row. */
import { exponential, naturalLog, power } from "./exact-math.ts";
import { drawBelow, drawFraction, mixKeys } from "./mix.ts";
import type { OfRow } from "./site.ts";

/**
 * Indexes by weight, in constant time: Vose's alias method.
 * M. D. Vose, "A linear algorithm for generating random numbers with a given distribution" (1991).
 */
export function drawWeighted(key: number, weights: readonly number[]): OfRow<number> {
  const { thresholds, aliases } = createAliases(weights);
  const second = mixKeys(key, 1);
  return (row) => {
    const slot = drawBelow(key, row, weights.length);
    return drawFraction(second, row) < (thresholds[slot] ?? 1) ? slot : (aliases[slot] ?? slot);
  };
}

function createAliases(weights: readonly number[]): { thresholds: Float64Array; aliases: Uint32Array } {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scaled = Float64Array.from(weights, (weight) => (weight * weights.length) / total);
  const thresholds = new Float64Array(weights.length).fill(1);
  const aliases = Uint32Array.from(weights, (_, index) => index);
  const small: number[] = [];
  const large: number[] = [];
  scaled.forEach((weight, index) => {
    (weight < 1 ? small : large).push(index);
  });
  for (let low = small.pop(), high = large.pop(); low !== undefined && high !== undefined; low = small.pop()) {
    thresholds[low] = scaled[low] ?? 1;
    aliases[low] = high;
    scaled[high] = (scaled[high] ?? 1) - (1 - (scaled[low] ?? 1));
    if ((scaled[high] ?? 1) < 1) {
      small.push(high);
      high = large.pop();
    }
  }
  return { thresholds, aliases };
}

/** So many ranks have exactly the weight that they should; behind them, ranks share buckets of a twelfth of their rank. */
const EXACT_RANKS = 1_024;

/** Ranks 0…count-1 by Zipf's law: rank r with weight 1 / (r + 1)^exponent. */
export function drawZipf(key: number, count: number, exponent: number): OfRow<number> {
  const starts: number[] = [];
  const weights: number[] = [];
  for (let start = 1; start <= count; ) {
    const width = start < EXACT_RANKS ? 1 : Math.min(Math.floor(start / 12), count + 1 - start);
    starts.push(start - 1);
    weights.push(width * power(start + (width - 1) / 2, -exponent));
    start += width;
  }
  starts.push(count);
  const bucketOf = drawWeighted(key, weights);
  const within = mixKeys(key, 2);
  return (row) => {
    const bucket = bucketOf(row);
    const start = starts[bucket] ?? 0;
    const width = (starts[bucket + 1] ?? count) - start;
    return width === 1 ? start : start + drawBelow(within, row, width);
  };
}

const TRIES = 16;

/** Real numbers in [low, high], normally distributed; what falls outside is drawn again. */
export function drawNormal(key: number, low: number, high: number, mean: number, deviation: number): OfRow<number> {
  const keys = Array.from({ length: TRIES }, (_, attempt) => mixKeys(key, attempt + 1));
  return (row) => {
    let value = mean;
    for (const each of keys) {
      value = mean + deviation * inverseNormal(drawFraction(each, row) + 2 ** -33);
      if (value >= low && value <= high) return value;
    }
    return Math.min(high, Math.max(low, value));
  };
}

/** Real numbers in [low, high), most of them near `low`: exponentially distributed with that mean, cut at `high`. */
export function drawExponential(key: number, low: number, high: number, mean: number): OfRow<number> {
  const share = 1 - exponential(-(high - low) / (mean - low));
  return (row) => low - (mean - low) * naturalLog(1 - drawFraction(key, row) * share);
}

const CENTRE = [
  [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239],
  [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
] as const;
const TAIL = [
  [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
] as const;
const TAIL_SHARE = 0.02425;

/** The standard normal distribution's quantile, to nine digits: P. J. Acklam's rational approximation (2003). */
function inverseNormal(share: number): number {
  if (share > 1 - TAIL_SHARE) return -inverseNormal(1 - share);
  if (share >= TAIL_SHARE) {
    const distance = share - 0.5;
    const square = distance * distance;
    return (polynomial(CENTRE[0], square) * distance) / polynomial(CENTRE[1], square);
  }
  const root = Math.sqrt(-2 * naturalLog(share));
  return polynomial(TAIL[0], root) / polynomial(TAIL[1], root);
}

function polynomial(coefficients: readonly number[], value: number): number {
  return coefficients.reduce((sum, coefficient) => sum * value + coefficient, 0);
}
