/** What `status --json` and `stats --json` answer. */
import * as v from "valibot";
import { answerOf, type DocumentOf, maybeNumber, maybeText } from "./parts.ts";

const problem = v.object({ code: v.string(), message: v.string(), hint: maybeText });

export const statusAnswer = answerOf({
  target: v.string(),
  server: v.looseObject({ version: maybeText, uptime_ms: maybeNumber }),
  database: v.object({
    name: maybeText,
    schema: maybeText,
    user: maybeText,
    url_redacted: maybeText,
    size_bytes: maybeNumber,
    tables: maybeNumber,
    connections: maybeNumber,
    max_connections: maybeNumber,
    migration: maybeText,
  }),
  last_dump: v.nullable(
    v.object({ name: v.string(), path: v.string(), size_bytes: v.number(), created_at: v.string() }),
  ),
  error: v.pipe(v.nullable(problem), v.description("why the server could not be asked")),
});

export type StatusDocument = DocumentOf<typeof statusAnswer>;

const table = v.object({
  schema: v.string(),
  name: v.string(),
  rows: v.pipe(maybeNumber, v.description("null when the table was never analyzed")),
  exact: v.boolean(),
  size_bytes: v.number(),
  index_bytes: v.number(),
  dead_rows: v.number(),
  last_vacuum: maybeText,
  last_analyze: maybeText,
});

const sequence = v.object({
  schema: v.string(),
  name: v.string(),
  column: maybeText,
  last_value: v.pipe(maybeText, v.description("text: beyond 2^53 a JSON number would lie")),
  max_value: v.string(),
  used: v.number(),
});

export const statsAnswer = answerOf({
  target: v.string(),
  database: v.string(),
  tables: v.array(table),
  sequences: v.array(sequence),
});

export type StatsDocument = Omit<DocumentOf<typeof statsAnswer>, "target">;
