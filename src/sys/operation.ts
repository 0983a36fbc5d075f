/**
 * One operation that changes a database: its run id, its journal entries, and what has to be undone when it ends.
 */
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { EXIT, messageOf, PgroveError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { DumpKeys } from "./dump-keys.ts";
import { appendJournal, type JournalEntry, readJournal } from "./journal.ts";
import { describeForJournal } from "./journal-error.ts";
import type { Runner } from "./process.ts";
import { redact } from "./redact.ts";
import { newRunId, type RunId } from "./run-id.ts";
import { type Leftover, type OpenRun, openRecord, type RecordPlace, removeRecord } from "./run-record.ts";

export interface ProgressEvent {
  /** What is being done, as one word for people: "dump", "restore", "verify", "analyze", "copy". */
  phase: string;
  /** What it is working on: a table, a file. */
  subject?: string;
  bytes?: number;
  totalBytes?: number;
  rows?: number;
  totalRows?: number;
}

/** What an operation is given by whoever starts it. */
export interface OperationTools extends RecordPlace {
  runner: Runner;
  clock: Clock;
  abort: AbortSignal;
  /** The file of a key that several users share. */
  sharedKey?: string;
  /** What encrypts dumps, and opens encrypted ones; left out, neither is done. */
  dumpKeys?: DumpKeys;
  /** The command that an operation is done for, where the journal is to tell of that one. */
  as?: string;
  /** How long to wait for another run that has claimed the same; left out, not at all. */
  lockWaitMs?: number;
  /** The identity of the repository, which marks name; left out, and undefined, where there is none. */
  repositoryIdentity?(): Promise<string | undefined>;
  /** Refuses (exit 5) when one of these files, which are about to be run, may not be run unasked; left out, all may. */
  mayRun?(files: readonly string[]): Promise<void>;
  /** Refuses (exit 5) when older snapshots may not go for a new one unasked; left out, they may. */
  mayDropSnapshots?(): Promise<void>;
  progress(event: ProgressEvent): void;
  note(text: string): void;
  /** Hears of each run that begins. */
  began?(run: RunId): void;
}

export interface OperationSubject {
  operation: string;
  /** The target's label. */
  target: string;
  /** The server's label, where there is one. */
  server: string;
  database: string;
}

export interface Operation {
  readonly run: RunId;
  readonly abort: AbortSignal;
  /** For the journal's end entry. */
  readonly details: Record<string, unknown>;
  /** What was looked for is wrong: the operation ends as one that has failed, though it throws nothing. */
  findFault(what: string): void;
  /** Registers a clean-up that runs when the operation ends, however it ends; the last registered runs first. */
  defer(cleanUp: () => Promise<void>): void;
  /** Writes a leftover down before it is made. The returned function forgets it. */
  remember(leftover: Leftover): Promise<() => Promise<void>>;
}

/** Whether an operation, by its name, only looks what another one would do: `remove-plan`. */
export function isPlan(operation: string): boolean {
  return operation.endsWith("-plan");
}

/** The body, with journal and clean-up around it. A failing clean-up is noted and does not hide the body's error. */
export async function withOperation<T>(
  tools: OperationTools,
  subject: OperationSubject,
  body: (operation: Operation) => Promise<T>,
): Promise<T> {
  tools.abort.throwIfAborted();
  const started = tools.clock.now();
  const run = newRunId(started);
  tools.began?.(run);
  const operation = isPlan(subject.operation) ? subject.operation : (tools.as ?? subject.operation);
  const [target, server] = [redact(subject.target), redact(subject.server)];
  const record = await openRecord(tools, { run, operation, target, server }, tools.note);
  const cleanUps: (() => Promise<void>)[] = [];
  const details: Record<string, unknown> = {};
  let fault: string | undefined;
  const journal = async (extra: Partial<JournalEntry> & Pick<JournalEntry, "event">) => {
    if (isPlan(operation)) return; // the journal tells of what was changed
    await appendJournal(tools.stateDir, {
      ...journalBase({ ...subject, operation }, run, tools.clock.now()),
      ...extra,
    });
  };
  await journal({ event: "begin" });
  const end = async (result: "done" | "failed" | "interrupted", error?: string) => {
    const clean = await runCleanUps(cleanUps, tools);
    if (clean) await record.close();
    const words = error === undefined ? {} : { error };
    const duration_ms = tools.clock.now().getTime() - started.getTime();
    const entry = {
      event: "end" as const,
      result,
      duration_ms,
      ...words,
      ...(Object.keys(details).length ? { details } : {}),
    };
    // What was done stays done when the journal's disk is full.
    await journal(entry).catch((cause: unknown) => tools.note(`the journal could not be written: ${messageOf(cause)}`));
  };
  const begun: Operation = {
    ...{ run, abort: tools.abort, details },
    findFault: (what) => {
      fault = what;
    },
    defer: (cleanUp) => cleanUps.push(cleanUp),
    remember: (leftover) => record.remember(leftover),
  };
  let answer: T;
  try {
    answer = await body(begun);
  } catch (error) {
    if (isRefusal(error)) details.refused = true;
    await end(tools.abort.aborted ? "interrupted" : "failed", describeForJournal(error));
    throw tools.abort.aborted && tools.abort.reason instanceof PgroveError ? tools.abort.reason : error;
  }
  await (fault === undefined ? end("done") : end("failed", fault)); // not within: what fails here would end the operation a second time
  return answer;
}

/** Nothing was tried: it was asked wrongly, or not agreed to. */
function isRefusal(error: unknown): boolean {
  return error instanceof PgroveError && (error.exit === EXIT.usage || error.exit === EXIT.refused);
}

async function runCleanUps(cleanUps: (() => Promise<void>)[], tools: OperationTools): Promise<boolean> {
  let clean = true;
  for (const cleanUp of cleanUps.reverse()) {
    try {
      await cleanUp();
    } catch (error) {
      clean = false;
      tools.note(`something is left over and will be cleared by the next run: ${redact(messageOf(error))}`);
    }
  }
  return clean;
}

function journalBase(subject: OperationSubject, run: RunId, now: Date): Omit<JournalEntry, "event"> {
  return {
    version: 1,
    at: now.toISOString(),
    run,
    operation: subject.operation,
    target: redact(subject.target),
    database: subject.database,
    by: actorName(),
    host: hostname(),
    pid: process.pid,
  };
}

/** Who runs pgrove. Bun's userInfo() knows no names, so the environment has to say, else the system's list of users. */
export function userName(): string {
  return (
    process.env.USER || process.env.LOGNAME || findLogin(process.getuid?.()) || `uid ${process.getuid?.() ?? "unknown"}`
  );
}

/** As `/etc/passwd` has it: the name is a line's first field, the number its third. */
function findLogin(uid: number | undefined): string | undefined {
  if (uid === undefined || !existsSync("/etc/passwd")) return undefined;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  return lines.map((line) => line.split(":")).find((fields) => fields[2] === String(uid))?.[0];
}

/** The same for those who read of it later: with sudo it is the user who typed it, and as whom. */
export function actorName(
  uid = process.getuid?.(),
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const [own, asked] = [userName(), environment.SUDO_USER];
  return uid === 0 && asked && asked !== own ? `${asked} as ${own}` : own;
}

/** Forgets a dead run whose leftovers were cleared, and says how it ended in the journal, where that tells of its begin. */
export async function forgetRun(
  tools: Pick<OperationTools, "stateDir" | "userKey" | "clock">,
  record: OpenRun,
): Promise<void> {
  const { operation, target, server, run } = record;
  const isTold = (await readJournal(tools.stateDir)).some((entry) => entry.run === run);
  if (!isTold) return await removeRecord(tools, record);
  const base = journalBase({ operation, target, server, database: "" }, run, tools.clock.now());
  const entry = { ...base, event: "end", result: "failed", error: "killed; cleared by a later run" } as const;
  await appendJournal(tools.stateDir, entry);
  await removeRecord(tools, record);
}
