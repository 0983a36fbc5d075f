/** An empty database brought to where a schema file is: quicker than every migration since the first one. */
import { configError, failure, messageOf, missingError, refusal } from "../../errors.ts";
import { endSession } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { unitsOfCharacters } from "../../sql/parser.ts";
import { pointAt } from "../../sql/source-place.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { withWork } from "../../work/work.ts";
import { readLedger } from "../ledger/ledger.ts";
import { withMigrationLock } from "../ledger/migration-lock.ts";
import { describeMigration } from "../migration.ts";
import { isEmptyDatabase } from "../run/empty-database.ts";
import { isServerError } from "../run/server-error.ts";
import { readWrittenSchema, type SchemaFileRequest } from "./schema-file.ts";
import { renameSchema } from "./schema-rename.ts";
import { parseVersions } from "./schema-versions.ts";

export interface SchemaStartRequest extends SchemaFileRequest {
  /** Absolute. */
  file: string;
  /** As people see it. */
  shown: string;
  lockWaitMs: number;
}

/**
 * Loads the schema file in one transaction, with the other tool's table filled; the ledger is adopted from there. Resolves
 * with how many migrations it holds. Throws (exit 3, 4) when the file does not go with the migrations, (exit 5) when the
 * database is not empty.
 */
export async function startFromSchema(
  tools: OperationTools,
  live: LiveTarget,
  request: SchemaStartRequest,
): Promise<number> {
  const { text, count } = await readSchemaFile(request);
  const { database, toolbox, target } = live;
  const { schema } = target;
  const claims = [{ database, mode: "shared" as const }];
  const subject = { operation: "migrate from-schema", claims, control: database };
  await withWork(tools, live, subject, async ({ operation }) => {
    const connect = () => toolbox.connect(database, operation.run);
    const sql = await connect(); // of its own: the file sets the session's search_path
    operation.defer(() => endSession(sql));
    const { files, table, lockWaitMs, home } = request;
    const ledger = await readLedger(sql, { layout: files.layout, table, schema });
    const options = { timeoutMs: lockWaitMs, abort: operation.abort, note: tools.note };
    await withMigrationLock(connect, ledger.place, options, async () => {
      if (!(await isEmptyDatabase(sql, ledger, schema))) throw notEmpty(live, request);
      const own = schema && home ? intoSchema(text, home, schema) : text;
      await loadSchema(sql, own, request.shown);
    });
  });
  return count;
}

/** The file, and how many migrations it holds. Throws when it does not hold exactly the first ones of the files. */
async function readSchemaFile({ file, shown, files }: SchemaStartRequest): Promise<{ text: string; count: number }> {
  const text = await readWrittenSchema(file);
  if (text === undefined) {
    throw missingError("schema_file_missing", `there is no ${shown}`, "pgrove migrate up        without --from-schema");
  }
  const held = parseVersions(text);
  if (held === undefined) {
    throw configError(`${shown} does not say which migrations it holds`, "pgrove migrate up        writes it anew");
  }
  const known = new Set(files.migrations.map(({ version }) => version));
  const unknown = held.find(({ version }) => !known.has(version));
  if (unknown !== undefined) {
    const named = describeMigration({ digits: String(unknown.version), name: unknown.name });
    throw configError(`${shown} holds ${named}, and there is no such file here`, "git status");
  }
  const versions = new Set(held.map(({ version }) => version));
  const isBefore = (version: bigint) => held.some((each) => each.version > version);
  const gap = files.migrations.find(({ version }) => !versions.has(version) && isBefore(version));
  if (gap !== undefined) {
    throw configError(
      `${shown} lacks ${describeMigration(gap)}, which comes before others that it holds`,
      "pgrove migrate up        without --from-schema, writes it anew",
    );
  }
  return { text, count: held.length };
}

function notEmpty({ target }: LiveTarget, { shown }: SchemaStartRequest): Error {
  return refusal(
    "not_empty",
    `${target.label} is not empty, so ${shown} is not loaded into it`,
    "pgrove migrate up        without --from-schema",
  );
}

/** The text for a worktree's schema, which is there already. */
function intoSchema(text: string, home: string, schema: string): string {
  return renameSchema(text, home, schema).replace(/^CREATE SCHEMA (?:"(?:[^"]|"")+"|\w+);\n/m, "");
}

async function loadSchema(sql: Sql, text: string, shown: string): Promise<void> {
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(text);
    });
  } catch (error) {
    if (!isServerError(error)) throw error;
    const position = Number(Reflect.get(Object(error), "position"));
    const head = `ERROR: ${messageOf(error)}`;
    const script = { file: shown, sql: text, line: 1 };
    const place = position > 0 ? pointAt(script, unitsOfCharacters(text, position - 1), head) : `${shown}: ${head}`;
    throw failure(
      "schema_not_loaded",
      `${place}\nnothing of it was kept`,
      "pgrove migrate up        without --from-schema",
      error,
    );
  }
}
