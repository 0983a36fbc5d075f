/** Sends the rows of an entity into a table: few by INSERT, many by COPY. */
import { errorField } from "../../postgres/error-field.ts";
import { quoteLiteral } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { EntityPlan, SeedPlan } from "../entity.ts";
import { compileEntity, generateRows } from "../generate/compile.ts";
import { quoteColumns, quoteTable } from "../table-sql.ts";
import { copyIn } from "./copy-stream.ts";
import { explainRowError, type RowPlace } from "./load-error.ts";

/** From this number of rows on COPY is worth its round trips. */
const COPY_FROM_ROWS = 1000;

export interface FillTools {
  abort: AbortSignal;
  /** How many rows of the entity have been made. */
  made(rows: number): void;
}

/**
 * Sends the entity's rows into its table, or into one with the same columns. Resolves with the number that the server
 * took. Throws PgroveError that names the row, field and value when the server refuses one.
 */
export async function fillTable(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  tools: FillTools,
  into = quoteTable(entity.table),
): Promise<number> {
  if (entity.rows === 0) return 0;
  if (entity.fields.length === 0) return await insertDefaults(sql, plan, entity, into);
  if (entity.rows < COPY_FROM_ROWS) return await insertRows(sql, plan, entity, into);
  const columns = quoteColumns(entity.fields.map(({ column }) => column.name));
  try {
    return await copyIn(sql, `copy ${into} (${columns}) from stdin`, makePieces(plan, entity, tools));
  } catch (error) {
    throw explainRowError(error, plan, entity);
  }
}

function* makePieces(plan: SeedPlan, entity: EntityPlan, { abort, made }: FillTools): Generator<Uint8Array> {
  const { firstRow, rows } = entity;
  for (const piece of generateRows(plan, entity, firstRow, firstRow + rows, made)) {
    abort.throwIfAborted();
    yield piece;
  }
}

/** Rows of defaults alone. */
async function insertDefaults(sql: Queries, plan: SeedPlan, entity: EntityPlan, into: string): Promise<number> {
  try {
    return (await sql.unsafe(`insert into ${into} select from generate_series(1, ${entity.rows})`)).count;
  } catch (error) {
    throw explainRowError(error, plan, entity);
  }
}

async function insertRows(sql: Queries, plan: SeedPlan, entity: EntityPlan, into: string): Promise<number> {
  const { text, ends } = insertStatement(plan, entity, into);
  try {
    const { count } = await sql.unsafe(text);
    return count;
  } catch (error) {
    throw explainRowError(error, plan, entity, findValue(error, text, ends, entity));
  }
}

/** One INSERT of all rows, and where in it each value ends. */
function insertStatement(plan: SeedPlan, entity: EntityPlan, into: string): { text: string; ends: number[] } {
  const maker = compileEntity(plan, entity);
  const columns = quoteColumns(entity.fields.map(({ column }) => column.name));
  const ends: number[] = [];
  // An identity column takes a value of ours only when it is told to; for other columns the words mean nothing.
  let text = `insert into ${into} (${columns}) overriding system value values\n`;
  for (let row = 0; row < entity.rows; row++) {
    text += row === 0 ? "(" : ",\n(";
    maker.values(entity.firstRow + row).forEach((value, place) => {
      text += `${place === 0 ? "" : ", "}${value === null ? "null" : quoteLiteral(value)}`;
      ends.push(text.length);
    });
    text += ")";
  }
  return { text, ends };
}

/** The value that an error of the INSERT points at, by a position that PostgreSQL counts in characters from 1. */
function findValue(error: unknown, text: string, ends: readonly number[], entity: EntityPlan): RowPlace {
  const position = Number(errorField(error, "position"));
  if (!Number.isInteger(position) || position < 1) return {};
  const units = Array.from(text).slice(0, position).join("").length;
  const index = ends.findIndex((end) => end >= units);
  const column = entity.fields[index % entity.fields.length]?.column.name;
  if (index < 0 || column === undefined) return {};
  return { row: entity.firstRow + Math.floor(index / entity.fields.length), column };
}
