/** What the rule has to know of the dumps of a store: which are pgrove's own, what they are of, and which are in doubt. */
import type { Candidate } from "../retention/decide.ts";
import type { Keyring } from "./authorship.ts";
import type { Manifest } from "./manifest.ts";
import { findFault, findProven, trustedResults } from "./proof.ts";
import { holdsNoRows } from "./sealed-names.ts";
import { createdAt, type StoredDump, sourceOf } from "./store.ts";

export interface JudgedDump extends Candidate {
  dump: StoredDump;
}

export interface Judgement {
  /** By source, each newest first. */
  histories: Map<string, JudgedDump[]>;
  /** What is never removed and never counts: pgrove did not write it, or not as it stands there. */
  ignored: { dump: StoredDump; why: string }[];
}

/** How many dumps before one say how large it should be. */
const BEFORE = 10;

/** What was found of dumps while they were read. */
export type Doubts = Map<StoredDump, string | undefined>;

/**
 * Looks at a dump that was just read, and keeps what is in doubt about it in place of the long lists of its manifest: of thousands
 * they would be most of what is held in memory.
 */
export function lookAndForget(dump: StoredDump, keyring: Keyring, doubts: Doubts): void {
  doubts.set(dump, findDoubt(dump, keyring));
  if (dump.manifest === undefined) return;
  dump.manifest.tables = [];
  delete dump.manifest.contents;
}

/** Judges the dumps of a store, which begin with the newest. What was found before of one counts. */
export function judgeDumps(dumps: readonly StoredDump[], keyring: Keyring, doubts: Doubts = new Map()): Judgement {
  const doubtOf = (dump: StoredDump) => (doubts.has(dump) ? doubts.get(dump) : findDoubt(dump, keyring));
  const ignored: Judgement["ignored"] = [];
  const bySource = new Map<string, StoredDump[]>();
  for (const dump of dumps) {
    const why = findStranger(dump);
    if (why !== undefined) ignored.push({ dump, why });
    else addTo(bySource, sourceOf(dump), dump);
  }
  const histories = [...bySource].map(([source, all]) => [source, judgeHistory(all, keyring, doubtOf)] as const);
  return { histories: new Map(histories), ignored };
}

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function findStranger({ name, manifest, manifestError }: StoredDump): string | undefined {
  if (manifestError !== undefined) return "its manifest is damaged";
  if (manifest === undefined) return "pgrove did not write it";
  if (manifest.signature === undefined) return "its manifest is not signed";
  return manifest.name === name ? undefined : `it was renamed: its manifest is that of ${manifest.name}`;
}

function judgeHistory(
  dumps: readonly StoredDump[],
  keyring: Keyring,
  doubtOf: (dump: StoredDump) => string | undefined,
): JudgedDump[] {
  const sizes = new Map<string, number[]>(); // of each kind, newest first
  const kinds = dumps.map(({ manifest }) => (manifest === undefined ? "" : kindOf(manifest)));
  for (const [at, { manifest }] of dumps.entries()) {
    if (manifest !== undefined) addTo(sizes, kinds[at] ?? "", manifest.size_bytes);
  }
  const places = new Map<string, number>();
  return dumps.map((dump, at) => {
    const kind = kinds[at] ?? "";
    const place = (places.get(kind) ?? 0) + 1;
    places.set(kind, place);
    const before = (sizes.get(kind) ?? []).slice(place, place + BEFORE);
    const results = trustedResults(dump, keyring);
    const isProved = findProven(results) !== undefined;
    const doubt = doubtOf(dump) ?? (isProved ? undefined : findShrinking(dump, before));
    const fault = findFault(results);
    return {
      ...{ dump, name: dump.name, at: createdAt(dump), isProved, isPinned: dump.isPinned ?? false },
      doubt: fault === undefined ? doubt : `found ${fault.reason}`,
    };
  });
}

/** Sizes are compared among dumps that were written in the same way. */
function kindOf({ format, codec, content, partial }: Manifest): string {
  return `${format} ${codec} ${content} ${partial}`;
}

function findDoubt({ manifest, sizeBytes }: StoredDump, keyring: Keyring): string | undefined {
  if (manifest === undefined) return undefined;
  if (sizeBytes !== manifest.size_bytes) return "its size is not the one recorded";
  if (!keyring.owns(manifest)) return "signed with a key that is not yours";
  if (manifest.partial || manifest.content !== "all") return "holds only a part";
  return holdsNoRows(manifest) && !manifest.adopted ? "holds no rows" : undefined;
}

function findShrinking({ sizeBytes }: StoredDump, before: readonly number[]): string | undefined {
  const median = medianOf(before);
  if (median === undefined || sizeBytes >= median / 2) return undefined;
  return `only ${Math.floor((100 * sizeBytes) / median)} % of the usual size`;
}

function medianOf(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
