/**
 * A child from its start to its end. Its state says what is awaited: its exit, which ends it; then what it wrote, which is
 * read to the end; whatever fails on the way stops it, and is thrown when it has ended.
 */

import { feedChild, type Sink } from "./child-input.ts";
import { ChildPipe, drain } from "./child-pipe.ts";
import type { Command, Streams } from "./command.ts";
import { errorCode } from "./files.ts";
import { redact } from "./redact.ts";
import { readLines, type StderrTail } from "./stderr-lines.ts";
import { ToolError } from "./tool-error.ts";

const GRACE_MS = 10_000;

function programName(command: Command): string {
  const base = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  if (!command.remote) return base(command.file);
  const marker = command.args.indexOf("pgrove");
  return base(command.args[marker + 1] ?? command.file);
}

/** A program that was started, in a session and so a group of its own. */
export interface Child {
  readonly pid: number;
  readonly exited: Promise<number>;
  readonly exitCode: number | null;
  readonly signalCode: string | number | null;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** Its pipes' ends: what feeds it, where it is fed, and what it writes. */
export interface ChildEnds {
  readonly stdin: unknown;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
}

/**
 * The groups of this machine's programs that run, or have ended and left somebody behind with their pipes. Whoever ends
 * this process ends them first: they have no terminal whose Ctrl-C would reach them.
 */
const groups = new Map<number, "running" | "left">();

/** Kills all that was started on this machine and is still there. At once: nothing else may come in between. */
export function killGroups(): void {
  for (const [leader, state] of groups) {
    if (state === "left") signalLeft(leader, "SIGKILL");
    else sendQuietly(-leader, "SIGKILL");
  }
}

const LEAVE_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** Waits a moment for what was told to end, then kills what has not. */
export async function endGroups(): Promise<void> {
  const isThere = () => [...groups.keys()].some((leader) => sendQuietly(-leader, 0));
  for (const until = Date.now() + LEAVE_MS; isThere() && Date.now() < until; ) await Bun.sleep(LOOK_EVERY_MS);
  killGroups();
}

/** running: it works. stopping: it was told to end. ended: it has; what it wrote is still read. */
type ChildState = "running" | "stopping" | "ended";

/** A child from its start to where all is read that it wrote. */
export class ChildRun {
  private readonly pipes: { stdout: ChildPipe; stderr: ChildPipe };
  private readonly isOrderly: boolean;
  private state: ChildState = "running";
  /** Nobody wants to hear any more of it. */
  private isUnwanted = false;
  private failure: { error: unknown } | undefined;
  private readonly graceOver = Promise.withResolvers<void>();
  private killTimer: ReturnType<typeof setTimeout> | undefined;
  private cutInput: (() => void) | undefined;

  constructor(
    private readonly child: Child,
    private readonly ends: ChildEnds,
    private readonly command: Command,
    private readonly io: Streams,
    private readonly abort: AbortSignal,
    /** The end of whoever runs it: with that goes what it has left behind. */
    private readonly end: AbortSignal,
  ) {
    this.pipes = { stdout: new ChildPipe(ends.stdout), stderr: new ChildPipe(ends.stderr) };
    this.isOrderly = command.remote === true && command.takeBack !== undefined;
  }

  /** Resolves when it has ended well, rejects with how it ended else. */
  async follow(): Promise<void> {
    const { child, command, io, abort } = this;
    const onAbort = () => this.stop("ask");
    abort.addEventListener("abort", onAbort, { once: true });
    if (!command.remote) groups.set(child.pid, "running");
    let hasLeft = false;
    try {
      this.feed();
      // What a program says to having its input taken back is for nobody.
      const heard = command.takeBack === undefined ? io : whileWanted(io, () => !this.isUnwanted);
      const reading = this.readOutput(heard);
      const listening = this.listen(heard);
      await child.exited;
      this.state = "ended";
      hasLeft = await this.untilRead();
      const [tail] = await Promise.all([listening, reading]);
      this.conclude(tail);
    } finally {
      abort.removeEventListener("abort", onAbort);
      clearTimeout(this.killTimer);
      if (hasLeft) groups.set(child.pid, "left");
      else groups.delete(child.pid);
    }
  }

  private feed(): void {
    const { child, io, command } = this;
    if (io.input === undefined) return;
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    const input = { pieces: io.input, takeBack: command.takeBack, hasEnded, failed: this.fail };
    this.cutInput = feedChild(this.ends.stdin as Sink, input);
  }

  private async listen(heard: Streams): Promise<StderrTail | undefined> {
    try {
      return await readLines(this.pipes.stderr, this.command, heard);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** Hands the output on. When that fails, it is still read where the program has to end in order. */
  private async readOutput({ output }: Streams): Promise<void> {
    try {
      for await (const chunk of this.pipes.stdout) {
        try {
          await output?.(chunk);
        } catch (error) {
          this.fail(error);
          if (!this.isOrderly) return;
        }
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private readonly fail = (error: unknown): void => {
    this.failure ??= { error };
    this.stop("kill");
  };

  private stop(how: "ask" | "kill"): void {
    this.isUnwanted = true;
    if (this.state === "running") this.state = "stopping";
    if (how === "kill" && !this.isOrderly) this.kill();
    else {
      if (!this.command.remote) this.signal("SIGTERM");
      this.killTimer ??= setTimeout(() => this.kill(), GRACE_MS);
    }
    // Behind the signal: a program that sees its input end first takes what came for all.
    this.cutInput?.();
  }

  private kill(): void {
    this.signal("SIGKILL");
    this.graceOver.resolve();
  }

  /** To the program, which hands a TERM on as it likes; to all of its group when that is to be gone, or it has ended itself. */
  private signal(signal: "SIGTERM" | "SIGKILL"): void {
    const { child, command, state } = this;
    if (state === "ended") {
      if (!command.remote) signalLeft(child.pid, signal);
    } else {
      child.kill(signal);
      if (!command.remote && signal === "SIGKILL") sendQuietly(-child.pid, signal);
    }
  }

  /** Until all is read that it wrote: whom it has left behind with its pipes is not waited for, but ended with it; resolves with whether there is somebody. */
  private async untilRead(): Promise<boolean> {
    const pipes = [this.pipes.stdout, this.pipes.stderr];
    if (this.command.remote) {
      await Promise.all(pipes.map((pipe) => pipe.ended));
      return false;
    }
    if (this.abort.aborted) {
      this.signal("SIGTERM");
      await Promise.race([Promise.all(pipes.map((pipe) => pipe.ended)), this.graceOver.promise]);
    }
    if (!(await drain(pipes))) return false;
    const { pid } = this.child;
    this.end.addEventListener("abort", () => signalLeft(pid, "SIGTERM"), { once: true });
    return true;
  }

  private conclude(tail: StderrTail | undefined): void {
    const { child, command, abort } = this;
    if (this.failure !== undefined) throw this.failure.error;
    const signal = child.signalCode === null ? undefined : String(child.signalCode);
    const lost = command.proof !== undefined && tail?.proved === undefined;
    const exitCode = tail?.proved ?? child.exitCode ?? undefined;
    if (exitCode === 0 && !lost && !abort.aborted) return;
    throw new ToolError({
      program: programName(command),
      argv: [command.file, ...command.args].map((word) => redact(word, command.secrets)),
      exitCode,
      signal,
      stderr: tail?.lines ?? [],
      aborted: abort.aborted,
      lost: lost && !abort.aborted,
    });
  }
}

/**
 * Signals those that a program, which has ended, has left behind in its group. The number of a group is no process's while
 * somebody is in it: where a process has it, it is another one's by now.
 */
function signalLeft(leader: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(leader, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") sendQuietly(-leader, signal);
  }
}

/** False when nobody is left to hear it. */
function sendQuietly(pid: number, signal: "SIGTERM" | "SIGKILL" | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The listeners, which hear nothing any more once nobody wants it. */
function whileWanted(io: Streams, wanted: () => boolean): Streams {
  return {
    ...io,
    output: (chunk) => (wanted() ? io.output?.(chunk) : undefined),
    line: (text) => (wanted() ? io.line?.(text) : undefined),
  };
}
