/** Numbers written straight into bytes, without a string for each. */
import type { ByteSink } from "../entity.ts";

const ZERO = 48;
const MINUS = 45;
const LETTER_A = 97;

/** Appends one byte of ASCII. */
export function appendByte(out: ByteSink, byte: number): void {
  out.room(1);
  out.bytes[out.length++] = byte;
}

/** Appends a whole number (any safe integer) in decimal digits. */
export function appendInteger(out: ByteSink, value: number): void {
  out.room(17);
  let rest = value;
  if (rest < 0) {
    out.bytes[out.length++] = MINUS;
    rest = -rest;
  }
  appendDigits(out, rest, countDigits(rest));
}

/** Appends exactly so many digits, with leading zeros. */
export function appendDigits(out: ByteSink, value: number, digits: number): void {
  out.room(digits);
  const { bytes, length: start } = out;
  const end = start + digits;
  let at = end - 1;
  let rest = value;
  for (; rest > MAX_INT32 && at >= start; at--) {
    const tens = Math.floor(rest / 10);
    bytes[at] = ZERO + (rest - tens * 10);
    rest = tens;
  }
  // Integers of 32 bits are divided several times faster.
  for (let small = rest | 0; at >= start; at--) {
    const tens = (small / 10) | 0;
    bytes[at] = ZERO + small - tens * 10;
    small = tens;
  }
  out.length = end;
}

const MAX_INT32 = 0x7fffffff;

function countDigits(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

/** Appends 32 bits as so many hexadecimal digits, the lowest ones. */
export function appendHex(out: ByteSink, bits: number, digits: number): void {
  out.room(digits);
  const { bytes, length: start } = out;
  let rest = bits;
  for (let at = start + digits - 1; at >= start; at--) {
    const digit = rest & 15;
    bytes[at] = digit < 10 ? ZERO + digit : LETTER_A + digit - 10;
    rest >>>= 4;
  }
  out.length = start + digits;
}

/** Appends a whole number of units of 10^-scale as a decimal fraction. */
export function appendDecimal(out: ByteSink, units: number, scale: number): void {
  if (scale === 0) {
    appendInteger(out, units);
    return;
  }
  out.room(19 + scale);
  if (units < 0) out.bytes[out.length++] = MINUS;
  const size = Math.abs(units);
  const power = 10 ** scale;
  const whole = Math.floor(size / power);
  appendInteger(out, whole);
  out.bytes[out.length++] = 46;
  appendDigits(out, size - whole * power, scale);
}
