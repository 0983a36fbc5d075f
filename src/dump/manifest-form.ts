/** What a manifest says, and the form that it must have before it is believed: it may be damaged, or a stranger's. */
import * as v from "valibot";
import type { CodecName, DumpFormat } from "../archive/codec.ts";
import { finite, time } from "../sys/form.ts";

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

/** Whether it is a manifest. What is not named may be there: a later pgrove's. */
export function isManifest(value: unknown): value is Manifest {
  return v.is(manifestForm, value);
}

/** By hand: of a store of thousands these are nearly all that is read. */
function isTable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { schema, name, rows, exact, bytes, hash }: Partial<Record<string, unknown>> = value;
  return (
    typeof schema === "string" &&
    typeof name === "string" &&
    (rows === null || Number.isFinite(rows)) &&
    typeof exact === "boolean" &&
    Number.isFinite(bytes) &&
    (hash === undefined ? !("hash" in value) : typeof hash === "string")
  );
}

const manifestForm: v.GenericSchema<Manifest> = v.object({
  ...{ version: v.literal(1), name: v.string(), created_at: time, project: v.string(), source: v.string() },
  ...{ database: v.string(), schema: v.exactOptional(v.string()) },
  format: v.picklist(["custom", "sql", "directory"]),
  codec: v.picklist(["zstd", "lz4", "gzip", "none"]),
  content: v.picklist(["all", "schema", "data"]),
  ...{ partial: v.boolean(), sha256: v.string(), size_bytes: finite, database_size_bytes: finite },
  ...{ server_version: v.string(), pg_dump_version: v.string(), encoding: v.string(), collate: v.string() },
  ...{ ctype: v.string(), locale_provider: v.string(), locale: v.nullable(v.string()) },
  extensions: v.array(v.object({ name: v.string(), version: v.string(), schema: v.string() })),
  ...{ roles: v.array(v.string()), tablespaces: v.array(v.string()) },
  tables: v.custom<Manifest["tables"]>((tables) => Array.isArray(tables) && tables.every(isTable)),
  contents: v.exactOptional(
    v.object({
      large_objects: v.exactOptional(v.object({ rows: finite, hash: v.string() })),
      sequences: v.array(v.object({ schema: v.string(), name: v.string(), value: v.string() })),
      left_out: v.array(v.string()),
    }),
  ),
  migration_version: v.nullable(v.string()),
  git: v.nullable(v.object({ commit: v.string(), branch: v.nullable(v.string()) })),
  ...{ duration_ms: finite, note: v.nullable(v.string()), run: v.string(), pgrove_version: v.string() },
  encryption: v.exactOptional(
    v.object({
      recipients: v.array(v.string()),
      sealed: v.exactOptional(v.object({ tables: finite, rows: finite, text: v.string() })),
    }),
  ),
  globals: v.exactOptional(v.object({ sha256: v.string(), size_bytes: finite, passwords: v.boolean() })),
  ...{ adopted: v.exactOptional(v.boolean()), signature: v.exactOptional(v.string()) },
});
