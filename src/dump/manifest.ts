import type { CodecName, DumpFormat } from "../archive/codec.ts";
import { failure } from "../errors.ts";
import { readTextIfExists, temporaryPathFor, writeFileAtomic } from "../sys/files.ts";

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
  tables: { schema: string; name: string; rows: number | null; exact: boolean; bytes: number }[];
  migration_version: string | null;
  git: { commit: string; branch: string | null } | null;
  duration_ms: number;
  note: string | null;
  run: string;
  pgrove_version: string;
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

/** What its file holds. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Writes the manifest of a dump through a temporary file, which can be named. */
export async function writeManifest(
  dumpPath: string,
  manifest: Manifest,
  temporary = temporaryPathFor(manifestPath(dumpPath)),
): Promise<void> {
  await writeFileAtomic(manifestPath(dumpPath), formatManifest(manifest), { mode: 0o600, temporary });
}

/** The manifest of a dump, or undefined when it has none. Throws (exit 1) when it is there and cannot be read. */
export async function findManifest(dumpPath: string): Promise<Manifest | undefined> {
  const text = await readTextIfExists(manifestPath(dumpPath));
  if (text === undefined) return undefined;
  const parsed = parseManifest(text);
  if (parsed !== undefined) return parsed;
  throw failure("manifest_damaged", `the manifest of the dump is damaged: ${manifestPath(dumpPath)}`, MANIFEST_HINT);
}

/** The text as a manifest; undefined when it is none, or from a later version of the format. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isManifest(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const field = (name: string): unknown => Reflect.get(value, name);
  const has = (item: unknown, name: string) =>
    typeof item === "object" && item !== null && typeof Reflect.get(item, name) === "string";
  const lists: [string, (item: unknown) => boolean][] = [
    ["roles", (item) => typeof item === "string"],
    ["tablespaces", (item) => typeof item === "string"],
    ["extensions", (item) => has(item, "name")],
    ["tables", (item) => has(item, "schema") && has(item, "name")],
  ];
  const texts = ["name", "created_at", "source", "database", "format", "sha256", "server_version", "encoding"];
  return (
    field("version") === 1 &&
    typeof field("size_bytes") === "number" &&
    texts.every((name) => typeof field(name) === "string") &&
    !Number.isNaN(Date.parse(String(field("created_at")))) &&
    lists.every(([name, whole]) => {
      const list = field(name);
      return Array.isArray(list) && list.every(whole);
    })
  );
}
