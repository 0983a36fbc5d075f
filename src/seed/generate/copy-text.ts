/**
 * COPY's text format: the sink that rows are appended to, and how texts are escaped in it.
 * https://www.postgresql.org/docs/current/sql-copy.html (File Formats, Text Format)
 */
import type { ByteSink } from "../entity.ts";

/** How many bytes are collected before they are handed on. */
export const PIECE_BYTES = 65_536;

/** Room for the row that fills a piece, so that the buffer seldom has to grow. */
const SLACK_BYTES = 8_192;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A sink whose bytes can be taken out as a copy; it is empty then. */
export interface TakingSink extends ByteSink {
  take(): Uint8Array;
}

class GrowingSink implements TakingSink {
  bytes: Uint8Array;
  length = 0;

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
  }

  room(bytes: number): void {
    if (this.length + bytes > this.bytes.length) this.grow(bytes);
  }

  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  private grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + bytes));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

/** A sink that begins with so many bytes and grows as needed. */
export function createSink(bytes: number = PIECE_BYTES + SLACK_BYTES): TakingSink {
  return new GrowingSink(bytes);
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** The text as it stands in a line of COPY's text format. */
function escapeCopyText(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character) : text;
}

/** The same, as bytes: for words that are written often. */
export function encodeCopyText(text: string): Uint8Array {
  return ENCODER.encode(escapeCopyText(text));
}

/** Appends a text, escaped. */
export function appendText(out: ByteSink, text: string): void {
  const escaped = escapeCopyText(text);
  out.room(escaped.length * 3);
  out.length += ENCODER.encodeInto(escaped, out.bytes.subarray(out.length)).written;
}

const LONG_BYTES = 48;

/** Appends bytes that are escaped already. */
export function appendBytes(out: ByteSink, bytes: Uint8Array): void {
  const { length } = bytes;
  out.room(length);
  const { bytes: to, length: start } = out;
  // Calling `set` costs more than a few bytes.
  if (length > LONG_BYTES) to.set(bytes, start);
  else for (let at = 0; at < length; at++) to[start + at] = bytes[at] ?? 0;
  out.length = start + length;
}

/** Appends `\N`, which is how COPY writes NULL. */
export function appendNull(out: ByteSink): void {
  out.room(2);
  out.bytes[out.length] = 92;
  out.bytes[out.length + 1] = 78;
  out.length += 2;
}

const UNESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r" };

/** What one cell's escaped bytes mean: NULL is null. */
export function decodeCopyText(bytes: Uint8Array): string | null {
  const text = DECODER.decode(bytes);
  if (text === "\\N") return null;
  if (!text.includes("\\")) return text;
  return text.replace(/\\(.)/g, (_, character: string) => UNESCAPES[character] ?? character);
}
