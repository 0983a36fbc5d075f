/** Runs one migration through psql, for scripts that hold its own commands or rows for COPY. */
import { EXIT, type FilePlace, failure, PgroveError, showFilePlace } from "../../errors.ts";
import { endSession } from "../../postgres/session.ts";
import { type PsqlAccess, runPsql } from "../../sql/psql.ts";
import { endStatement, requireEnd, requireHarmless } from "../../sql/psql-commands.ts";
import type { ScriptShape } from "../../sql/script-shape.ts";
import { markDoubt, recordDoubt, recordFailure, recordStep } from "../ledger/ledger-sql.ts";
import { describeMigration, type Step } from "../migration.ts";
import { adviseOnWords } from "./advice.ts";
import { restoration, type StepSession, timeouts } from "./run-script.ts";

/** The name that psql gives its standard input in messages. */
const STDIN = /^psql:<stdin>:(\d+): /;

/** Throws (exit 3) when the script holds commands that reach beyond the database. Nothing is run. */
export function requireFitForPsql(step: Step, { transaction }: ScriptShape): void {
  const inTransaction = transaction === "ours";
  requireEnd(step.script);
  requireHarmless(step.script, { noun: "a migration", label: describeMigration(step), inTransaction });
}

/** Runs the script by psql: with its ledger rows as one transaction, unless it is not to be one. */
export async function runByPsql(session: StepSession, psql: PsqlAccess, step: Step, shape: ScriptShape): Promise<void> {
  if (shape.transaction === "ours") return await runWhole(session, psql, step, shape);
  const books = await session.openBooks();
  const started = performance.now();
  const { place, facts } = session;
  try {
    await books.unsafe(markDoubt(place, step, 1, facts));
    await send(session, psql, step, { head: timeouts(session, "set"), script: shape.sql, tail: "" });
    await books.unsafe(recordStep(place, step, facts, performance.now() - started));
  } catch (error) {
    if (!(error instanceof PgroveError) || error.code !== "migration_failed") throw error;
    await books.unsafe(recordDoubt(place, step, { statement: 1, error: firstLine(error) }, facts));
    throw failure(
      "migration_failed",
      `${error.message}\n${describeMigration(step)} runs outside a transaction and is in doubt now`,
      `see how far it came, then: pgrove migrate force ${step.digits}`,
      error,
    );
  } finally {
    await endSession(books);
  }
}

async function runWhole(session: StepSession, psql: PsqlAccess, step: Step, shape: ScriptShape): Promise<void> {
  const record = `${restoration(session)}${recordStep(session.place, step, session.facts)};`;
  const head = `begin;${timeouts(session, "set local")}`;
  try {
    await send(session, psql, step, { head, script: shape.sql, tail: `${record}\ncommit;` });
  } catch (error) {
    if (!(error instanceof PgroveError) || error.code !== "migration_failed") throw error;
    const { sql, place, facts } = session;
    await sql.unsafe(recordFailure(place, step, firstLine(error), facts)).catch(() => undefined); // a courtesy
    throw failure(error.code, `${error.message}\n${describeRollback(step, shape)}`, error.hint, error);
  }
}

/** What a query makes for `\gexec` is not known before it runs: it may be a COMMIT. */
function describeRollback(step: Step, { sql }: ScriptShape): string {
  const what = describeMigration(step);
  if (!/\\gexec\b/.test(sql)) return `nothing of it was done: ${what} was rolled back`;
  return `${what} was rolled back, unless a statement made for \\gexec has ended its transaction before`;
}

/** What psql said first, without place and severity: the ledger is read beside the migration's name. */
function firstLine({ message }: PgroveError): string {
  return (message.split("\n")[0] ?? "").replace(/^.*?: [^\s:]+: +/, "");
}

interface Pieces {
  /** One line. */
  head: string;
  script: string;
  tail: string;
}

async function send(session: StepSession, psql: PsqlAccess, step: Step, { head, script, tail }: Pieces): Promise<void> {
  let place: FilePlace = { file: step.script.file };
  await runPsql(psql, {
    name: step.script.file,
    source: `${head}\n${endStatement(script)}\n\\set ON_ERROR_STOP on\n${tail}\n`,
    args: ["-q"],
    sealed: true,
    tell: session.note,
    phrase: (line) =>
      line.replace(STDIN, (_, number: string) => {
        place = { file: step.script.file, line: step.script.line + Number(number) - 2 }; // behind our own first line
        return `${showFilePlace(place)}: `;
      }),
    explain: (said, cause) => scriptFailed(step, said, place, cause),
  });
}

function scriptFailed(step: Step, said: readonly string[], place: FilePlace, cause?: unknown): PgroveError {
  const message = [...said, `${describeMigration(step)} was run by psql`].join("\n");
  const advice = adviseOnWords(message);
  const mend =
    advice.length === 0 ? "mend the file, then run the same command again" : "then run the same command again";
  const hint = [...advice, mend].join("\n");
  return new PgroveError({ code: "migration_failed", message, hint, exit: EXIT.failed, cause, place });
}
