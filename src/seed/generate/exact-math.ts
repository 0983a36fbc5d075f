/**
 * Logarithm and power from + - * / alone, which IEEE 754 defines to the last bit: the library's own may differ between
 * machines, and with them the rows that are made.
 */

const { LN2 } = Math;

/** The natural logarithm of a positive number: by the series of artanh, after halving into [0.75, 1.5). */
export function naturalLog(value: number): number {
  let mantissa = value;
  let exponent = 0;
  for (; mantissa >= 1.5; exponent++) mantissa /= 2;
  for (; mantissa < 0.75; exponent--) mantissa *= 2;
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let term = ratio;
  let sum = 0;
  for (let odd = 1; odd <= 31; odd += 2) {
    sum += term / odd;
    term *= square;
  }
  return 2 * sum + exponent * LN2;
}

/** e to the power of a number: Taylor's series on what is left beside a power of two. */
export function exponential(value: number): number {
  const halvings = Math.round(value / LN2);
  const rest = value - halvings * LN2;
  let term = 1;
  let sum = 1;
  for (let index = 1; index <= 20; index++) {
    term = (term * rest) / index;
    sum += term;
  }
  return halvings >= 0 ? sum * 2 ** halvings : sum / 2 ** -halvings;
}

/** A positive number to any power. */
export function power(base: number, exponent: number): number {
  return exponential(exponent * naturalLog(base));
}
