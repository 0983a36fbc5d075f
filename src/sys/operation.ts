/**
 * One operation that changes a database: its run id, its journal entries, and what has to be undone when it ends.
 * What outlives a killed process is written down as a leftover *before* it is made, so that the next run can clear it.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { failure, messageOf, PgroveError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { ensureDir, errorCode, readTextIfExists, writeFileAtomic } from "./files.ts";
import { appendJournal, type JournalEntry } from "./journal.ts";
import type { Runner } from "./process.ts";
import { redact } from "./redact.ts";
import { newRunId, parseRunId, type RunId } from "./run-id.ts";

/** Something outside the process that a killed run leaves behind. What lies inside a server is found there instead. */
export type Leftover =
  | { kind: "path"; path: string }
  | { kind: "container-path"; container: string; path: string }
  | { kind: "client-containers"; run: RunId }
  | { kind: "stopped-services"; containers: readonly string[] };

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
export interface OperationTools {
  runner: Runner;
  clock: Clock;
  stateDir: string;
  abort: AbortSignal;
  progress(event: ProgressEvent): void;
  note(text: string): void;
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
  /** Registers a clean-up that runs when the operation ends, however it ends; the last registered runs first. */
  defer(cleanUp: () => Promise<void>): void;
  /** Writes a leftover down before it is made. The returned function forgets it. */
  remember(leftover: Leftover): Promise<() => Promise<void>>;
}

/** Throws (exit 1) when nothing can be written down there: a run that is killed then could not be cleared up after. */
async function requireStateFolder(stateDir: string): Promise<void> {
  try {
    await ensureDir(runsFolder(stateDir));
  } catch (error) {
    throw failure(
      "state_unwritable",
      `pgrove cannot write down what it does: ${stateDir} (${errorCode(error) ?? error})`,
      "make that folder writable; outside of a git repository XDG_STATE_HOME names another one, such as /dev/shm",
      error,
    );
  }
}

/** A run that has begun and not ended. */
export interface OpenRun {
  version: 1;
  run: RunId;
  operation: string;
  target: string;
  server: string;
  pid: number;
  /** When the process started, in the kernel's own words: a pid alone is used again. */
  born: string;
  leftovers: Leftover[];
}

function runsFolder(stateDir: string): string {
  return join(stateDir, "runs");
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
  const record = await openRecord(tools.stateDir, subject, run);
  const cleanUps: (() => Promise<void>)[] = [];
  const details: Record<string, unknown> = {};
  const journal = (extra: Partial<JournalEntry> & Pick<JournalEntry, "event">) =>
    appendJournal(tools.stateDir, { ...journalBase(subject, run, tools.clock.now()), ...extra });
  await journal({ event: "begin" });
  const end = async (result: "done" | "failed" | "interrupted", error?: unknown) => {
    const clean = await runCleanUps(cleanUps, tools);
    if (clean) await record.close();
    const words = error === undefined ? {} : { error: redact(messageOf(error)) };
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
  const operation: Operation = {
    ...{ run, abort: tools.abort, details },
    defer: (cleanUp) => cleanUps.push(cleanUp),
    remember: (leftover) => record.remember(leftover),
  };
  let answer: T;
  try {
    answer = await body(operation);
  } catch (error) {
    await end(tools.abort.aborted ? "interrupted" : "failed", error);
    throw tools.abort.aborted && tools.abort.reason instanceof PgroveError ? tools.abort.reason : error;
  }
  await end("done"); // not within: what fails here would end the operation a second time
  return answer;
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
    by: userName(),
    host: hostname(),
    pid: process.pid,
  };
}

/** Who runs pgrove. Bun's userInfo() knows no names, so the environment has to say. */
export function userName(): string {
  return process.env.USER || process.env.LOGNAME || `uid ${process.getuid?.() ?? "unknown"}`;
}

async function openRecord(stateDir: string, subject: OperationSubject, run: RunId) {
  const path = join(runsFolder(stateDir), `${run}.json`);
  await requireStateFolder(stateDir);
  const record: OpenRun = {
    version: 1,
    run,
    operation: subject.operation,
    target: redact(subject.target),
    server: redact(subject.server),
    pid: process.pid,
    born: (await processBirth(process.pid)) ?? "",
    leftovers: [],
  };
  // Stopped services must be known after a power cut, too; a stray temporary file is worth no fsync.
  const save = (durable = false) => writeFileAtomic(path, JSON.stringify(record), { durable });
  await save();
  return {
    close: () => rm(path, { force: true }),
    remember: async (leftover: Leftover) => {
      record.leftovers.push(leftover);
      await save(leftover.kind === "stopped-services");
      return async () => {
        const place = record.leftovers.indexOf(leftover);
        if (place >= 0) record.leftovers.splice(place, 1);
        await save();
      };
    },
  };
}

/** When a process started, or undefined when it does not run. Linux: field 22 of /proc/PID/stat, with the boot's id. */
export async function processBirth(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return undefined;
  }
  const stat = await readTextIfExists(`/proc/${pid}/stat`);
  if (stat === undefined) return "alive"; // no /proc here: the pid has to do
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return undefined;
  const boot = (await readTextIfExists("/proc/sys/kernel/random/boot_id"))?.trim() ?? "";
  return `${boot}/${fields[19]}`;
}

/** The runs of this state folder whose process is gone without having ended them. */
export async function findDeadRuns(stateDir: string): Promise<OpenRun[]> {
  const dead: OpenRun[] = [];
  for (const name of await listRecords(stateDir)) {
    const record = parseRecord(await readFile(join(runsFolder(stateDir), name), "utf8").catch(() => ""));
    if (record === undefined) continue;
    if ((await processBirth(record.pid)) !== record.born) dead.push(record);
  }
  return dead;
}

/** Writes down what is still left of a dead run. */
export async function keepRun(stateDir: string, record: OpenRun): Promise<void> {
  await writeFileAtomic(join(runsFolder(stateDir), `${record.run}.json`), JSON.stringify(record));
}

/** Forgets a dead run whose leftovers were cleared, and says in the journal how it ended. */
export async function forgetRun(stateDir: string, record: OpenRun, now: Date): Promise<void> {
  const { operation, target, server } = record;
  const subject = { operation, target, server, database: "" };
  const base = journalBase(subject, record.run, now);
  await appendJournal(stateDir, { ...base, event: "end", result: "failed", error: "killed; cleared by a later run" });
  await rm(join(runsFolder(stateDir), `${record.run}.json`), { force: true });
}

const TEMPORARY_RECORD = /^\.\d{14}[a-f0-9]{8}\.json\.(\d+)\.[a-f0-9]+\.tmp$/;

/** The names of the records. What a process left that died while it wrote one is removed. */
async function listRecords(stateDir: string): Promise<string[]> {
  const folder = runsFolder(stateDir);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  for (const name of names) {
    const pid = TEMPORARY_RECORD.exec(name)?.[1];
    if (pid !== undefined && (await processBirth(Number(pid))) === undefined)
      await rm(join(folder, name), { force: true });
  }
  return names.filter((name) => parseRunId(name.replace(/\.json$/, "")));
}

function parseRecord(text: string): OpenRun | undefined {
  try {
    const record: unknown = JSON.parse(text);
    return isOpenRun(record) ? record : undefined;
  } catch {
    return undefined; // half-written by a crash before anything was made
  }
}

function isOpenRun(value: unknown): value is OpenRun {
  return typeof value === "object" && value !== null && Reflect.get(value, "version") === 1 && "leftovers" in value;
}
