/** What planning asks the database for: rows that are there already, to be referenced or to be numbered after. */
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { type TableShape, tableKey } from "../entity.ts";
import { quoteTable } from "../table-sql.ts";

/** More rows than these are not referenced: they would have to be kept in memory. */
const MOST_KEYS = 100_000;

export interface ExistingRows {
  hasRows(table: TableShape): Promise<boolean>;
  /** The columns' values as texts, each column's at its place: the same index is the same row. In the columns' order. */
  readKeys(table: TableShape, columns: readonly string[]): Promise<readonly (readonly string[])[]>;
  /** Whether a row's column has the value of the expression. */
  holds(table: TableShape, column: string, expression: string): Promise<boolean>;
  /** The highest value of a column of whole numbers; undefined where there are no rows. */
  readHighest(table: TableShape, column: string): Promise<bigint | undefined>;
}

/** The same as it was when it was first asked, whatever has been loaded since. */
export function rememberRows(existing: ExistingRows): ExistingRows {
  const once = <T>() => {
    const known = new Map<string, Promise<T>>();
    return (table: TableShape, words: readonly string[], ask: () => Promise<T>): Promise<T> => {
      const key = JSON.stringify([tableKey(table), ...words]);
      const answer = known.get(key) ?? ask();
      known.set(key, answer);
      return answer;
    };
  };
  const [found, held] = [once<boolean>(), once<boolean>()];
  const keys = once<readonly (readonly string[])[]>();
  const highest = once<bigint | undefined>();
  return {
    hasRows: (table) => found(table, [], () => existing.hasRows(table)),
    readKeys: (table, columns) => keys(table, columns, () => existing.readKeys(table, columns)),
    holds: (table, column, value) => held(table, [column, value], () => existing.holds(table, column, value)),
    readHighest: (table, column) => highest(table, [column], () => existing.readHighest(table, column)),
  };
}

/** The rows of the connected database. */
export function readExistingRows(sql: Queries): ExistingRows {
  return {
    async hasRows(table) {
      const [row] = await sql.unsafe<{ found: boolean }[]>(`select exists (select from ${quoteTable(table)}) as found`);
      return row?.found === true;
    },
    async readKeys(table, columns) {
      // By the column itself and not by its text, whose order hangs on the database's collation.
      const names = columns.map((name) => `t.${quoteIdentifier(name)}`);
      const present = names.map((name) => `${name} is not null`).join(" and ");
      const rows = await sql
        .unsafe<string[][]>(
          `select ${names.map((name) => `${name}::text`).join(", ")} from ${quoteTable(table)} t
            where ${present} order by ${names.join(", ")} limit ${MOST_KEYS}`,
        )
        .values();
      return columns.map((_, place) => rows.map((row) => String(row[place])));
    },
    async holds(table, column, expression) {
      const [row] = await sql.unsafe<{ found: boolean }[]>(
        `select exists (select from ${quoteTable(table)} where ${quoteIdentifier(column)} = (${expression})) as found`,
      );
      return row?.found === true;
    },
    async readHighest(table, column) {
      const [row] = await sql.unsafe<{ highest: string | null }[]>(
        `select max(${quoteIdentifier(column)})::text as highest from ${quoteTable(table)}`,
      );
      const highest = row?.highest ?? undefined;
      return highest === undefined ? undefined : BigInt(highest);
    },
  };
}
