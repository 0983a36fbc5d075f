/** Where manifests lie, and how they are read and written. */
import { failure } from "../errors.ts";
import { readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { parseJson } from "../sys/untyped.ts";
import { isManifest, type Manifest } from "./manifest-form.ts";

export type { Manifest } from "./manifest-form.ts";

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
