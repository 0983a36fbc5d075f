/** The journal: a line of JSON for the begin and the end of every operation that changes something. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { withLock } from "./file-lock.ts";
import { byName, finite, time, whole } from "./form.ts";
import { type ChainReport, chainLine, findEnd, verifyChain, writeHead } from "./journal-chain.ts";
import { journalPath, readFilesBackwards, rotateWhenFull } from "./journal-files.ts";
import type { RunId } from "./run-id.ts";
import { parseJson } from "./untyped.ts";

export interface JournalEntry {
  version: 1;
  at: string;
  run: RunId;
  event: "begin" | "end";
  operation: string;
  target: string;
  database: string;
  by: string;
  host: string;
  pid: number;
  /** The rest stands in "end" only. */
  result?: "done" | "failed" | "interrupted";
  error?: string;
  duration_ms?: number;
  details?: Record<string, unknown>;
}

/** Whether an end tells that nothing was tried: it was asked wrongly, or not agreed to. To alarms that is no failure. */
export function wasRefused({ details }: JournalEntry): boolean {
  return details?.refused === true;
}

const LOCK_WAIT_MS = 10_000;

/**
 * Appends an entry to the chain, in one write and alone among all runs. The text must be redacted already. Throws (exit 5) when
 * another run keeps the journal for itself for ten seconds.
 */
export async function appendJournal(stateDir: string, entry: JournalEntry): Promise<void> {
  await withJournal(stateDir, async () => {
    await rotateWhenFull(stateDir);
    const { isCutOff, previous } = await findEnd(stateDir); // half a line must not take the next one with it
    const { line, hash } = chainLine(entry, previous);
    await appendFile(journalPath(stateDir), `${isCutOff ? "\n" : ""}${line}\n`, { mode: 0o600 });
    await writeHead(stateDir, hash);
  });
}

/** Whether the lines are those that were written. */
export async function verifyJournal(stateDir: string): Promise<ChainReport> {
  return await withJournal(stateDir, () => verifyChain(stateDir));
}

async function withJournal<T>(stateDir: string, body: () => Promise<T>): Promise<T> {
  return await withLock(join(stateDir, "journal.lock"), LOCK_WAIT_MS, body);
}

/** Every entry, oldest first. A line that was cut off by a crash, or is no entry, is passed over. */
export async function readJournal(stateDir: string): Promise<JournalEntry[]> {
  const files = await Array.fromAsync(readJournalBackwards(stateDir));
  return files.reverse().flat();
}

/** The same file by file, the newest first; within each the oldest entry is the first. */
export async function* readJournalBackwards(stateDir: string): AsyncGenerator<JournalEntry[]> {
  for await (const text of readFilesBackwards(stateDir)) yield text.split("\n").flatMap(parseEntry);
}

function parseEntry(line: string): JournalEntry[] {
  const entry = parseJson(line);
  if (!v.is(entryForm, entry)) return [];
  const { previous: _, hash: __, ...plain }: JournalEntry & { previous?: unknown; hash?: unknown } = entry;
  return [plain];
}

const entryForm: v.GenericSchema<JournalEntry> = v.object({
  ...{ version: v.literal(1), at: time, run: v.custom<RunId>((id) => typeof id === "string") },
  ...{ event: v.picklist(["begin", "end"]), operation: v.string(), target: v.string(), database: v.string() },
  ...{ by: v.string(), host: v.string(), pid: whole },
  result: v.exactOptional(v.picklist(["done", "failed", "interrupted"])),
  ...{ error: v.exactOptional(v.string()), duration_ms: v.exactOptional(finite) },
  details: v.exactOptional(byName(v.unknown())),
});
