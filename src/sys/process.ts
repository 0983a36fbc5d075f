/**
 * Runs programs. The only place that spawns.
 *
 * Signals: a child is put into a session of its own, so that Ctrl-C in the terminal reaches pgrove alone. On abort
 * its standard input ends; a local program gets TERM; a `remote` one (a `docker exec` client, which would exit 0 and
 * leave the program inside running) is waited for, because whoever aborts ends its backend instead. What is still
 * there after the grace period is killed. An abort is a failure whatever the exit code says.
 *
 * Input that ends early, by an abort or because it or the output fails, is not to be taken for all there is: a local
 * program is gone by then. A remote one cannot be ended from here and goes on with what it has, which ends by itself as
 * damaged for most; the others say what takes it back (`takeBack`), and are waited for.
 */
import { Duplex } from "node:stream";
import { EXIT, PgroveError } from "../errors.ts";
import { childEnvironment, type Env } from "./child-environment.ts";
import { endQuietly, feedChild, type Sink } from "./child-input.ts";
import { redact } from "./redact.ts";
import { readLines } from "./stderr-lines.ts";
import { ToolError } from "./tool-error.ts";

/** A program to run, as data: computed purely, run elsewhere. */
export interface Command {
  file: string;
  args: readonly string[];
  /** Added to pgrove's own environment, from which git's and libpq's variables have been taken out. */
  env: Env;
  /** Never shown, wherever they turn up in argv or output. */
  secrets: readonly string[];
  cwd?: string;
  /** The program runs elsewhere (in a container): signals to the child do not reach it. */
  remote?: boolean;
  /**
   * What the program is fed in place of the rest when its input ends early, so that it does nothing with what it has of
   * something unfinished. It is then fed whole lines only.
   */
  takeBack?: string;
  /** The child prints `<proof> <exit code>` on stderr when the program inside has ended; without it, it was cut off. */
  proof?: string;
}

export interface Captured {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export interface Limits {
  timeoutMs?: number;
  input?: string;
  abort?: AbortSignal;
  /** Resolve with whatever exit code instead of rejecting. */
  allowFailure?: boolean;
}

export interface Streams {
  input?: AsyncIterable<Uint8Array>;
  /** Awaited for each piece of stdout: this is the back pressure. */
  output?: (chunk: Uint8Array) => void | Promise<void>;
  /** Each line of stderr as it comes, without secrets. */
  line?: (line: string) => void;
  /** The same as it was said: to be read, never to be shown. A password may be part of a table's name. */
  rawLine?: (line: string) => void;
  /** What is left of a line of stderr, as it was said, when whoever waits for a word has taken it; undefined: nothing. */
  sift?: (line: string) => string | undefined;
}

export interface Runner {
  capture(command: Command, limits?: Limits): Promise<Captured>;
  stream(command: Command, io: Streams, abort: AbortSignal): Promise<void>;
  /** Hands over the terminal; resolves with the exit code. */
  inherit(command: Command): Promise<number>;
  /** The child's stdin and stdout as one socket. */
  duplex(command: Command): Duplex;
}

const GRACE_MS = 10_000;

function programName(command: Command): string {
  const base = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  if (!command.remote) return base(command.file);
  const marker = command.args.indexOf("pgrove");
  return base(command.args[marker + 1] ?? command.file);
}

function notStarted(command: Command, cause: unknown): PgroveError {
  const missing = cause instanceof Error && /ENOENT|not found in/i.test(cause.message);
  return new PgroveError({
    code: missing ? "program_missing" : "program_not_started",
    message: missing
      ? `${command.file} is not installed, or not on PATH`
      : `${command.file} could not be started: ${redact(String(cause), command.secrets)}`,
    exit: EXIT.missing,
    cause,
  });
}

function spawn(command: Command, stdin: "pipe" | "ignore") {
  try {
    return Bun.spawn({
      cmd: [command.file, ...command.args],
      env: childEnvironment(command.env),
      stdin,
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
  } catch (cause) {
    throw notStarted(command, cause);
  }
}

async function streamCommand(command: Command, io: Streams, abort: AbortSignal): Promise<number> {
  abort.throwIfAborted();
  const child = spawn(command, io.input === undefined ? "ignore" : "pipe");
  const { takeBack } = command;
  const orderly = command.remote === true && takeBack !== undefined;
  let failed: unknown;
  let stopped = false;
  let cutInput: (() => void) | undefined;
  let killTimer: ReturnType<typeof setTimeout> | undefined;
  const stop = (now: boolean) => {
    stopped = true;
    if (now && !orderly) child.kill("SIGKILL");
    else {
      if (!command.remote) child.kill("SIGTERM");
      killTimer ??= setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    }
    // Behind the signal: a program that sees its input end first takes what came for all.
    cutInput?.();
  };
  const fail = (error: unknown) => {
    failed ??= error;
    stop(true);
  };
  const onAbort = () => stop(false);
  abort.addEventListener("abort", onAbort, { once: true });
  if (io.input !== undefined) {
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    cutInput = feedChild(child.stdin as unknown as Sink, { pieces: io.input, takeBack, hasEnded, failed: fail });
  }
  // What a program says to having its input taken back is for nobody.
  const heard: Streams = { ...io, ...(takeBack === undefined ? {} : whileWanted(io, () => !stopped)) };
  const reading = readOutput(child.stdout, heard, fail, orderly).catch(fail);
  const stderr = readLines(child.stderr, command, heard);
  try {
    const [tail] = await Promise.all([stderr, reading, child.exited]);
    if (failed !== undefined) throw failed;
    const signal = child.signalCode === null ? undefined : String(child.signalCode);
    const lost = command.proof !== undefined && tail.proved === undefined;
    const exitCode = tail.proved ?? child.exitCode ?? undefined;
    if (exitCode === 0 && !lost && !abort.aborted) return 0;
    throw new ToolError({
      program: programName(command),
      argv: [command.file, ...command.args].map((word) => redact(word, command.secrets)),
      exitCode,
      signal,
      stderr: tail.lines,
      aborted: abort.aborted,
      lost: lost && !abort.aborted,
    });
  } finally {
    abort.removeEventListener("abort", onAbort);
    clearTimeout(killTimer);
  }
}

/** The listeners, which hear nothing any more once nobody wants it. */
function whileWanted({ output, line }: Streams, wanted: () => boolean): Pick<Streams, "output" | "line"> {
  return {
    output: (chunk) => (wanted() ? output?.(chunk) : undefined),
    line: (text) => (wanted() ? line?.(text) : undefined),
  };
}

/** Hands the output on. When that fails, it is still read where the program has to end in order. */
async function readOutput(
  stdout: ReadableStream<Uint8Array>,
  { output }: Streams,
  fail: (error: unknown) => void,
  toTheEnd: boolean,
): Promise<void> {
  for await (const chunk of stdout) {
    try {
      await output?.(chunk);
    } catch (error) {
      fail(error);
      if (!toTheEnd) return;
    }
  }
}

const NEVER = new AbortController().signal;

function limitSignal(limits: Limits): AbortSignal {
  const signals = [limits.abort ?? NEVER];
  if (limits.timeoutMs !== undefined) signals.push(AbortSignal.timeout(limits.timeoutMs));
  return AbortSignal.any(signals);
}

async function captureCommand(command: Command, limits: Limits = {}): Promise<Captured> {
  const decoder = new TextDecoder();
  let stdout = "";
  const stderr: string[] = [];
  const io: Streams = {
    output: (chunk) => {
      stdout += decoder.decode(chunk, { stream: true });
    },
    line: (line) => {
      stderr.push(line);
    },
  };
  if (limits.input !== undefined) io.input = single(new TextEncoder().encode(limits.input));
  try {
    await streamCommand(command, io, limitSignal(limits));
    return { stdout, stderr: stderr.join("\n"), exitCode: 0 };
  } catch (error) {
    const ended = error instanceof ToolError && !error.failure.aborted && !error.failure.lost;
    if (!limits.allowFailure || !ended) throw error;
    return { stdout, stderr: stderr.join("\n"), exitCode: error.failure.exitCode ?? EXIT.failed };
  }
}

async function* single(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}

async function inheritTerminal(command: Command): Promise<number> {
  let child: ReturnType<typeof Bun.spawn>;
  try {
    child = Bun.spawn({
      cmd: [command.file, ...command.args],
      env: childEnvironment(command.env),
      stdio: ["inherit", "inherit", "inherit"],
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
  } catch (cause) {
    throw notStarted(command, cause);
  }
  return await child.exited;
}

function duplexOf(command: Command): Duplex {
  const child = spawn(command, "pipe");
  const sink = child.stdin as unknown as Sink;
  const chunks = child.stdout[Symbol.asyncIterator]();
  const stderr = readLines(child.stderr, command);
  return new Duplex({
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      Promise.resolve(sink.write(chunk))
        .then(() => sink.flush())
        .then(
          () => done(),
          (error: Error) => done(error),
        );
    },
    final(done) {
      void endQuietly(sink).then(() => done());
    },
    destroy(error, done) {
      // Only the input is ended: the relay inside leaves by itself at end-of-file and must never be killed.
      void endQuietly(sink);
      void stderr.catch(() => undefined);
      done(error);
    },
  });
}

/** The runner that really spawns. */
export const systemRunner: Runner = {
  capture: captureCommand,
  stream: async (command, io, abort) => {
    await streamCommand(command, io, abort);
  },
  inherit: inheritTerminal,
  duplex: duplexOf,
};
