/** Dumps as accidents leave them. */
import { readFileSync, writeFileSync } from "node:fs";
import { seeded } from "./moments.ts";

/** The first `part` of the file, as a copy that was cut off leaves it. */
export function truncate(from: string, to: string, bytes: number): void {
  writeFileSync(to, readFileSync(from).subarray(0, bytes));
}

/** The file with one bit changed. */
export function flipBit(from: string, to: string, place: number): void {
  const bytes = readFileSync(from);
  const at = Math.min(bytes.length - 1, Math.floor(place * bytes.length));
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
  writeFileSync(to, bytes);
}

/** The file as `docker exec -t … > file` leaves it: every newline with a carriage return before it. */
export function mangleByTerminal(from: string, to: string): void {
  const bytes = readFileSync(from);
  const mangled = Buffer.alloc(bytes.length * 2);
  let length = 0;
  for (const byte of bytes) {
    if (byte === 10) mangled[length++] = 13;
    mangled[length++] = byte;
  }
  writeFileSync(to, mangled.subarray(0, length));
}

/** Bytes that mean nothing. */
export function randomBytes(to: string, length: number, seed: number): void {
  const random = seeded(seed);
  writeFileSync(
    to,
    Uint8Array.from({ length }, () => Math.floor(random() * 256)),
  );
}

/** The bytes really differ, or the test would prove nothing. */
export function differs(a: string, b: string): boolean {
  return !readFileSync(a).equals(readFileSync(b));
}
