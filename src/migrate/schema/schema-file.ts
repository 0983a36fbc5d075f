/** `migrations.schema_file`: the schema as a file of the repository, written after each change, and a quick start from it. */
import { dirname } from "node:path";
import { configError, messageOf, refusal } from "../../errors.ts";
import { withSession } from "../../postgres/session.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { ensureDir, errorCode, readTextIfExists, writeFileAtomic } from "../../sys/files.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { withWork } from "../../work/work.ts";
import type { MigrationFiles } from "../files/read-migrations.ts";
import { currentRows, findForeignChanges } from "../ledger/foreign-changes.ts";
import { readLedger } from "../ledger/ledger.ts";
import { describeMigration } from "../migration.ts";
import { writtenName } from "./schema-rename.ts";
import { readSchemaText, type SchemaReader } from "./schema-text.ts";
import { formatVersions, type HeldMigration } from "./schema-versions.ts";

export interface SchemaFileRequest {
  files: MigrationFiles;
  /** `migrations.table` of pgrove.yaml. */
  table?: string | undefined;
  /** What the schema is called in the file, where the target is a schema: main's. */
  home?: string;
}

const HEADER = "-- The database's schema, written by `pgrove migrate`. Change it by a migration, not here.\n\n";

/** What the schema file of a database is to hold. */
export interface SchemaFileText {
  text: string;
  held: readonly HeldMigration[];
}

/** The schema file of the target as it is now: its schema, and which migrations that holds. */
export async function composeSchemaFile(
  live: LiveTarget,
  reader: SchemaReader,
  request: SchemaFileRequest,
): Promise<SchemaFileText> {
  const [text, { held, companion }] = await Promise.all([
    readSchemaText(live, reader, request.home),
    readHeld(live, reader, request),
  ]);
  const { kind, schemaName, tableName } = companion;
  const schema = schemaName === live.target.schema ? (request.home ?? schemaName) : schemaName;
  const filled = { kind, table: `${writtenName(schema)}.${writtenName(tableName)}` };
  return { text: HEADER + text + formatVersions(filled, held), held };
}

/** What counts as applied, and the other tool's table, which may know more than the ledger does. */
async function readHeld(
  { toolbox, database, target: { schema } }: LiveTarget,
  { run }: SchemaReader,
  { files, table }: SchemaFileRequest,
) {
  return await withSession({ toolbox, run }, database, async (sql) => {
    const ledger = await readLedger(sql, { layout: files.layout, table, schema });
    const rows = currentRows(ledger, findForeignChanges(ledger, files)).filter(({ success }) => success);
    const held = rows.map(({ version, digits, name, upChecksum: checksum }) => ({ version, digits, name, checksum }));
    return { held, companion: ledger.place.companion };
  });
}

/** What became of the schema file. */
export interface WrittenSchemaFile {
  changed: boolean;
  /** Migrations that the schema holds and that this branch has no file of. */
  foreign: readonly string[];
}

/** Writes the target's schema into the file, whole or not at all. One that would hold the same bytes is left alone. */
export async function writeSchemaFile(
  tools: OperationTools,
  live: LiveTarget,
  file: string,
  request: SchemaFileRequest,
): Promise<WrittenSchemaFile> {
  const subject = {
    operation: "schema-file",
    claims: [{ database: live.database, mode: "shared" as const }],
    control: live.database,
  };
  return await withWork(tools, live, subject, async ({ operation }) => {
    const { text, held } = await composeSchemaFile(live, { ...operation, runner: tools.runner }, request);
    const known = new Set(request.files.migrations.map(({ version }) => version));
    const foreign = held.filter(({ version }) => !known.has(version)).map(describeMigration);
    const present = await readWrittenSchema(file);
    if (present === text) return { changed: false, foreign };
    if (present !== undefined) requireSchemaFile(present, file);
    try {
      await ensureDir(dirname(file), 0o777);
      await writeFileAtomic(file, text, { mode: 0o666 });
    } catch (error) {
      throw explainFileError(error, file);
    }
    return { changed: true, foreign };
  });
}

/** The schema file's text; undefined where there is none. Throws (exit 3) when it cannot be read. */
export async function readWrittenSchema(file: string): Promise<string | undefined> {
  try {
    return await readTextIfExists(file);
  } catch (error) {
    throw explainFileError(error, file);
  }
}

/** A folder in its place, a full disk, no permission: in words. Anything else stays as it is. */
function explainFileError(error: unknown, file: string): unknown {
  if (errorCode(error) === undefined) return error;
  return configError(`${file}: ${messageOf(error)}`, "migrations.schema_file in pgrove.yaml names it");
}

/** Throws (exit 5) for a file that is something else: `schema_file` may be a slip of the pen. */
function requireSchemaFile(text: string, file: string): void {
  if (text.trim() === "" || text.includes("\nSET statement_timeout = 0;\n")) return;
  throw refusal(
    "not_a_schema_file",
    `${file} is there and holds no schema, so it is not written over`,
    "name another file in migrations.schema_file, or remove this one",
  );
}
