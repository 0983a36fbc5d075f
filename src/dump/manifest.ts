import type { CodecName, DumpFormat } from "../archive/codec.ts";
import { failure } from "../errors.ts";
import { readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { parseJson } from "../sys/untyped.ts";
import { isManifest } from "./manifest-form.ts";

/** What a dump holds and how to check it: JSON beside the dump. Sizes in bytes, times in ISO 8601 UTC. */
export interface Manifest {
  version: 1;
  name: string;
  created_at: string;
  project: string;
  /** The target's name: "main", "staging", a database. */
  source: string;
  database: string;
  /** The one schema that it holds, a worktree's; absent for a whole database. */
  schema?: string | undefined;
  format: DumpFormat;
  codec: CodecName;
  content: "all" | "schema" | "data";
  /** Only some tables were asked for. */
  partial: boolean;
  sha256: string;
  size_bytes: number;
  database_size_bytes: number;
  server_version: string;
  pg_dump_version: string;
  encoding: string;
  collate: string;
  ctype: string;
  locale_provider: string;
  locale: string | null;
  extensions: { name: string; version: string; schema: string }[];
  roles: string[];
  tablespaces: string[];
  /** `exact` counts were taken in the dump's own snapshot; the others are the planner's estimates. */
  tables: { schema: string; name: string; rows: number | null; exact: boolean; bytes: number; hash?: string }[];
  /** What else is compared by `dumps verify --deep`, beside the tables that have a hash; absent in those of before. */
  contents?: {
    /** Undefined where they were not read. */
    large_objects?: { rows: number; hash: string };
    /** The last value, and whether it was given out: `42 true`. */
    sequences: { schema: string; name: string; value: string }[];
    /** What cannot be compared, by name. */
    left_out: string[];
  };
  migration_version: string | null;
  git: { commit: string; branch: string | null } | null;
  duration_ms: number;
  note: string | null;
  run: string;
  pgrove_version: string;
  /** Where the dump is encrypted with age. */
  encryption?: {
    /** For whom, by the beginning and end of their public keys; or `a passphrase`. */
    recipients: string[];
    /** The names of tables and sequences, for those who can read the dump; left out where they are not hidden. */
    sealed?: { tables: number; rows: number; text: string };
  };
  /** The file of the server's roles beside it, and whether it holds passwords' hashes. */
  globals?: { sha256: string; size_bytes: number; passwords: boolean };
  /** It describes a dump of another program: what that does not say is empty. */
  adopted?: boolean;
  /** By the key of whoever made it; absent in those of before. */
  signature?: string;
}

export const MANIFEST_HINT = "the dump may still be whole; move the manifest away to restore it unchecked";

const SUFFIX = ".manifest.json";

/** Where the manifest of a dump lies. */
export function manifestPath(dumpPath: string): string {
  return dumpPath + SUFFIX;
}

export function isManifestName(name: string): boolean {
  return name.endsWith(SUFFIX);
}

const GLOBALS = ".globals.sql";

/** Where the roles of a dump's server lie, encrypted as the dump is. */
export function globalsPath(dumpPath: string, manifest: Pick<Manifest, "encryption"> | undefined): string {
  return `${dumpPath}${GLOBALS}${manifest?.encryption === undefined ? "" : ".age"}`;
}

/** Where they may lie, encrypted or not. */
export function allGlobalsPaths(dumpPath: string): string[] {
  return [`${dumpPath}${GLOBALS}`, `${dumpPath}${GLOBALS}.age`];
}

export function isGlobalsName(name: string): boolean {
  return name.replace(/\.age$/, "").endsWith(GLOBALS);
}

/** What its file holds. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Writes the manifest of a dump, whole or not at all. */
export async function writeManifest(dumpPath: string, manifest: Manifest): Promise<void> {
  await writeFileAtomic(manifestPath(dumpPath), formatManifest(manifest));
}

/** The manifest of a dump, or undefined when it has none. Throws (exit 1) when it is there and cannot be read. */
export async function findManifest(dumpPath: string): Promise<Manifest | undefined> {
  const text = await readTextIfExists(manifestPath(dumpPath));
  return text === undefined ? undefined : requireManifest(text, dumpPath);
}

/** The manifest of a dump that is written in its file. Throws (exit 1) when it is none. */
export function requireManifest(text: string, dumpPath: string): Manifest {
  const parsed = parseManifest(text);
  if (parsed !== undefined) return parsed;
  throw failure("manifest_damaged", `the manifest of the dump is damaged: ${manifestPath(dumpPath)}`, MANIFEST_HINT);
}

/** The text as a manifest; undefined when it is none, or from a later version of the format. */
export function parseManifest(text: string): Manifest | undefined {
  const value = parseJson(text);
  return isManifest(value) ? value : undefined;
}
