import { redact } from "./redact.ts";

const KEPT_STDERR_LINES = 40;

export interface StderrTail {
  /** The first line and the last ones. */
  lines: string[];
  /** The exit code that the proof line told. */
  proved: number | undefined;
}

/** What of a command matters for reading what it says. */
interface Speaker {
  secrets: readonly string[];
  proof?: string;
}

interface Listeners {
  line?: (text: string) => void;
  rawLine?: (text: string) => void;
  sift?: (text: string) => string | undefined;
}

/** Reads a child's stderr to its end, line by line, without secrets (but for `rawLine`). */
export async function readLines(
  stream: AsyncIterable<Uint8Array>,
  command: Speaker,
  { line, rawLine, sift }: Listeners = {},
): Promise<StderrTail> {
  const tail: StderrTail = { lines: [], proved: undefined };
  const decoder = new TextDecoder();
  let rest = "";
  const take = (raw: string) => {
    const said = raw.replace(/\r$/, "");
    if (command.proof !== undefined && said.startsWith(`${command.proof} `)) {
      tail.proved = Number(said.slice(command.proof.length + 1)); // before a short password could be found in it
      return;
    }
    const left = sift === undefined ? said : sift(said);
    if (left === undefined) return;
    const text = redact(left, command.secrets);
    tail.lines.push(text);
    if (tail.lines.length > KEPT_STDERR_LINES) tail.lines.splice(1, 1); // the first line often says why
    line?.(text);
    rawLine?.(left);
  };
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
  }
  if (rest !== "") take(rest);
  return tail;
}
