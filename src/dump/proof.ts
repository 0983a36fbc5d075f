/**
 * What is known of a dump from trying it: when it was checked, how deep, with what result. It lies beside the dump, is bound to
 * its SHA-256 and signed like the manifest, since it steers what is removed.
 */
import * as v from "valibot";
import { readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { finite, time } from "../sys/form.ts";
import { parseJson } from "../sys/untyped.ts";
import { type KeyPlace, type Keyring, signDocument } from "./authorship.ts";
import type { Manifest } from "./manifest.ts";

/** From the shallowest: its bytes are right; it was restored, and the counts are right; and so are its contents. */
const DEPTHS = ["checksum", "restore", "contents"] as const;

export type Depth = (typeof DEPTHS)[number];

/**
 * damaged: its bytes are not what was written. unusable: they are, and are no dump that a restore takes. differs: what was
 * restored is not what was dumped. missing: the server lacks something. refused, failed: it cannot be restored there.
 */
const REASONS = ["damaged", "unusable", "differs", "missing", "refused", "failed"] as const;

export type Reason = (typeof REASONS)[number];

/** Faults of the dump itself, wherever it is tried. */
const OWN_FAULTS: ReadonlySet<string> = new Set(["damaged", "unusable", "differs"] satisfies Reason[]);

/** Times in ISO 8601 UTC, durations in ms. */
export interface ProofResult {
  depth: Depth;
  /** How deep it was to be, where the dump has not recorded enough for that. */
  asked?: Depth;
  at: string;
  ok: boolean;
  reason: Reason | null;
  /** Of the server that it was restored on. */
  server_version: string | null;
  took_ms: number;
}

/** The newest result of each depth. */
export interface ProofRecord {
  version: 1;
  name: string;
  /** Of the dump that was checked. */
  sha256: string;
  results: ProofResult[];
  signature?: string;
}

const PURPOSE = "proof";
const SUFFIX = ".proof.json";

/** Where it is kept. */
export function proofPath(dumpPath: string): string {
  return dumpPath + SUFFIX;
}

/** The record beside a dump; undefined where there is none that can be read. Whether it is to be believed, is another question. */
export async function findProof(dumpPath: string): Promise<ProofRecord | undefined> {
  return parseProof(await readTextIfExists(proofPath(dumpPath)).catch(() => undefined));
}

/** The same of what its file holds. */
export function parseProof(text: string | undefined): ProofRecord | undefined {
  const value = parseJson(text);
  return v.is(recordForm, value) ? value : undefined;
}

const recordForm: v.GenericSchema<ProofRecord> = v.object({
  ...{ version: v.literal(1), name: v.string(), sha256: v.string(), signature: v.exactOptional(v.string()) },
  results: v.array(
    v.object({
      ...{ depth: v.picklist(DEPTHS), at: time, ok: v.boolean(), reason: v.nullable(v.picklist(REASONS)) },
      ...{ asked: v.exactOptional(v.picklist(DEPTHS)), server_version: v.nullable(v.string()), took_ms: finite },
    }),
  ),
});

/** A dump as far as its results are concerned. */
interface Provable {
  name: string;
  path: string;
  manifest?: Manifest;
  proof?: ProofRecord;
}

/** Its results, of which the user's own pgrove has found each, of just these bytes. */
export function trustedResults({ manifest, proof, name }: Provable, keyring: Keyring): ProofResult[] {
  const isMeant = proof !== undefined && proof.sha256 === manifest?.sha256 && proof.name === name;
  return isMeant && keyring.hasSigned(PURPOSE, proof) ? proof.results : [];
}

/** What was found wrong with the dump, and was not found right since, as deep or deeper. */
export function findFault(results: readonly ProofResult[]): ProofResult | undefined {
  return results.find((bad) => {
    const isMended = results.some(
      (each) => each.ok && Date.parse(each.at) > Date.parse(bad.at) && isAsDeep(each.depth, bad.depth),
    );
    return !bad.ok && !isMended;
  });
}

/** The newest restore that has proved the dump; undefined where there is none, or something is wrong with it. */
export function findProven(results: readonly ProofResult[]): ProofResult | undefined {
  if (findFault(results) !== undefined) return undefined;
  return newestOf(results.filter(({ ok, depth }) => ok && isAsDeep(depth, "restore")));
}

/** When it was last tried at that depth or deeper, or as deep as it can be, in ms since 1970; 0 where it never was. */
export function lastTried(results: readonly ProofResult[], depth: Depth): number {
  const newest = newestOf(results.filter((each) => isAsDeep(each.asked ?? each.depth, depth)));
  return newest === undefined ? 0 : Date.parse(newest.at);
}

function newestOf(results: readonly ProofResult[]): ProofResult | undefined {
  return [...results].sort((a, b) => Date.parse(b.at) - Date.parse(a.at))[0];
}

function isAsDeep(depth: Depth, as: Depth): boolean {
  return DEPTHS.indexOf(depth) >= DEPTHS.indexOf(as);
}

/**
 * Writes a result down beside the dump, in the place of the last one of that depth. What only says something of the server is
 * not kept, and nothing of a dump without a manifest of one's own: nobody could say what it was when it was dumped.
 */
export async function recordResult(
  dump: Provable,
  result: ProofResult,
  keyring: Keyring,
  keys: KeyPlace,
): Promise<void> {
  if (
    dump.manifest === undefined ||
    !keyring.owns(dump.manifest) ||
    !(result.ok || OWN_FAULTS.has(result.reason ?? ""))
  )
    return;
  const others = trustedResults(dump, keyring).filter(({ depth }) => depth !== result.depth);
  const { sha256 } = dump.manifest;
  const record: ProofRecord = { version: 1, name: dump.name, sha256, results: [...others, result] };
  const signed = await signDocument(PURPOSE, record, keys);
  await writeFileAtomic(proofPath(dump.path), `${JSON.stringify(signed, undefined, 2)}\n`, { mode: 0o600 });
}
