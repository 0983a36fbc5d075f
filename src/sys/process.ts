/**
 * Runs programs. The only place that spawns.
 *
 * Signals: a child is put into a session of its own, so that Ctrl-C in the terminal reaches pgrove alone. On abort
 * its standard input ends; a local program gets TERM; a `remote` one (a `docker exec` client, which would exit 0 and
 * leave the program inside running) is waited for, because whoever aborts ends its backend instead. What is still
 * there after the grace period is killed. An abort is a failure whatever the exit code says. A local program's own end is what
 * counts, not that of whatever it has left behind with its pipes; that goes with the next abort.
 *
 * Input that ends early, by an abort or because it or the output fails, is not to be taken for all there is: a local
 * program is gone by then. A remote one cannot be ended from here and goes on with what it has, which ends by itself as
 * damaged for most; the others say what takes it back (`takeBack`), and are waited for.
 */
import { existsSync } from "node:fs";
import { Duplex } from "node:stream";
import { EXIT, PgroveError } from "../errors.ts";
import { childEnvironment } from "./child-environment.ts";
import { endQuietly, type Sink } from "./child-input.ts";
import { ChildRun } from "./child-run.ts";
import type { Command, EngineName, Streams } from "./command.ts";
import { type AskEngine, askerOf } from "./engine-socket.ts";
import { type GuardedPipes, guardPipes, type StartShell } from "./guarded-pipes.ts";
import { redact } from "./redact.ts";
import { readLines } from "./stderr-lines.ts";
import { ToolError } from "./tool-error.ts";

export type { Command, Streams } from "./command.ts";

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

export interface Runner {
  /** The container engine that commands for it go to; left out, docker. */
  readonly engine?: EngineName;
  /** Docker's engine asked without its client, where that can be; left out, it cannot. */
  readonly ask?: AskEngine;
  capture(command: Command, limits?: Limits): Promise<Captured>;
  stream(command: Command, io: Streams, abort: AbortSignal): Promise<void>;
  /** Hands over the terminal; resolves with the exit code. */
  inherit(command: Command): Promise<number>;
  /** The child's stdin and stdout as one socket. */
  duplex(command: Command): Duplex;
}

function notStarted(command: Command, cause: unknown): PgroveError {
  const missing = cause instanceof Error && /ENOENT|not found in/i.test(cause.message);
  if (missing && command.cwd !== undefined && !existsSync(command.cwd)) {
    // The system says the same of both.
    const message = `${command.file} cannot be run in ${command.cwd}: that folder is gone`;
    return new PgroveError({
      code: "folder_gone",
      message,
      hint: "go to one that is there",
      exit: EXIT.missing,
      cause,
    });
  }
  return new PgroveError({
    code: missing ? "program_missing" : "program_not_started",
    message: missing
      ? `${command.file} is not installed, or not on PATH`
      : `${command.file} could not be started: ${redact(String(cause), command.secrets)}`,
    exit: EXIT.missing,
    cause,
  });
}

function spawn(command: Command, stdin: "pipe" | "ignore", given?: GuardedPipes["given"]) {
  try {
    return Bun.spawn({
      cmd: [command.file, ...command.args],
      env: childEnvironment(command.env),
      stdin: given?.stdin ?? stdin,
      stdout: given?.stdout ?? "pipe",
      stderr: given?.stderr ?? "pipe",
      detached: true,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
  } catch (cause) {
    throw notStarted(command, cause);
  }
}

const startShell: StartShell = (script, env, stdio) =>
  Bun.spawn({
    ...{ cmd: ["sh", "-c", script], env: childEnvironment(env), cwd: "/", detached: true },
    stdio: [...stdio],
  });

function streamOf(pipe: ReadableStream<Uint8Array> | number): ReadableStream<Uint8Array> {
  if (typeof pipe !== "number") return pipe;
  throw new Error("the program writes to a descriptor that somebody else reads");
}

const NEVER = new AbortController().signal;

async function followChild(command: Command, io: Streams, abort: AbortSignal, end = NEVER): Promise<void> {
  abort.throwIfAborted();
  const guarded = io.input === undefined ? undefined : guardPipes(command, startShell);
  try {
    const child = spawn(command, io.input === undefined ? "ignore" : "pipe", guarded?.given);
    guarded?.handedOver();
    io.started?.(child.pid);
    const stdin = guarded?.sink ?? child.stdin;
    const [stdout, stderr] = [guarded?.stdout ?? streamOf(child.stdout), guarded?.stderr ?? streamOf(child.stderr)];
    await new ChildRun(child, { stdin, stdout, stderr }, command, io, abort, end).follow();
  } finally {
    guarded?.handedOver();
    if (guarded !== undefined) await endQuietly(guarded.sink); // whoever hands it on goes with it
  }
}

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
    await followChild(command, io, limitSignal(limits), limits.abort);
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

/** Starts a program that goes on when pgrove has ended, with neither input nor output. */
export function leaveRunning(command: Command): { pid: number; exited: Promise<number> } {
  let child: Bun.Subprocess<"ignore", "ignore", "ignore">;
  try {
    child = Bun.spawn({
      ...{ cmd: [command.file, ...command.args], env: childEnvironment(command.env), cwd: command.cwd ?? "/" },
      ...{ stdio: ["ignore", "ignore", "ignore"], detached: true },
    });
  } catch (cause) {
    throw notStarted(command, cause);
  }
  child.unref();
  return child;
}

function duplexOf(command: Command): Duplex {
  const child = spawn(command, "pipe");
  const sink = child.stdin as unknown as Sink;
  const chunks = streamOf(child.stdout)[Symbol.asyncIterator]();
  const stderr = readLines(streamOf(child.stderr), command);
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
  ask: askerOf(process.env),
  capture: captureCommand,
  stream: (command, io, abort) => followChild(command, io, abort, abort),
  inherit: inheritTerminal,
  duplex: duplexOf,
};
