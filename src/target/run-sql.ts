/** SQL that the user brings: through psql for people, through a connection where rows are wanted as data. */
import { failure, messageOf, PgroveError } from "../errors.ts";
import { connectForAdmin, endRunSessions } from "../postgres/admin.ts";
import type { Sql, ToolOptions } from "../postgres/toolbox.ts";
import { type Operation, type OperationTools, withOperation } from "../sys/operation.ts";
import { ToolError } from "../sys/tool-error.ts";
import { entrySql, sessionOptions } from "./reach.ts";
import { readResults, type SqlResult } from "./sql-results.ts";
import type { LiveTarget, Target } from "./target.ts";

export interface SqlSource {
  /** For messages: a file's name, "the SQL". */
  name: string;
  /** `stop` ends it early: psql has gone, and whoever writes to us may not end for a long time. */
  open(stop: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface SqlSink {
  output(chunk: Uint8Array): Promise<void>;
  notice(line: string): void;
}

/** The name that psql gives its standard input in messages. */
const STDIN = "psql:<stdin>";

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
  await asOperation(live, tools, async (operation) => {
    const args = ["-X", "-v", "ON_ERROR_STOP=1", ...(format === "csv" ? ["-q", "--csv"] : []), "-f", "-"];
    const path = sessionOptions(live.target);
    const env = path === undefined ? {} : { PGOPTIONS: path };
    const options: ToolOptions = { database: live.database, input: true, env };
    const command = live.toolbox.command("psql", args, operation.run, options);
    const wrong: string[] = [];
    const stop = new AbortController();
    const line = (text: string) => {
      const said = text.replace(STDIN, source.name);
      if (wrong.length > 0 || /(ERROR|FATAL|PANIC): /.test(said)) {
        wrong.push(said);
        stop.abort(); // it reads no more
      } else if (said !== "") sink.notice(said);
    };
    try {
      const input = source.open(AbortSignal.any([stop.signal, operation.abort]));
      await tools.runner.stream(command, { input, output: sink.output, line }, operation.abort);
    } catch (error) {
      if (!(error instanceof ToolError) || error.failure.aborted || wrong.length === 0) throw error;
      throw failure("sql_failed", wrong.slice(0, 20).join("\n").trimEnd(), undefined, error);
    }
  });
}

/** Runs SQL in one transaction, as one simple query, and resolves with the rows of each statement. */
export async function querySql(live: LiveTarget, tools: OperationTools, source: SqlSource): Promise<SqlResult[]> {
  return await asOperation(live, tools, async (operation) => {
    const text = await new Response(toStream(source.open(operation.abort))).text();
    const sql = await live.toolbox.connect(live.database, operation.run, { notice: tools.note, runsUsersSql: true });
    operation.defer(() => sql.end({ timeout: 2 }));
    await enterSchema(sql, live.target);
    try {
      return readResults(await sql.unsafe(text).raw());
    } catch (error) {
      throw explainSqlError(error, text, source.name);
    }
  });
}

/** Lets a session work in the target's schema, where its login does not do so by itself. */
export async function enterSchema(sql: Sql, target: Target): Promise<void> {
  const entry = entrySql(target);
  if (entry !== "") await sql.unsafe(entry);
}

function toStream(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** The work as an operation of the journal; when it is interrupted, its sessions in the server are ended. */
async function asOperation<T>(
  live: LiveTarget,
  tools: OperationTools,
  work: (operation: Operation) => Promise<T>,
): Promise<T> {
  const { target, server, database } = live;
  const subject = { operation: "sql", target: target.label, server: server.label, database };
  return await withOperation(tools, subject, async (operation) => {
    // A session of its own only when it is needed: it would be in the way of CREATE DATABASE and the like.
    const end = () => void endSessionsOf(live, operation).catch((error: unknown) => tools.note(messageOf(error)));
    operation.abort.addEventListener("abort", end, { once: true });
    try {
      return await work(operation);
    } finally {
      operation.abort.removeEventListener("abort", end);
    }
  });
}

async function endSessionsOf(live: LiveTarget, operation: Operation): Promise<void> {
  const sql: Sql = await connectForAdmin(live.toolbox, operation.run, [live.database]);
  try {
    await endRunSessions(sql, operation.run);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

function explainSqlError(error: unknown, text: string, name: string): unknown {
  if (error instanceof PgroveError || !(error instanceof Error)) return error;
  const position = Number(Reflect.get(error, "position"));
  const line = Number.isInteger(position) && position > 0 ? text.slice(0, position - 1).split("\n").length : undefined;
  const more = ["detail", "hint"].flatMap((key) => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === "string" ? [`${key.toUpperCase()}: ${value}`] : [];
  });
  const where = line === undefined ? name : `${name}:${line}`;
  return failure("sql_failed", [`${where}: ERROR: ${error.message}`, ...more].join("\n"), undefined, error);
}
