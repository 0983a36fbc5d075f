/** What the manifest of an encrypted dump says of tables: for those alone who can read the dump. */

import { openDumpBytes } from "../archive/age/age-bytes.ts";
import { openText, sealText } from "../archive/age/sealed-text.ts";
import { EXIT, failure, PgroveError } from "../errors.ts";
import type { DumpKeys } from "../sys/dump-keys.ts";
import type { OperationTools } from "../sys/operation.ts";
import { MANIFEST_HINT, type Manifest, parseManifest } from "./manifest.ts";
import type { StoredDump } from "./store.ts";

/** How a dump is encrypted. */
export interface Encryption {
  fileKey: Uint8Array;
  /** For whom; empty where it is not known. */
  recipients: string[];
}

/**
 * The manifest of an encrypted dump: without the names of tables and sequences, unless those are to be seen. How many tables there
 * are, and how many rows, is seen by all.
 */
export async function sealNames(
  manifest: Manifest,
  { fileKey, recipients }: Encryption,
  keys: DumpKeys | undefined,
): Promise<Manifest> {
  if (keys?.namesTables === true) return { ...manifest, encryption: { recipients } };
  const { tables, contents, ...rest } = manifest;
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const text = await sealText(fileKey, JSON.stringify({ tables, ...(contents === undefined ? {} : { contents }) }));
  return { ...rest, tables: [], encryption: { recipients, sealed: { tables: tables.length, rows, text } } };
}

/** The manifest with what is sealed in it. Throws (exit 1) where that is not of this dump. */
export async function unsealNames(manifest: Manifest, fileKey: Uint8Array): Promise<Manifest> {
  const sealed = manifest.encryption?.sealed;
  if (sealed === undefined) return manifest;
  try {
    const whole = parseManifest(JSON.stringify({ ...manifest, ...JSON.parse(await openText(fileKey, sealed.text)) }));
    if (whole !== undefined) return whole;
  } catch {}
  throw failure("manifest_damaged", `the manifest of ${manifest.name} is not that of this file`, MANIFEST_HINT);
}

/** How many tables it tells of, by name or not. */
export function countTables({ tables, encryption }: Pick<Manifest, "tables" | "encryption">): number {
  return encryption?.sealed?.tables ?? tables.length;
}

/** Whether no table that it tells of has rows. */
export function holdsNoRows({ tables, encryption }: Manifest): boolean {
  return encryption?.sealed === undefined ? tables.every(({ rows }) => rows === 0) : encryption.sealed.rows === 0;
}

/** The manifest with its names, where the dump can be opened; else as it is, and what opens it is noted. */
export async function showNames(
  { name, path, manifest }: StoredDump,
  { dumpKeys, note }: Pick<OperationTools, "dumpKeys" | "note">,
): Promise<Manifest | undefined> {
  if (manifest?.encryption?.sealed === undefined) return manifest;
  try {
    const { fileKey } = await openDumpBytes({ name, path, recipients: manifest.encryption.recipients }, dumpKeys);
    return fileKey === undefined ? manifest : await unsealNames(manifest, fileKey);
  } catch (error) {
    if (!(error instanceof PgroveError) || error.exit !== EXIT.missing) throw error;
    note(`the names of its tables are sealed: ${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}`);
    return manifest;
  }
}
