/**
 * Long work. A job is a run of pgrove's own program that belongs to the server and not to a request: it goes on when whoever
 * asked for it has left, and ends with the server, in order. One job at a time changes a target here; between programs the
 * claims in the database's server see to that.
 */
import { randomBytes } from "node:crypto";
import type { FailureDocument } from "../answers/error.ts";
import type { JobDocument } from "../answers/jobs.ts";
import { refusal } from "../errors.ts";
import type { Clock } from "../sys/clock.ts";
import { readJournalBackwards } from "../sys/journal.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { type Ended, isDone, type OwnProgram } from "./own-program.ts";

export interface JobRequest {
  operation: string;
  /** What it changes; undefined: no target. */
  target: string | undefined;
  words: readonly string[];
  /** The id of the token. */
  by: string;
}

export interface JobTools {
  program: OwnProgram;
  clock: Clock;
  stateDir: string;
}

interface Job {
  document: JobDocument;
  pid: number | undefined;
  readonly end: AbortController;
  readonly finished: Promise<void>;
}

const MOST_LINES = 100;
const MOST_LINE_LENGTH = 1_000;
/** Ended jobs that are remembered. */
const MOST_KEPT = 100;
/** Programs that work at the same time, as a machine bears them. */
const MOST_RUNNING = 8;
const ID_BYTES = 6;

const INTERRUPTED: FailureDocument = { code: "interrupted", message: "the job was cancelled", hint: null };

export class Jobs {
  private readonly jobs = new Map<string, Job>();
  private readonly listeners = new Set<(job: JobDocument) => void>();
  private closed = false;

  constructor(private readonly tools: JobTools) {}

  /** Begins the work. Throws (exit 5) while another job changes the same target, or too many run. */
  start(request: JobRequest): JobDocument {
    if (this.closed) throw refusal("closing", "the server is ending", "pgrove serve");
    const running = [...this.jobs.values()].filter(({ document }) => document.state === "running");
    const other = running.find(({ document }) => document.target === (request.target ?? null));
    if (other !== undefined) {
      const { operation, id } = other.document;
      const what = request.target === undefined ? "the store" : request.target;
      throw refusal("busy", `${operation} works on ${what}: job ${id}`, "wait until it has ended, or cancel it");
    }
    if (running.length >= MOST_RUNNING) {
      throw refusal("busy", `${running.length} jobs run already`, "wait until one of them has ended");
    }
    const document = this.newDocument(request);
    const end = new AbortController();
    const job: Job = { document, pid: undefined, end, finished: Promise.resolve() };
    this.jobs.set(document.id, { ...job, finished: this.follow(job, request) });
    this.forgetOld();
    return document;
  }

  find(id: string): JobDocument | undefined {
    return this.jobs.get(id)?.document;
  }

  /** Newest first. */
  list(): JobDocument[] {
    return [...this.jobs.values()].map(({ document }) => document).reverse();
  }

  /** Tells it to end, and waits until it has cleaned up. */
  async cancel(id: string): Promise<void> {
    const job = this.jobs.get(id);
    job?.end.abort();
    await job?.finished;
  }

  /** Tells all to end, and waits until they have; nothing begins any more. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.jobs.keys()].map((id) => this.cancel(id)));
  }

  /** Told whenever a job begins, says something, or ends. Gives the way to stop listening. */
  listen(listener: (job: JobDocument) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private newDocument({ operation, target, words, by }: JobRequest): JobDocument {
    return {
      ...{ id: randomBytes(ID_BYTES).toString("hex"), operation, target: target ?? null, state: "running", by },
      ...{ command: showLine(words), started_at: this.tools.clock.now().toISOString(), ended_at: null, run: null },
      ...{ progress: null, lines: [], answer: null, error: null },
    };
  }

  private async follow(job: Job, { words }: JobRequest): Promise<void> {
    const listener = {
      started: (pid: number) => {
        job.pid = pid;
      },
      run: (id: string) => {
        job.document.run = id;
      },
      line: (line: string) => this.hear(job, line.slice(0, MOST_LINE_LENGTH)),
    };
    const ended = await this.tools.program(words, job.end.signal, listener).catch((error: unknown): Ended => {
      return { exitCode: undefined, failure: { code: "not_started", message: String(error), hint: null } };
    });
    const { document } = job;
    document.run ??= await this.findRun(job).catch(() => null);
    document.answer = ended.document ?? null;
    const done = isDone(ended);
    document.state = done ? "done" : job.end.signal.aborted ? "cancelled" : "failed";
    if (!done) document.error = ended.failure ?? (job.end.signal.aborted ? INTERRUPTED : unexplained(ended));
    document.ended_at = this.tools.clock.now().toISOString();
    this.tell(document);
  }

  private hear({ document }: Job, line: string): void {
    document.progress = line;
    document.lines.push(line);
    if (document.lines.length > MOST_LINES) document.lines.shift();
    this.tell(document);
  }

  private tell(document: JobDocument): void {
    for (const listener of this.listeners) listener(document);
  }

  /** The run that the process has written down as its own. */
  private async findRun({ pid, document }: Job): Promise<string | null> {
    // What it has written down is in the newest of the journal's files.
    for await (const entries of readJournalBackwards(this.tools.stateDir)) {
      const own = entries.find(
        ({ pid: of, event, at }) => of === pid && event === "begin" && at >= document.started_at,
      );
      return own?.run ?? null;
    }
    return null;
  }

  private forgetOld(): void {
    const ended = [...this.jobs.values()].filter(({ document }) => document.state !== "running");
    for (const { document } of ended.slice(0, Math.max(0, ended.length - MOST_KEPT))) this.jobs.delete(document.id);
  }
}

/** A command line as it is typed. */
export function showLine(words: readonly string[]): string {
  return ["pgrove", ...words.map(quoteWord)].join(" ");
}

function unexplained({ exitCode }: Ended): FailureDocument {
  return { code: "failed", message: `pgrove ended with ${exitCode ?? "a signal"}, and said nothing`, hint: null };
}
