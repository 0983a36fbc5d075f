/**
 * What a manifest says, and the form that it must have before it is believed: it may be damaged, or a stranger's. By hand, field by field:
 * where thousands of dumps are looked through, a library's general way took as long as reading them.
 */
import type { CodecName, DumpFormat } from "../archive/codec.ts";

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

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => Number.isFinite(value);
const isBoolean: Check = (value) => typeof value === "boolean";
const isTime: Check = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const isTextOrNull: Check = (value) => value === null || typeof value === "string";
const absentOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** Whose every field is as its check says. What is not named may be there: a later pgrove's. */
function formOf<T>(fields: { readonly [Name in keyof Required<T>]: Check }): Check {
  const checks = Object.entries<Check>(fields);
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    for (const [name, check] of checks) if (!check(Reflect.get(value, name))) return false;
    return true;
  };
}

type Contents = NonNullable<Manifest["contents"]>;
type Encryption = NonNullable<Manifest["encryption"]>;

const isContents = formOf<Contents>({
  large_objects: absentOr(formOf<NonNullable<Contents["large_objects"]>>({ rows: isNumber, hash: isText })),
  sequences: listOf(formOf<Contents["sequences"][number]>({ schema: isText, name: isText, value: isText })),
  left_out: listOf(isText),
});

const isEncryption = formOf<Encryption>({
  recipients: listOf(isText),
  sealed: absentOr(formOf<NonNullable<Encryption["sealed"]>>({ tables: isNumber, rows: isNumber, text: isText })),
});

const isForm = formOf<Manifest>({
  ...{ version: oneOf(1), name: isText, created_at: isTime, project: isText, source: isText, database: isText },
  ...{ schema: absentOr(isText), format: oneOf("custom", "sql", "directory") },
  ...{ codec: oneOf("zstd", "lz4", "gzip", "none"), content: oneOf("all", "schema", "data"), partial: isBoolean },
  ...{ sha256: isText, size_bytes: isNumber, database_size_bytes: isNumber, server_version: isText },
  ...{ pg_dump_version: isText, encoding: isText, collate: isText, ctype: isText, locale_provider: isText },
  locale: isTextOrNull,
  extensions: listOf(formOf<Manifest["extensions"][number]>({ name: isText, version: isText, schema: isText })),
  ...{ roles: listOf(isText), tablespaces: listOf(isText), tables: listOf(isTable) },
  ...{ contents: absentOr(isContents), migration_version: isTextOrNull },
  git: (value) => value === null || isGit(value),
  ...{ duration_ms: isNumber, note: isTextOrNull, run: isText, pgrove_version: isText },
  encryption: absentOr(isEncryption),
  globals: absentOr(
    formOf<NonNullable<Manifest["globals"]>>({ sha256: isText, size_bytes: isNumber, passwords: isBoolean }),
  ),
  ...{ adopted: absentOr(isBoolean), signature: absentOr(isText) },
});

const isGit = formOf<NonNullable<Manifest["git"]>>({ commit: isText, branch: isTextOrNull });

/** Of these there are the most, so without looking the names up. */
function isTable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { schema, name, rows, exact, bytes, hash }: Partial<Record<string, unknown>> = value;
  return (
    typeof schema === "string" &&
    typeof name === "string" &&
    (rows === null || Number.isFinite(rows)) &&
    typeof exact === "boolean" &&
    Number.isFinite(bytes) &&
    (hash === undefined || typeof hash === "string")
  );
}

/** Whether it is a manifest. */
export function isManifest(value: unknown): value is Manifest {
  return isForm(value);
}
