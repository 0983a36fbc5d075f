/** What the dumps of a target tell: by the store, and by the journal of those that have failed. */
import type { Measure } from "../../config/measures.ts";
import type { KeyPlace } from "../../dump/authorship.ts";
import { type Keyring, openKeyring } from "../../dump/authorship.ts";
import { findProven, trustedResults } from "../../dump/proof.ts";
import { createdAt, listDumps, type StoredDump, sourceOf } from "../../dump/store.ts";
import type { JournalEntry } from "../../sys/journal.ts";
import { figure, type Measured, none } from "./figure.ts";

/** What is known of all dumps, read once for many targets. */
export interface DumpHistory {
  /** Newest first. */
  dumps: readonly StoredDump[];
  keyring: Keyring;
  journal: readonly JournalEntry[];
  now: Date;
}

/** Reads the store. */
export async function readDumpHistory(
  storeDir: string,
  keys: KeyPlace,
  journal: readonly JournalEntry[],
  now: Date,
): Promise<DumpHistory> {
  const [dumps, keyring] = await Promise.all([listDumps(storeDir), openKeyring(keys)]);
  return { dumps, keyring, journal, now };
}

/** Of how many dumps before the newest the median is taken, and how few are too few. */
const COMPARED = 10;
const LEAST_COMPARED = 3;

/** What is known of one source's dumps: those of all of it. */
function summarizeDumps({ dumps, keyring }: DumpHistory, source: string) {
  const own = dumps.filter((dump) => sourceOf(dump) === source && isWhole(dump));
  const proved = own.filter((dump) => findProven(trustedResults(dump, keyring)) !== undefined);
  return { own, proved, newest: own[0], newestProved: proved[0] };
}

function isWhole({ manifest }: StoredDump): boolean {
  return manifest === undefined || (manifest.content === "all" && !manifest.partial);
}

/** The figures of one target's dumps. `label` is what the journal calls it. */
export function measureDumps(history: DumpHistory, source: string, label: string): [Measure, Measured][] {
  const { own, proved, newest, newestProved } = summarizeDumps(history, source);
  return [
    ["dumps", figure(own.length)],
    ["proved_dumps", figure(proved.length, newest?.name)], // which could be proved
    ["last_dump_age", figure(ageOf(newest, history.now))],
    ["last_proved_dump_age", figure(ageOf(newestProved, history.now), newest?.name)],
    ["last_dump_size", newest === undefined ? none("there is no dump") : figure(newest.sizeBytes, newest.name)],
    ["last_dump_failed", findFailed(history.journal, label)],
    ["dump_size_deviation", measureDeviation(own)],
  ];
}

function ageOf(dump: StoredDump | undefined, now: Date): number {
  return dump === undefined ? Number.POSITIVE_INFINITY : Math.max(now.getTime() - createdAt(dump), 0);
}

/** The newest against the median of those before it. */
function measureDeviation([newest, ...before]: readonly StoredDump[]): Measured {
  const sizes = before.slice(0, COMPARED).map(({ sizeBytes }) => sizeBytes);
  if (newest === undefined || sizes.length < LEAST_COMPARED) return none("there are too few dumps to compare");
  const median = medianOf(sizes);
  if (median === 0) return none("the dumps before are empty");
  return figure(Math.abs(newest.sizeBytes - median) / median, newest.name);
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}

/** One that somebody interrupted has not failed. */
function findFailed(journal: readonly JournalEntry[], label: string): Measured {
  const last = journal.findLast(
    ({ event, operation, target, result }) =>
      event === "end" && operation === "dump" && target === label && result !== "interrupted",
  );
  if (last === undefined) return figure(0);
  return last.result === "failed" ? figure(1, last.error) : figure(0);
}
