/**
 * The pipes of a program that acts on half of its input: shells of their own stand between, which outlive a pgrove that is
 * killed. Where the input ends without pgrove having said so, the one says what takes back what is unfinished; and the
 * others read on, since a client that cannot write ends, and the program elsewhere takes that for the end of its input.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { closeSync, writeSync } from "node:fs";
import type { Env } from "./child-environment.ts";
import type { Sink } from "./child-input.ts";
import type { Command } from "./command.ts";
import { C_LIBRARIES } from "./core-dumps.ts";
import { once } from "./once.ts";

/** What the program is started with: descriptors. */
interface GivenPipes {
  stdin: number;
  stdout: number | "pipe";
  stderr: number | "pipe";
}

export interface GuardedPipes {
  given: GivenPipes;
  sink: Sink;
  /** What it writes, where that does not come from the program itself. */
  stdout?: ReadableStream<Uint8Array>;
  stderr?: ReadableStream<Uint8Array>;
  /** The program has its descriptors, or could not be started. */
  handedOver(): void;
}

/** Starts a shell with that script, variables and descriptors, the second one of which it writes to. */
export type StartShell = (
  script: string,
  env: Env,
  stdio: readonly ["pipe" | number, "pipe" | number, "ignore", "pipe" | "ignore"],
) => { stdin: unknown; stdout: unknown; stdio: readonly unknown[] };

/** Undefined where the program needs none of it, or the machine has no such thing. */
export function guardPipes({ takeBack, remote }: Command, start: StartShell): GuardedPipes | undefined {
  if (takeBack === undefined) return undefined;
  const opened: number[] = [];
  const handedOver = once(() => opened.forEach((each) => void closeSync(each)));
  try {
    const [stdin, feeding] = openPipe();
    opened.push(stdin);
    const sink = feed(takeBack, feeding, start);
    const input = { given: { stdin, stdout: "pipe", stderr: "pipe" }, sink, handedOver } as const;
    if (remote !== true) return input;
    const [out, said] = [relay(start), relay(start)];
    opened.push(out.end, said.end);
    const given = { stdin, stdout: out.end, stderr: said.end };
    return { ...input, given, stdout: out.stream, stderr: said.stream };
  } catch {
    handedOver();
    return undefined;
  }
}

/** No variable of an environment may be longer than 128 kB. */
const PART = 100_000;
const VARIABLE = "PGROVE_TAKE_BACK_";

function feed(takeBack: string, stdout: number, start: StartShell): Sink {
  const parts = Array.from({ length: Math.ceil(takeBack.length / PART) }, (_, at) => at);
  const env = Object.fromEntries(parts.map((at) => [`${VARIABLE}${at}`, takeBack.slice(at * PART, (at + 1) * PART)]));
  const words = parts.map((at) => `"$${VARIABLE}${at}"`).join(" ");
  const script = `trap '' HUP INT QUIT TERM; cat; read -r said <&3 || printf %s ${words}`;
  try {
    const shell = start(script, env, ["pipe", stdout, "ignore", "pipe"]);
    return sayingSo(shell.stdin as Sink, shell.stdio[3]);
  } finally {
    closeSync(stdout);
  }
}

/** A sink whose end is said to be meant. */
function sayingSo(sink: Sink, word: unknown): Sink {
  const say = once(() => {
    if (typeof word !== "number") return;
    try {
      writeSync(word, "meant\n");
    } catch {
      // The shell has gone, as the program has.
    }
    closeSync(word);
  });
  return {
    write: (chunk) => sink.write(chunk),
    flush: () => sink.flush(),
    end: () => {
      say();
      return sink.end();
    },
  };
}

function relay(start: StartShell): { end: number; stream: ReadableStream<Uint8Array> } {
  const [stdin, end] = openPipe();
  try {
    const shell = start("cat; exec cat >/dev/null", {}, [stdin, "pipe", "ignore", "ignore"]);
    return { end, stream: shell.stdout as ReadableStream<Uint8Array> };
  } catch (error) {
    closeSync(end);
    throw error;
  } finally {
    closeSync(stdin);
  }
}

const PIPE = { pipe: { args: [FFIType.ptr], returns: FFIType.i32 } };

const loadPipe = once(() => {
  for (const library of C_LIBRARIES) {
    try {
      return dlopen(library, PIPE).symbols.pipe;
    } catch {
      // Another system's name.
    }
  }
  throw new Error("there is no C library");
});

function openPipe(): [read: number, write: number] {
  const ends = new Int32Array(2);
  if (loadPipe()(ptr(ends)) !== 0) throw new Error("there is no pipe to be had");
  return [ends[0] ?? -1, ends[1] ?? -1];
}
