/** Runs SQL seed files: all of them in one transaction with their rows in the ledger, unless that is not wanted. */
import { configError, failure, messageOf, type PgroveError } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import { requireHarmless } from "../../sql/psql-commands.ts";
import type { Script } from "../../sql/script.ts";
import { readShape } from "../../sql/script-shape.ts";
import { pointAt } from "../../sql/source-place.ts";
import { createSeedLedger, recordFile } from "../seed-ledger.ts";
import type { SeedFile } from "./sql-files.ts";
import { runFilesByPsql } from "./sql-psql.ts";
import { restoration, type ShapedFile, type SqlSeedSession } from "./sql-session.ts";

/**
 * Looks at the files before anything is run. Throws (exit 3) with file, line and column at what cannot be run so: a
 * mistake in the syntax of transactions, psql commands that reach beyond the database, or a transaction of its own.
 */
export async function shapeSeedFiles(files: readonly SeedFile[], transaction: boolean): Promise<ShapedFile[]> {
  const shaped = await Promise.all(
    files.map(async (file) => {
      const script = { file: file.file, sql: file.sql, line: 1, transaction, checksum: file.hash };
      return { file, script, shape: await readShape(script) };
    }),
  );
  for (const { script, shape } of shaped) {
    if (shape.runner === "psql") {
      requireHarmless(script, { noun: "a seed file", label: script.file, inTransaction: transaction });
    }
    if (transaction && shape.transaction !== "ours") throw notInTransaction(script);
  }
  return shaped;
}

function notInTransaction({ file }: Script): PgroveError {
  return configError(
    `${file} begins or ends transactions of its own, or holds what cannot run inside one`,
    "pgrove seed --no-transaction        runs each file by itself; or take BEGIN and COMMIT out of it",
  );
}

/** Runs the files in order. Throws PgroveError with file, line and column; in a transaction nothing is left then. */
export async function runSeedFiles(
  session: SqlSeedSession,
  shaped: readonly ShapedFile[],
  transaction: boolean,
): Promise<void> {
  if (!transaction) return await runFilesAlone(session, shaped);
  if (shaped.some(({ shape }) => shape.runner === "psql")) {
    return await runFilesByPsql(session, shaped, { transaction });
  }
  await session.sql.begin(async (sql) => {
    await createSeedLedger(sql, session.ledger);
    for (const { file, script, shape } of shaped) {
      session.begun(file.file);
      await orExplain(sql.unsafe(shape.sql), script, shape.sql, 0);
      await sql.unsafe(`${restoration(session)}${recordFile(session.ledger, { ...file, ...session.facts })}`);
    }
  });
}

/** Statement by statement, as psql does: each stands once it is done. */
async function runFilesAlone(session: SqlSeedSession, shaped: readonly ShapedFile[]): Promise<void> {
  const { sql, ledger, facts } = session;
  await createSeedLedger(sql, ledger);
  for (const each of shaped) {
    const { file, script, shape } = each;
    if (shape.runner === "psql") await runFilesByPsql(session, [each], { transaction: false });
    else {
      session.begun(file.file);
      for (const statement of await shape.statements()) {
        await orExplain(sql.unsafe(statement.sql), script, statement.sql, statement.start);
      }
      await sql.unsafe(`${restoration(session)}${recordFile(ledger, { ...file, ...facts })}`);
    }
  }
}

/** The statement's end; its error with the place in the file. `start`: where what was sent stands in the script. */
async function orExplain(query: Promise<unknown>, script: Script, sent: string, start: number): Promise<void> {
  try {
    await query;
  } catch (error) {
    const characters = Number(errorField(error, "position"));
    if (!/^[0-9A-Z]{5}$/.test(codeOf(error) ?? "")) throw error; // not PostgreSQL's answer
    const said = `ERROR: ${messageOf(error)}`;
    const units =
      characters > 0
        ? Array.from(sent)
            .slice(0, characters - 1)
            .join("").length
        : undefined;
    const place = units === undefined ? `${script.file}: ${said}` : pointAt(script, start + units, said);
    const more = ["detail", "hint", "where"].flatMap((key) => {
      const text = errorField(error, key);
      return text === undefined ? [] : [`${key === "where" ? "CONTEXT" : key.toUpperCase()}: ${text}`];
    });
    const after = script.transaction ? "nothing of this run is in the database" : "what stands before it was done";
    throw failure(
      "seed_failed",
      [place, ...more, after].join("\n"),
      "mend the file, then run the same command again",
      error,
    );
  }
}
