import { expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import { watchForLastWords } from "../../../src/postgres/last-words.ts";

/** A message of the protocol: a letter, its length, its text. */
function message(letter: string, text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const error = (severity: string, code: string, words: string) =>
  message("E", `S${severity}\0V${severity}\0C${code}\0M${words}\0\0`);

/** What is told of a stream that comes in pieces of that size. */
function heard(bytes: Buffer, size: number): Error[] {
  const stream = new PassThrough();
  const told: Error[] = [];
  watchForLastWords(stream, (words) => told.push(words));
  for (let at = 0; at < bytes.length; at += size) stream.emit("data", bytes.subarray(at, at + size));
  return told;
}

test.each([1, 3, 7, 64, 100_000])("what ends the session is heard, in pieces of %d bytes", (size) => {
  const rows = Array.from({ length: 20 }, (_, row) => message("D", `E\0\0\0\x09FATAL ${row}`));
  const bytes = Buffer.concat([
    ...rows,
    error("ERROR", "42601", "syntax error"),
    message("d", "x".repeat(300)),
    error("FATAL", "57P01", "terminating connection due to administrator command"),
  ]);
  expect(heard(bytes, size)).toEqual([
    expect.objectContaining({ code: "57P01", message: "terminating connection due to administrator command" }),
  ]);
});

test("whatever ends a session is known as its loss", () => {
  expect(heard(error("FATAL", "08P01", "server login failed"), 9)).toMatchObject([
    { code: "CONNECTION_CLOSED", message: "server login failed" },
  ]);
});
