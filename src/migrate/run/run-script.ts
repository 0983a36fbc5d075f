/** Runs one migration through a session: as one transaction with its ledger rows, or piece by piece where it must be. */
import { refusal } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { withOpened } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import { wordsOfKey } from "../../sql/nodes.ts";
import type { ScriptShape } from "../../sql/script-shape.ts";
import type { LedgerPlace } from "../ledger/ledger-place.ts";
import { markDoubt, type RunFacts, recordDoubt, recordFailure, recordStep } from "../ledger/ledger-sql.ts";
import { describeMigration, type Step } from "../migration.ts";
import { adviseOn } from "./advice.ts";
import { retryPassing } from "./retry.ts";
import {
  canRunAgain,
  commitsOnItsWay,
  findInvalidIndexes,
  groupIntoUnits,
  isConcurrent,
  type Unit,
} from "./run-units.ts";
import { isServerError, leavesSession, shortServerError } from "./server-error.ts";
import type { SentScript } from "./sql-error.ts";

/** The session that scripts run in, and all that goes with it. */
export interface StepSession {
  sql: Sql;
  /** A session of its own for the ledger, where scripts run outside of a transaction and may do anything to theirs. */
  openBooks(): Promise<Sql>;
  place: LedgerPlace;
  facts: RunFacts;
  /** For each statement; 0: for ever. */
  lockTimeoutMs: number;
  statementTimeoutMs: number;
  /** SQL that brings the session into the target's schema; empty where its login does. */
  enterSchema: string;
  abort: AbortSignal;
  note(text: string): void;
  /** Who keeps the session waiting, as far as it is known. */
  blockers(): string | undefined;
  /**
   * Whether a commit may return before the disk has it, since another one follows that may not: whatever that one finds on
   * the disk, everything before it is there, too. After a crash of the server ledger and schema agree all the same.
   */
  commitsLater: boolean;
  /** Called inside each transaction before its commit. */
  beforeCommit?(sql: Sql, step: Step): Promise<void>;
  /** The first pause before a statement is tried again. */
  retryPauseMs?: number;
}

/** Words that may change what the session is: a role, a search_path, a timeout. UPDATE … SET costs a few words more. */
const CHANGES_SESSION = /\b(?:set|set_config|reset|discard)\b/i;

/**
 * Runs the script, its ledger rows and the commit as one simple query: one round trip. When PostgreSQL refuses any part
 * of it, nothing of it has happened. Tried again when a lock was not to be had.
 */
export async function runInTransaction(session: StepSession, step: Step, shape: ScriptShape): Promise<void> {
  const later = session.commitsLater ? "set local synchronous_commit=off;" : "";
  const opening = `begin;${later}${timeouts(session, "set local")}\n`;
  const script = `${opening}${shape.sql}`;
  const books = `${CHANGES_SESSION.test(shape.sql) ? restoration(session) : ""}${recordStep(session.place, step, session.facts)}`;
  const closing = `${books};commit`;
  const { sql, beforeCommit } = session;
  let started = 0;
  let isAlone = false; // the books are sent by themselves, and their places are no longer the script's
  const attempt = async () => {
    started = performance.now();
    isAlone = false;
    try {
      // The line break ends a comment that the script may end with, the semicolon a statement.
      if (beforeCommit === undefined) await sql.unsafe(`${script}\n;\n${closing}`);
      else {
        await sql.unsafe(`${script}\n;`);
        await beforeCommit(sql, step);
        isAlone = true;
        await sql.unsafe(closing);
      }
    } catch (error) {
      if (leavesSession(error, session.abort)) await sql.unsafe("rollback");
      throw error;
    }
  };
  try {
    await retryPassing(attempt, retryOptions(session, describeMigration(step)));
  } catch (error) {
    const sent = { step, text: script, offset: opening.length, begins: 0, end: script.length };
    const durationMs = performance.now() - started;
    throw await failedInTransaction(session, shape, { sent, books, isAlone, error, durationMs });
  }
}

interface FailedTransaction {
  sent: SentScript;
  /** What came behind the script. */
  books: string;
  /** It failed after that was sent by itself. */
  isAlone: boolean;
  error: unknown;
  durationMs: number;
}

async function failedInTransaction(
  session: StepSession,
  shape: ScriptShape,
  { sent, books, isAlone, error, durationMs }: FailedTransaction,
): Promise<unknown> {
  const { sql, place, facts, abort } = session;
  const { step } = sent;
  const [{ asOfScriptAlone, explainScriptError, liesBehind }, { locateFailure }] = await Promise.all([
    import("./sql-error.ts"),
    import("./locate-failure.ts"),
  ]);
  const after = `nothing of it was done: ${describeMigration(step)} was rolled back`;
  if (!leavesSession(error, abort)) return isExplained(error) ? explainScriptError(error, sent, after, AGAIN) : error;
  const settings = timeouts(session, "set local");
  const tables = namesOfLedger(place);
  const failed = { sql, shape, error, durationMs, settings, books, tables, abort };
  const isOfBooks = isAlone || liesBehind(error, sent);
  const part = isOfBooks ? "books" : await locateFailure(failed).catch(() => undefined);
  if (part === "books") {
    const { bookkeepingFailed } = await import("../ledger/ledger-error.ts");
    return bookkeepingFailed(error, place, describeMigration(step));
  }
  const own = await asOfScriptAlone(error, sent);
  await sql.unsafe(recordFailure(place, step, shortServerError(own), facts)).catch(() => undefined); // a courtesy, like the place
  const located = part === undefined ? sent : { ...sent, statement: part };
  return explainScriptError(own, located, after, isExplained(own) ? AGAIN : `mend the file, ${AGAIN}`);
}

const AGAIN = "then run the same command again";

/** Whether the error comes with an advice that is more than to look at the file. */
function isExplained(error: unknown): boolean {
  return isServerError(error) && adviseOn(error).length > 0;
}

/**
 * Runs the script outside of a transaction, or in those that it makes itself: unit by unit, each noted in the ledger
 * before it begins, so that whatever happens the ledger says how far it came. Begins at the step's `fromStatement`.
 */
export async function runByStatements(session: StepSession, step: Step, shape: ScriptShape): Promise<void> {
  const started = performance.now();
  const units = groupIntoUnits(await shape.statements()).filter(({ last }) => last >= step.fromStatement);
  const { sql, place, facts } = session;
  await withOpened(session.openBooks, async (books) => {
    for (const unit of units) {
      session.abort.throwIfAborted();
      await books.unsafe(markDoubt(place, step, unit.first, facts));
      // The COMMIT AND CHAIN that has begun its transaction was in an earlier run.
      if (unit.chained && unit === units[0]) await sql.unsafe("begin");
      await runUnit(session, books, step, unit);
    }
    await sql.unsafe(restoration(session));
    await books.unsafe(recordStep(place, step, facts, performance.now() - started));
  });
}

async function runUnit(session: StepSession, books: Sql, step: Step, unit: Unit): Promise<void> {
  const { sql, place, facts } = session;
  let current = unit.statements[0];
  const attempt = async () => {
    // CONCURRENTLY waits for others without being in anybody's way; ended half-way it would leave an invalid index.
    const waiting = isConcurrent(unit) ? { ...session, lockTimeoutMs: 0 } : session;
    await sql.unsafe(timeouts(waiting, "set"));
    for (const statement of unit.statements) {
      current = statement;
      await sql.unsafe(statement.sql);
    }
  };
  try {
    await retryPassing(
      async () => {
        try {
          await attempt();
        } catch (error) {
          const isBegun = unit.statements.length > 1 || unit.chained;
          if (isBegun && leavesSession(error, session.abort)) await sql.unsafe("rollback");
          throw error;
        }
      },
      { ...retryOptions(session, describeMigration(step)), ...(canRunAgain(unit) ? {} : { tries: 1 }) },
    );
  } catch (error) {
    if (!leavesSession(error, session.abort) || current === undefined) throw error;
    const { explainScriptError } = await import("./sql-error.ts");
    const failure = { statement: unit.first, error: shortServerError(error) };
    await books.unsafe(recordDoubt(place, step, failure, facts));
    const { sql: text, start: begins } = current;
    const sent = { step, text, offset: 0, begins, end: text.length, statement: begins };
    const way = [...(await wayOn(books, unit)), ...wayAround(error, text), goOn(step, unit)].join("\n");
    throw explainScriptError(error, sent, describeDoubt(step, unit), way);
  }
}

function describeDoubt(step: Step, unit: Unit): string {
  const { first } = unit;
  const done = first === 1 ? "nothing of it was done before" : `what stands before statement ${first} was done`;
  const inPart = commitsOnItsWay(unit) ? `, and of statement ${first} what it has committed on its way` : "";
  return `${describeMigration(step)} runs outside a transaction and is in doubt now: ${done}${inPart}`;
}

async function wayOn(books: Sql, unit: Unit): Promise<string[]> {
  const invalid = await findInvalidIndexes(books, unit).catch(() => []); // a courtesy, on a server that just failed
  return invalid.map((index) => `DROP INDEX CONCURRENTLY ${index};    it is invalid, and in the way`);
}

/** duplicate_table (an index is one as well), duplicate_object, _column, _schema, _function. */
const IS_THERE = new Set(["42P07", "42710", "42701", "42P06", "42723"]);
/** undefined_table, undefined_object, undefined_column, invalid_schema_name, undefined_function. */
const IS_GONE = new Set(["42P01", "42704", "42703", "3F000", "42883"]);

/** A statement that the server has finished after the run was killed cannot be told from one that it has not begun. */
function wayAround(error: unknown, statement: string): string[] {
  const code = codeOf(error) ?? "";
  const drops = /\bdrop\b/i.test(statement);
  if (!drops && IS_THERE.has(code)) return ["if a run that was killed has made it: write IF NOT EXISTS, or drop it"];
  return drops && IS_GONE.has(code) ? ["if a run that was killed has dropped it: write IF EXISTS"] : [];
}

function goOn({ direction, digits }: Step, unit: Unit): string {
  const { first } = unit;
  if (!commitsOnItsWay(unit))
    return `pgrove migrate ${direction}    goes on at statement ${first}, once the cause is gone`;
  return [
    `pgrove migrate ${direction}    runs statement ${first} again from its start, once the cause is gone: what it has committed is not undone`,
    `pgrove migrate force ${digits}    once the rest was done by hand`,
  ].join("\n");
}

function retryOptions(session: StepSession, what: string) {
  const { abort, note, blockers, retryPauseMs } = session;
  return { abort, note, blockers, what, ...(retryPauseMs === undefined ? {} : { firstPauseMs: retryPauseMs }) };
}

type Timeouts = Pick<StepSession, "lockTimeoutMs" | "statementTimeoutMs">;

/** The SQL that sets how long a statement may wait, and run. */
export function timeouts({ lockTimeoutMs, statementTimeoutMs }: Timeouts, set: "set" | "set local"): string {
  return `${set} lock_timeout=${lockTimeoutMs};${set} statement_timeout=${statementTimeoutMs};`;
}

/** Takes back what a script did to its session, before the ledger is written and the next script comes. */
export function restoration({ enterSchema }: StepSession): string {
  return `reset session authorization;reset role;reset all;${enterSchema}`;
}

/** The ledger's tables by their own names, as PostgreSQL's errors have them. */
function namesOfLedger({ table, history, companion }: LedgerPlace): string[] {
  return [...[table, history].map((name) => wordsOfKey(name).at(-1) ?? name), companion.tableName];
}

/** Whether a script in doubt is run in parts, so that it can be gone on with at one of them; or as one that leaves nothing. */
export function canGoOn({ fromStatement }: Step, { runner, transaction }: ScriptShape): boolean {
  return transaction === "ours" ? fromStatement === 1 : runner === "sql";
}

/** Whether what is gone on with begins with a statement that may have been committed in part. */
export async function repeatsCommitted({ again, fromStatement }: Step, shape: ScriptShape): Promise<boolean> {
  if (again !== true || shape.transaction === "ours") return false;
  const unit = groupIntoUnits(await shape.statements()).find(({ last }) => last >= fromStatement);
  return unit !== undefined && commitsOnItsWay(unit);
}

/** The refusal (exit 5) to begin in the middle of what is run as a whole. */
export function cannotContinue(step: Step) {
  return refusal(
    "cannot_continue",
    `${describeMigration(step)} stopped at statement ${step.fromStatement}, and ${step.script.file} cannot be run from there`,
    `see how far it came; pgrove migrate force ${step.digits}    once it is done, or force to the one before once nothing of it is`,
  );
}
