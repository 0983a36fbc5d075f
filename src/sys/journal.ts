/** The journal: a line of JSON for the begin and the end of every operation that changes something. */
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { ensureDir, errorCode } from "./files.ts";
import { finite, time, whole } from "./form.ts";
import type { RunId } from "./run-id.ts";

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

function journalPath(stateDir: string): string {
  return join(stateDir, "journal.jsonl");
}

/** Appends an entry in one write, so that two runs never mix their lines. The text must be redacted already. */
export async function appendJournal(stateDir: string, entry: JournalEntry): Promise<void> {
  await ensureDir(stateDir);
  const cutOff = await endsWithinLine(journalPath(stateDir));
  await appendFile(journalPath(stateDir), `${cutOff ? "\n" : ""}${JSON.stringify(entry)}\n`, { mode: 0o600 });
}

/** A crash or a full disk can leave half a line, which must not take the next one with it. */
async function endsWithinLine(path: string): Promise<boolean> {
  const file = Bun.file(path);
  if (file.size === 0) return false; // also when there is none
  return (await file.slice(-1).text()) !== "\n";
}

/** Every entry, oldest first. A line that was cut off by a crash, or is no entry, is passed over. */
export async function readJournal(stateDir: string): Promise<JournalEntry[]> {
  let text: string;
  try {
    text = await readFile(journalPath(stateDir), "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  return text.split("\n").flatMap(parseEntry);
}

function parseEntry(line: string): JournalEntry[] {
  try {
    const entry: unknown = JSON.parse(line);
    return v.is(entryForm, entry) ? [entry] : [];
  } catch {
    return [];
  }
}

const entryForm: v.GenericSchema<JournalEntry> = v.object({
  ...{ version: v.literal(1), at: time, run: v.custom<RunId>((id) => typeof id === "string") },
  ...{ event: v.picklist(["begin", "end"]), operation: v.string(), target: v.string(), database: v.string() },
  ...{ by: v.string(), host: v.string(), pid: whole },
  result: v.exactOptional(v.picklist(["done", "failed", "interrupted"])),
  ...{ error: v.exactOptional(v.string()), duration_ms: v.exactOptional(finite) },
  details: v.exactOptional(v.record(v.string(), v.unknown())),
});
