/**
 * The form that a manifest must have before it is believed: it may be damaged, or a stranger's. By hand, field by field: where thousands of
 * dumps are looked through, a library's general way took as long as reading them.
 */
import type { Manifest } from "./manifest.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFinite: Check = (value) => Number.isFinite(value);
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
  large_objects: absentOr(formOf<NonNullable<Contents["large_objects"]>>({ rows: isFinite, hash: isText })),
  sequences: listOf(formOf<Contents["sequences"][number]>({ schema: isText, name: isText, value: isText })),
  left_out: listOf(isText),
});

const isEncryption = formOf<Encryption>({
  recipients: listOf(isText),
  sealed: absentOr(formOf<NonNullable<Encryption["sealed"]>>({ tables: isFinite, rows: isFinite, text: isText })),
});

const isForm = formOf<Manifest>({
  ...{ version: oneOf(1), name: isText, created_at: isTime, project: isText, source: isText, database: isText },
  ...{ schema: absentOr(isText), format: oneOf("custom", "sql", "directory") },
  ...{ codec: oneOf("zstd", "lz4", "gzip", "none"), content: oneOf("all", "schema", "data"), partial: isBoolean },
  ...{ sha256: isText, size_bytes: isFinite, database_size_bytes: isFinite, server_version: isText },
  ...{ pg_dump_version: isText, encoding: isText, collate: isText, ctype: isText, locale_provider: isText },
  locale: isTextOrNull,
  extensions: listOf(formOf<Manifest["extensions"][number]>({ name: isText, version: isText, schema: isText })),
  ...{ roles: listOf(isText), tablespaces: listOf(isText), tables: listOf(isTable) },
  ...{ contents: absentOr(isContents), migration_version: isTextOrNull },
  git: (value) => value === null || isGit(value),
  ...{ duration_ms: isFinite, note: isTextOrNull, run: isText, pgrove_version: isText },
  encryption: absentOr(isEncryption),
  globals: absentOr(
    formOf<NonNullable<Manifest["globals"]>>({ sha256: isText, size_bytes: isFinite, passwords: isBoolean }),
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
