/** SQL that the user brings: through psql for people, through a connection where rows are wanted as data. */

import { failure, messageOf, PgroveError } from "../errors.ts";
import { connectForAdmin, endRunSessions } from "../postgres/admin.ts";
import { errorField } from "../postgres/error-field.ts";
import { withOpened } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { rememberProtected } from "../resolve/guard.ts";
import { sessionOptions } from "../resolve/reach.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { withTargetSession } from "../resolve/target-session.ts";
import { type Operation, type OperationTools, withOperation } from "../sys/operation.ts";
import { openPsql, runPsql } from "./psql.ts";
import { readResults, type SqlResult } from "./sql-results.ts";

export interface SqlSource {
  /** For messages: a file's name, "the SQL". */
  name: string;
  /** Where it comes from, absolute; undefined for what stands on the command line. */
  path?: string;
  /** `stop` ends it early: psql has gone, and whoever writes to us may not end for a long time. */
  open(stop: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface SqlSink {
  output(chunk: Uint8Array): Promise<void>;
  notice(line: string): void;
}

/** The name that psql gives its standard input in messages. */
const STDIN = /^psql:<stdin>/;

/**
 * Runs SQL through psql, which stops at the first error. Everything psql reads comes by its standard input, so that
 * no value stands on a command line. Rejects with psql's own words.
 */
export async function runSql(
  live: LiveTarget,
  tools: OperationTools,
  source: SqlSource,
  format: "table" | "csv",
  sink: SqlSink,
): Promise<void> {
  await asOperation(live, tools, source, async (operation, giveUp) => {
    const stop = new AbortController();
    try {
      await runPsql(openPsql(live, tools, operation, sessionOptions(live.target)), {
        name: source.name,
        source: readSource(source, AbortSignal.any([stop.signal, operation.abort]), giveUp),
        args: format === "csv" ? ["-q", "--csv"] : [],
        output: (chunk) => sink.output(chunk).catch(giveUp),
        tell: sink.notice,
        phrase: (line) => line.replace(STDIN, source.name),
        explain: (said, cause) => failure("sql_failed", said.join("\n"), undefined, cause),
      });
    } finally {
      stop.abort(); // psql has ended, and reads no more
    }
  });
}

/** Runs SQL in one transaction, as one simple query, and resolves with the rows of each statement. */
export async function querySql(live: LiveTarget, tools: OperationTools, source: SqlSource): Promise<SqlResult[]> {
  return await asOperation(live, tools, source, async (operation, giveUp) => {
    const text = await readText(readSource(source, operation.abort, giveUp));
    const query = async (sql: Sql) => {
      operation.abort.throwIfAborted();
      try {
        return readResults(await sql.unsafe(text).raw());
      } catch (error) {
        throw explainSqlError(error, text, source.name);
      }
    };
    return await withTargetSession(live, operation.run, query, { notice: tools.note, runsUsersSql: true });
  });
}

type GiveUp = (error: unknown) => never;

/** The source's bytes. Throws when it cannot be read to its end, and when it is stopped before. */
async function* readSource({ name, open }: SqlSource, stop: AbortSignal, giveUp: GiveUp): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of open(stop)) {
      stop.throwIfAborted();
      yield piece;
    }
    stop.throwIfAborted();
  } catch (error) {
    if (stop.aborted) throw error;
    const what = `${name} could not be read to its end, and what was begun there was not run: ${messageOf(error)}`;
    giveUp(failure("input_failed", what, undefined, error));
  }
}

async function readText(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return new TextDecoder().decode(Buffer.concat(all));
}

/**
 * The work as an operation of the journal. When it is interrupted, or gives up with an error, its sessions in the server
 * are ended until it has ended, too: psql may be at something that takes long.
 */
async function asOperation<T>(
  live: LiveTarget,
  tools: OperationTools,
  { path }: SqlSource,
  work: (operation: Operation, giveUp: GiveUp) => Promise<T>,
): Promise<T> {
  if (path !== undefined) await tools.mayRun?.([path]);
  const { target, server, database } = live;
  const subject = { operation: "sql", target: target.label, server: server.label, database };
  return await withOperation(tools, subject, async (operation) => {
    await rememberVisited(live, tools, operation);
    let settled = false;
    let ending: Promise<void> | undefined;
    const end = () => {
      ending ??= endSessionsUntil(live, operation, () => settled).catch((error: unknown) =>
        tools.note(messageOf(error)),
      );
    };
    operation.abort.addEventListener("abort", end, { once: true });
    try {
      return await work(operation, (error) => {
        end();
        throw error;
      });
    } finally {
      settled = true;
      operation.abort.removeEventListener("abort", end);
      await ending;
    }
  });
}

/** By a session of its own, since psql's tells nothing; none for what is not protected. What keeps it out, psql will say. */
async function rememberVisited(live: LiveTarget, { stateDir }: OperationTools, { run }: Operation): Promise<void> {
  if (!live.target.protected) return;
  await withTargetSession(live, run, (sql) => rememberProtected(sql, live, stateDir)).catch(() => undefined);
}

const POLL_MS = 150;

/** By a session of its own, opened only then: it would be in the way of CREATE DATABASE and the like. */
async function endSessionsUntil(live: LiveTarget, operation: Operation, isSettled: () => boolean): Promise<void> {
  await withOpened(
    () => connectForAdmin(live.toolbox, operation.run, [live.database]),
    async (sql) => {
      await endRunSessions(sql, operation.run);
      while (!isSettled()) {
        await Bun.sleep(POLL_MS);
        await endRunSessions(sql, operation.run);
      }
    },
  );
}

function explainSqlError(error: unknown, text: string, name: string): unknown {
  if (error instanceof PgroveError || !(error instanceof Error)) return error;
  const position = Number(errorField(error, "position"));
  const line = Number.isInteger(position) && position > 0 ? text.slice(0, position - 1).split("\n").length : undefined;
  const more = ["detail", "hint"].flatMap((key) => {
    const value = errorField(error, key);
    return value === undefined ? [] : [`${key.toUpperCase()}: ${value}`];
  });
  const where = line === undefined ? name : `${name}:${line}`;
  return failure("sql_failed", [`${where}: ERROR: ${error.message}`, ...more].join("\n"), undefined, error);
}
