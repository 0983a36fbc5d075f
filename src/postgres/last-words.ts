/** What a server says before it ends a session: its FATAL message, read from the stream beside postgres.js. */
import type { Duplex } from "node:stream";
import { isLostCode } from "./lost-connection.ts";

const HEADER = 5;
const ERROR_RESPONSE = 0x45;

/** Tells the words as an error whose code `isLostCode` knows. Of all other messages only the lengths are looked at. */
export function watchForLastWords(stream: Duplex, tell: (words: Error) => void): void {
  let held: Buffer = Buffer.alloc(0);
  let toSkip = 0;
  stream.on("data", (piece: Buffer) => {
    const all = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let at = toSkip;
    while (at + HEADER <= all.length) {
      const end = at + 1 + all.readUInt32BE(at + 1);
      if (all[at] === ERROR_RESPONSE) {
        if (end > all.length) break;
        const words = readFatal(all.subarray(at + HEADER, end));
        if (words !== undefined) tell(words);
      }
      at = end;
    }
    toSkip = Math.max(0, at - all.length);
    held = all.subarray(Math.min(at, all.length));
  });
}

/** The fields are a letter each and text that ends with a zero; `V` is the severity in English, `C` the SQLSTATE. */
function readFatal(body: Buffer): Error | undefined {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .map((field) => [field.charAt(0), field.slice(1)]),
  );
  const severity = fields.get("V") ?? fields.get("S") ?? "";
  if (severity !== "FATAL" && severity !== "PANIC") return undefined;
  const sqlState = fields.get("C") ?? "";
  const code = isLostCode(sqlState) ? sqlState : "CONNECTION_CLOSED";
  return Object.assign(new Error(fields.get("M") ?? "the server ended the session"), { code, severity });
}
